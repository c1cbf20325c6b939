#pragma once

/// \file jobs/source/rows_by_content.h
/// Rows of a table without a key: an event takes one of the rows away that equal its old row, and adds its
/// new one. Which of several equal rows it is makes no difference.

#include <unordered_map>

#include "jobs/source/dropped_events.h"
#include "jobs/source/event_reader.h"
#include "jobs/source/open_batch.h"
#include "jobs/source/verdict.h"

namespace cdc::source {

/// Not thread-safe. Errors: kUnsupported where the table must be held, and those of Table's lookups.
class RowsByContent {
 public:
  RowsByContent(OpenBatch& batch, EventReader& reader, KeyMoves& moves, DroppedEvents& dropped)
      : batch_(batch), reader_(reader), moves_(moves), dropped_(dropped) {}

  /// An event with a row. \param row of the batch, just decoded \param gaps cells of it are not there
  /// \return nothing: a snapshot begins, which has emptied the batch: the row must be decoded once more
  Result<std::optional<Verdict>> Take(const kafka::Message& message, const event::Envelope& envelope,
                                      uint32_t row, bool gaps);
  Result<Verdict> TakeDelete(const kafka::Message& message, const event::Envelope& envelope);
  /// A record from before the run's first one tells whether a snapshot was going on.
  void NoteSnapshot(int32_t partition, const event::Envelope& envelope);
  /// What is known of the table's rows is out of date: a new batch, or none are left.
  void ForgetCounts() { counts_.clear(); }

  int64_t byte_size() const { return static_cast<int64_t>(counts_.size() * 48); }

 private:
  Result<std::optional<Verdict>> Remove(const kafka::Message& message, const event::Envelope& envelope);
  Status CheckRemoval(const kafka::Message& message, const event::Envelope& envelope) const;
  Result<uint32_t*> CountOf(const Hash128& content);
  Status BeginSnapshot(const kafka::Message& message, const event::Envelope& envelope);

  OpenBatch& batch_;
  EventReader& reader_;
  KeyMoves& moves_;
  DroppedEvents& dropped_;
  std::unordered_map<Hash128, uint32_t> counts_;   // content → rows, with this batch; as far as asked for
  std::unordered_map<int32_t, bool> in_snapshot_;  // partition → its last row is of a snapshot that goes on
};

}  // namespace cdc::source
