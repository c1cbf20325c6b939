/// \file jobs/source/intake_letters.cc
/// Intake: what becomes of messages that are not applied, bad ones and those of other tables.

#include <fmt/format.h>

#include "jobs/source/intake.h"

namespace cdc::source {
namespace {

/// Of letters that wait for what becomes of their streak.
constexpr size_t kMostWaiting = 1 << 20;

}  // namespace

Result<Intake::Verdict> Intake::Take(const kafka::Message& message, std::span<const kafka::Message> ahead,
                                     int32_t partitions) {
  is_change_ = false;
  CDC_ASSIGN(const Verdict verdict, TakeOne(message, ahead, partitions));
  if (verdict == Verdict::kTaken && is_change_) ++change_count_;
  return verdict;
}

/// Letters of a streak are not sent before the commit that passes them: where the table is held instead,
/// their changes are read again.
Status Intake::Bad(const kafka::Message& message, const std::string& reason) {
  is_change_ = true;
  if (IsLate(reason) && !replaying_) {
    // Late by rule, not by a fault that somebody must solve.
    log_.Warn("dead letter partition={} offset={} reason={}", message.partition(), message.offset(), reason);
    return letters_.Add(LetterOf(message), reason);
  }
  if (settings_.stop_on_bad) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("bad message at {}[{}]@{}: {}", message.topic(), message.partition(),
                             message.offset(), reason),
                 "fix the source, or set on_error = \"dlq\" to put such messages aside"};
  }
  if (replaying_) return letters_.Add(LetterOf(message), reason);
  log_.Warn("dead letter partition={} offset={} reason={}", message.partition(), message.offset(), reason);
  if (streak_.Note(change_count_ + 1, message.partition(), message.offset(), reason)) {
    waiting_.clear();
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("the last {} changes, up to {}[{}]@{}, would all become dead letters for one reason: {}",
                    LetterStreak::kTooMany, message.topic(), message.partition(), message.offset(), reason),
        fmt::format("solve it at the source or in tables.toml (the column's type under "
                    "[tables.\"{0}\".columns], key, "
                    "topic), then `cdc trigger {0}`; where a column's type changed at the source, `cdc reset "
                    "{0} --yes` "
                    "builds the table anew; `cdc adopt {0} --yes` goes on from the topic's end without them",
                    settings_.table)};
  }
  if (streak_.count() == 1) CDC_TRY(SendLetters());  // those of the streak before, which has ended
  waiting_.emplace_back(LetterOf(message), reason);
  waiting_bytes_ += message.value() ? message.value()->size() : 0;
  return waiting_bytes_ < kMostWaiting ? Status{} : SendLetters();
}

void Intake::BeginReplay() {
  replaying_ = true;
  changes_ = KeyChanges({});
}

Status Intake::SendLetters() {
  for (const auto& [letter, reason] : waiting_) CDC_TRY(letters_.Add(letter, reason));
  waiting_.clear();
  waiting_bytes_ = 0;
  return {};
}

Status Intake::SaveStreak() { return streak_.Save(change_count_); }

Status Intake::JudgeLeftAlone() const {
  return left_alone_.Judge(own_, table_.shape().schema != nullptr, settings_.table, settings_.topic);
}

/// Of a partition or shard that is routed into the topic: which of the table's rows were in it, nothing says.
Status Intake::CheckTruncated(const kafka::Message& message, const event::Envelope& envelope) const {
  if (!settings_.takes_all) return {};
  const auto source = event::ParseSource(envelope.source);
  if (!source || source->table.empty() || source->table == settings_.bare_name ||
      source->table == settings_.source_table) {
    return {};
  }
  return Error{ErrorKind::kUnsupported,
               fmt::format("TRUNCATE of {}.{} at {}[{}]@{}: nothing says which rows of {} came from it",
                           source->schema, source->table, message.topic(), message.partition(),
                           message.offset(), settings_.table),
               fmt::format("`cdc reset {0} --yes` rebuilds the table, with a new Debezium snapshot; `cdc "
                           "adopt {0} --yes` goes on from the "
                           "topic's end",
                           settings_.table)};
}

}  // namespace cdc::source
