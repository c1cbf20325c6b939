#pragma once

/// \file jobs/source/incomplete_rows.h
/// Rows of the batch that lack cells until it is closed, with the events that they came from.

#include <unordered_map>

#include "jobs/source/dead_letters.h"
#include "jobs/source/event_reader.h"
#include "jobs/source/open_batch.h"
#include "jobs/source/refused_events.h"

namespace cdc::source {

/// Not thread-safe.
class IncompleteRows {
 public:
  IncompleteRows(OpenBatch& batch, EventReader& reader, RefusedEvents& refused)
      : batch_(batch), reader_(reader), refused_(refused) {}

  /// `row` of the batch came from `message`, and the fold says where its gaps are.
  void Keep(const kafka::Message& message, uint32_t row);
  /// The gaps of `row` could not be filled: its event is a dead letter, and so are those that were to be
  /// completed from it. \return kUnsupported: on_error = "stop"; errors of DeadLetters::Add
  Status Abandon(uint32_t row);
  void Clear();

  int64_t byte_size() const { return bytes_; }

 private:
  struct Kept {
    Letter letter;
    Hash128 origin;  // key of the table's row that its gaps are in
  };
  std::string ReasonFor(uint32_t row) const;
  std::vector<const Letter*> LostWith(uint32_t row) const;

  OpenBatch& batch_;
  EventReader& reader_;
  RefusedEvents& refused_;
  std::unordered_map<uint32_t, Kept> kept_;  // by row
  int64_t bytes_ = 0;
};

}  // namespace cdc::source
