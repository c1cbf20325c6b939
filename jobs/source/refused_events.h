#pragma once

/// \file jobs/source/refused_events.h
/// What becomes of events that cannot be applied: a dead letter each, or the table is held.

#include <string>
#include <utility>
#include <vector>

#include "jobs/source/dead_letters.h"
#include "jobs/source/letter_streak.h"
#include "jobs/source/open_batch.h"
#include "lib/kafka/message.h"

namespace cdc::source {

/// In the index folder: see letter_streak.h.
inline constexpr const char* kStreakFile = "dead-letter-streak";

/// Letters of a streak are not sent before the commit that passes them: where the table is held instead,
/// their changes are read again. Not thread-safe.
class RefusedEvents {
 public:
  /// \param letters outlives this
  RefusedEvents(const OpenBatch& batch, DeadLetters& letters);

  // Around each message.
  void BeginMessage() { is_change_ = false; }
  /// It is a change of this table, or nobody knows.
  void NoteChange() { is_change_ = true; }
  /// It was taken.
  void EndMessage() { change_count_ += is_change_ ? 1 : 0; }

  /// \param reason goes into the letter \return kUnsupported: the table must be held, by `on_error = "stop"`
  /// or because all changes are refused for one reason; errors of DeadLetters::Add
  Status Refuse(const kafka::Message& message, const std::string& reason);
  /// Of events that were taken, and whose rows could not be completed when the batch was closed. \return as
  /// DeadLetters::Add.
  Status RefuseLate(const std::vector<const Letter*>& letters, const std::string& reason);

  /// Before a commit: all letters are acknowledged, and the streak is on disk. \return as DeadLetters::Add.
  Status Settle();

 private:
  Status SendWaiting();
  Error TooManyInARow(const kafka::Message& message, const std::string& reason) const;

  const OpenBatch& batch_;
  DeadLetters& letters_;
  LetterStreak streak_;
  std::vector<std::pair<Letter, std::string>> waiting_;  // letters of the streak with their reasons
  size_t waiting_bytes_ = 0;
  bool is_change_ = false;    // the message that is being taken
  int64_t change_count_ = 0;  // of that kind, in this run
};

}  // namespace cdc::source
