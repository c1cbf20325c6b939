#include "jobs/run/replay_letters.h"

#include <charconv>
#include <limits>
#include <unordered_map>

#include "jobs/run/record_range.h"
#include "lib/contract/names.h"
#include "lib/core/clock.h"

namespace cdc::run {
namespace {

constexpr Millis kTopicTimeout{15'000};

template <typename T>
std::optional<T> NumberOf(std::optional<std::string_view> text) {
  T number{};
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number < 0) return std::nullopt;
  return number;
}

std::optional<std::string> Owned(std::optional<std::string_view> view) {
  return view ? std::optional<std::string>(*view) : std::nullopt;
}

int64_t BytesOf(const ReplayLetter& letter) {
  const auto size = [](const auto& text) { return text ? static_cast<int64_t>(text->size()) : 0; };
  return size(letter.record.key) + size(letter.record.value) + 512;
}

/// Nothing: somebody else's record.
std::optional<ReplayLetter> LetterOf(const kafka::Message& message, const std::string& topic) {
  const auto partition = NumberOf<int32_t>(message.header(contract::kDlqPartition));
  const auto offset = NumberOf<int64_t>(message.header(contract::kDlqOffset));
  if (!partition || !offset || message.header(contract::kDlqTopic) != topic) return std::nullopt;
  ReplayLetter letter;
  letter.reason = message.header(contract::kDlqReason).value_or("no reason given");
  letter.record = {
      topic, *partition, *offset, message.timestamp_ms(), Owned(message.key()), Owned(message.value()), {}};
  for (const auto& [name, value] : message.headers()) {
    if (!name.starts_with("cdc.")) letter.record.headers.emplace_back(std::string(name), Owned(value));
  }
  letter.facts.offset = *offset;
  return letter;
}

/// Keeps the first letters and their bytes within bounds.
class Window {
 public:
  Window(size_t most_letters, int64_t most_bytes) : most_letters_(most_letters), most_bytes_(most_bytes) {}

  bool Wants(const LetterPlace& place) const {
    return !window_.more || window_.letters.empty() || place < window_.letters.rbegin()->first;
  }
  void Add(const LetterPlace& place, ReplayLetter letter) {
    const int64_t bytes = BytesOf(letter);
    // The topic was read again after a crash, or it was made anew: the newest copy counts.
    if (const auto known = window_.letters.find(place); known != window_.letters.end()) {
      bytes_ += bytes - BytesOf(known->second);
      known->second = std::move(letter);
    } else {
      bytes_ += bytes;
      window_.letters.emplace(place, std::move(letter));
    }
    while (window_.letters.size() > 1 && (window_.letters.size() > most_letters_ || bytes_ > most_bytes_)) {
      const auto last = std::prev(window_.letters.end());
      bytes_ -= BytesOf(last->second);
      window_.letters.erase(last);
      window_.more = true;
    }
  }
  LetterWindow Take() { return std::move(window_); }
  LetterWindow& window() { return window_; }

 private:
  size_t most_letters_;
  int64_t most_bytes_, bytes_ = 0;
  LetterWindow window_;
};

struct KeyInPartition {
  int32_t partition;
  Hash128 key;
  friend bool operator==(const KeyInPartition&, const KeyInPartition&) = default;
};
struct HashOfKeyInPartition {
  size_t operator()(const KeyInPartition& k) const {
    return std::hash<Hash128>()(k.key) ^ static_cast<size_t>(k.partition) * 0x9E3779B97F4A7C15U;
  }
};

/// What the topic says, as far as the letters' rows are concerned.
class TopicFacts {
 public:
  TopicFacts(const Checkpoint& checkpoint, RecordKeys* keys, ReplayLetters* letters)
      : checkpoint_(checkpoint), keys_(keys), letters_(letters) {
    for (auto& [place, letter] : *letters_) {
      if (keys_ == nullptr) continue;
      TouchedRows rows = keys_->Of(kafka::Message::Of(letter.record));
      letter.facts.key_readable = rows.readable;
      for (const Hash128& key : rows.keys) last_change_.emplace(KeyInPartition{place.first, key}, -1);
      touched_.emplace(place, std::move(rows.keys));
    }
  }

