#include "jobs/source/refused_events.h"

#include <fmt/format.h>

#include "jobs/source/event_clock.h"

namespace cdc::source {
namespace {

/// Bytes of letters that wait for what becomes of their streak.
constexpr size_t kMostWaiting = 1 << 20;

}  // namespace

RefusedEvents::RefusedEvents(const OpenBatch& batch, DeadLetters& letters)
    : batch_(batch),
      letters_(letters),
      streak_(LetterStreak::Load(batch.settings.index_folder / kStreakFile)) {}

Status RefusedEvents::Refuse(const kafka::Message& message, const std::string& reason) {
  is_change_ = true;
  if (IsLate(reason) && !batch_.replaying) {
    // Late by rule, not by a fault that somebody must solve.
    batch_.log.Warn("dead letter partition={} offset={} reason={}", message.partition(), message.offset(),
                    reason);
    return letters_.Add(LetterOf(message), reason);
  }
  if (batch_.settings.stop_on_bad) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("bad message at {}[{}]@{}: {}", message.topic(), message.partition(),
                             message.offset(), reason),
                 "fix the source, or set on_error = \"dlq\" to put such messages aside"};
  }
  if (batch_.replaying) return letters_.Add(LetterOf(message), reason);
  batch_.log.Warn("dead letter partition={} offset={} reason={}", message.partition(), message.offset(),
                  reason);
  if (streak_.Note(change_count_ + 1, message.partition(), message.offset(), reason)) {
    waiting_.clear();
    return TooManyInARow(message, reason);
  }
  if (streak_.count() == 1) CDC_TRY(SendWaiting());  // those of the streak before, which has ended
  waiting_.emplace_back(LetterOf(message), reason);
  waiting_bytes_ += message.value() ? message.value()->size() : 0;
  return waiting_bytes_ < kMostWaiting ? Status{} : SendWaiting();
}

Error RefusedEvents::TooManyInARow(const kafka::Message& message, const std::string& reason) const {
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("the last {} changes, up to {}[{}]@{}, would all become dead letters for one reason: {}",
                  LetterStreak::kTooMany, message.topic(), message.partition(), message.offset(), reason),
      fmt::format(
          "solve it at the source or in tables.toml (the column's type under [tables.\"{0}\".columns], key, "
          "topic), then `cdc trigger {0}`; where a column's type changed at the source, `cdc reset {0} "
          "--yes` builds the table anew; `cdc adopt {0} --yes` goes on from the topic's end without them",
          batch_.settings.table)};
}

Status RefusedEvents::RefuseLate(const std::vector<const Letter*>& letters, const std::string& reason) {
  for (const Letter* letter : letters) {
    batch_.log.Warn("dead letter partition={} offset={} reason={}", letter->partition, letter->offset,
                    reason);
    CDC_TRY(letters_.Add(*letter, reason));
  }
  return {};
}

Status RefusedEvents::SendWaiting() {
  for (const auto& [letter, reason] : waiting_) CDC_TRY(letters_.Add(letter, reason));
  waiting_.clear();
  waiting_bytes_ = 0;
  return {};
}

Status RefusedEvents::Settle() {
  CDC_TRY(SendWaiting());
  CDC_TRY(letters_.Flush());
  // Letters that are replayed are no news of the topic.
  return batch_.replaying ? Status{} : streak_.Save(change_count_);
}

}  // namespace cdc::source
