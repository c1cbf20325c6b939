#include "orchestrator/letter_desk.h"

#include <pthread.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <set>
#include <tuple>

#include "lib/contract/names.h"
#include "lib/core/printable.h"
#include "lib/kafka/consumer.h"
#include "lib/kafka/properties.h"

namespace cdc::orchestrator {
namespace {

using std::chrono::seconds;

constexpr size_t kMostWaiting = 8;
constexpr seconds kPatience(5);            ///< with an answer of Kafka
constexpr size_t kLongestShown = 8 << 10;  ///< bytes of a key or value
constexpr int64_t kQueuedBytes = 8 << 20;

template <typename T>
T NumberOf(std::string_view text, T otherwise) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

std::optional<std::string> Shown(std::optional<std::string_view> bytes, bool* cut) {
  if (!bytes) return std::nullopt;
  *cut = *cut || bytes->size() > kLongestShown;
  return Printable(bytes->substr(0, kLongestShown));
}

/// A letter without our headers is somebody else's: it is shown with its own place.
Letter LetterOf(const kafka::Message& m) {
  Letter letter{.topic = std::string(m.header(contract::kDlqTopic).value_or(m.topic())),
                .partition = NumberOf<int32_t>(m.header(contract::kDlqPartition).value_or(""), m.partition()),
                .offset = NumberOf<int64_t>(m.header(contract::kDlqOffset).value_or(""), m.offset()),
                .written_ms = m.timestamp_ms(),
                .reason = Printable(m.header(contract::kDlqReason).value_or("no reason given"))};
  letter.key = Shown(m.key(), &letter.cut);
  letter.value = Shown(m.value(), &letter.cut);
  return letter;
}

/// The partitions of the table's dead-letter topics.
Result<std::vector<kafka::TopicPartition>> PartitionsOf(const config::Config& config,
                                                        const std::string& table, kafka::Consumer& consumer) {
  CDC_ASSIGN(const config::Table settings, config.FindTable(table));
  std::vector<kafka::TopicPartition> partitions;
  for (const std::string& topic : settings.topics) {
    const auto info = consumer.DescribeTopic(settings.dead_letter_topic(topic), kPatience);
    if (!info && info.error().kind == ErrorKind::kNotFound) continue;
    if (!info) return info.error();
    for (int32_t p = 0; p < info->partitions; ++p) partitions.push_back({info->name, p});
  }
  return partitions;
}

/// Newest first, each once.
Letters InOrder(std::vector<Letter> read, size_t limit, bool complete) {
  std::stable_sort(read.begin(), read.end(),
                   [](const Letter& a, const Letter& b) { return a.written_ms > b.written_ms; });
  Letters letters{.complete = complete};
  std::set<std::tuple<std::string, int32_t, int64_t>> seen;
  for (Letter& letter : read) {
    if (!seen.emplace(letter.topic, letter.partition, letter.offset).second) continue;
    if (letters.letters.size() == limit) {
      letters.complete = false;
      break;
    }
    letters.letters.push_back(std::move(letter));
  }
  return letters;
}

}  // namespace

Result<Letters> ReadLetters(const config::Config& config, const std::string& table, int limit) {
  kafka::ConsumerOptions options{.bootstrap_servers = config.kafka.bootstrap_servers,
                                 .properties = kafka::PropertiesOf(config.kafka.properties),
                                 .queued_bytes = kQueuedBytes};
  CDC_ASSIGN(auto consumer, kafka::Consumer::Make(std::move(options)));
  CDC_ASSIGN(const auto partitions, PartitionsOf(config, table, *consumer));
  if (partitions.empty()) return Letters();
  CDC_ASSIGN(const auto marks, consumer->Watermarks(partitions, kPatience));
  bool complete = marks.size() == partitions.size();
  std::vector<kafka::TopicPartitionOffset> starts;
  for (const kafka::Watermark& m : marks) {
    const int64_t start = std::max(m.low, m.end - limit);
    complete = complete && start == m.low;
    if (m.end > m.low) starts.push_back({m.topic, m.partition, start});
  }
  std::vector<Letter> read;
  if (starts.empty()) return Letters{.letters = {}, .complete = complete};
  CDC_TRY(consumer->Assign(starts));
  const auto reached = [&](const kafka::Watermark& m) {
    return m.end <= m.low || consumer->Position(m.topic, m.partition).value_or(-1) >= m.end;
  };
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  kafka::MessageBatch batch;
  while (!std::all_of(marks.begin(), marks.end(), reached)) {
    CDC_TRY(consumer->Poll(std::chrono::milliseconds(200), 1'000, &batch));
    for (const kafka::Message& m : batch) read.push_back(LetterOf(m));
    if (!batch.problems().empty()) return batch.problems().front().error;
    if (std::chrono::steady_clock::now() < deadline) continue;
    complete = false;
    break;
  }
  return InOrder(std::move(read), static_cast<size_t>(limit), complete);
}

LetterDesk::~LetterDesk() {
  {
    std::lock_guard guard(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LetterDesk::Configure(std::shared_ptr<const config::Config> config) {
  std::lock_guard guard(mutex_);
  config_ = std::move(config);
}

void LetterDesk::Ask(const std::string& table, int limit, Done done) {
  {
    std::lock_guard guard(mutex_);
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back({table, limit, std::move(done)});
      done = nullptr;
      if (!thread_.joinable()) {
        // Signals are for the thread that runs the scheduler.
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        thread_ = std::thread([this] { Work(); });
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
      }
    }
  }
  changed_.notify_all();
  if (done) done(Error{ErrorKind::kTransient, "too many ask for dead letters", "try again in some seconds"});
}

void LetterDesk::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
    if (ended_) return;
    const Question question = std::move(waiting_.front());
    waiting_.pop_front();
    const auto config = config_;
    lock.unlock();
    question.done(ReadLetters(*config, question.table, question.limit));
    lock.lock();
  }
}

}  // namespace cdc::orchestrator