  void Take(const kafka::Message& record) {
    const LetterPlace place{record.partition(), record.offset()};
    if (const auto letter = letters_->find(place); letter != letters_->end()) {
      const kafka::OwnRecord& own = letter->second.record;
      const bool same = Owned(record.key()) == own.key && Owned(record.value()) == own.value;
      letter->second.facts.place = same ? LetterFacts::Place::kSame : LetterFacts::Place::kOther;
    }
    if (keys_ == nullptr) return;
    const TouchedRows rows = keys_->Of(record);
    // What the table has left out is no change of it.
    if (checkpoint_.passed_over.Has(place.first, place.second)) return;
    if (rows.everything) truncated_[place.first] = place.second;
    if (!rows.readable) unreadable_[place.first] = place.second;
    for (const Hash128& key : rows.keys) {
      const auto known = last_change_.find({place.first, key});
      if (known != last_change_.end()) known->second = place.second;
    }
  }

  void Finish() {
    for (auto& [place, letter] : *letters_) {
      const auto later = [&, at = place](const std::map<int32_t, int64_t>& offsets) {
        const auto found = offsets.find(at.first);
        return found != offsets.end() && found->second > at.second ? std::optional(found->second)
                                                                   : std::nullopt;
      };
      letter.facts.truncated = later(truncated_);
      letter.facts.later_unreadable = later(unreadable_);
      for (const Hash128& key : touched_[place]) {
        const int64_t change = last_change_.at({place.first, key});
        if (change > place.second) letter.facts.later_change = change;
      }
    }
  }

 private:
  const Checkpoint& checkpoint_;
  RecordKeys* keys_;
  ReplayLetters* letters_;
  std::map<LetterPlace, std::vector<Hash128>> touched_;
  std::unordered_map<KeyInPartition, int64_t, HashOfKeyInPartition> last_change_;
  std::map<int32_t, int64_t> truncated_, unreadable_;  // the last of each partition
};

}  // namespace

Result<LetterWindow> ReadLetters(kafka::Consumer& consumer, const std::string& topic, const std::string& dlq,
                                 const Checkpoint& checkpoint, const LetterPlace& after, size_t most_letters, int64_t most_bytes) {
  const auto info = consumer.DescribeTopic(dlq, kTopicTimeout);
  if (!info && info.error().kind == ErrorKind::kNotFound) return LetterWindow();
  if (!info) return info.error();
  CDC_ASSIGN(const auto ranges, WholeTopic(consumer, dlq, info->partitions));
  Window window(most_letters, most_bytes);
  contract::RecordRanges already;
  CDC_TRY(ReadRanges(consumer, ranges, [&](const kafka::Message& message) -> Status {
    auto letter = LetterOf(message, topic);
    if (!letter) return {};
    const LetterPlace place{letter->record.partition, letter->record.offset};
    if (checkpoint.replayed.Has(place.first, place.second)) {
      if (!already.Has(place.first, place.second)) ++window.window().already;
      already.Add(place.first, place.second);
      return {};
    }
    if (place <= after) return {};
    if (window.Wants(place)) window.Add(place, std::move(*letter));
    return {};
  }));
  return window.Take();
}

Status LookAtTopic(kafka::Consumer& consumer, const std::string& topic, int32_t partitions,
                   const Checkpoint& checkpoint, RecordKeys* keys, ReplayLetters* letters) {
  CDC_ASSIGN(std::vector<RecordRange> ranges, WholeTopic(consumer, topic, partitions));
  const auto offsets = checkpoint.offsets.find(topic);
  for (auto& [place, letter] : *letters) {
    LetterFacts& facts = letter.facts;
    facts.append = keys == nullptr;
    facts.passed_over = checkpoint.passed_over.Has(place.first, place.second);
    for (const RecordRange& range : ranges) {
      if (range.place.partition != place.first) continue;
      facts.low = range.first;
      facts.end = range.end;
    }
    facts.next = facts.low;
    if (offsets != checkpoint.offsets.end() && offsets->second.contains(place.first))
      facts.next = offsets->second.at(place.first);
  }
  for (RecordRange& range : ranges) {
    const auto first = letters->lower_bound({range.place.partition, 0});
    const bool any = first != letters->end() && first->first.first == range.place.partition;
    // Nothing to be known of a partition without letters.
    range.first = any ? std::max(range.first, first->first.second) : range.end;
  }
  TopicFacts facts(checkpoint, keys, letters);
  CDC_TRY(ReadRanges(consumer, ranges, [&](const kafka::Message& record) -> Status {
    facts.Take(record);
    return {};
  }));
  facts.Finish();
  return {};
}

}  // namespace cdc::run
