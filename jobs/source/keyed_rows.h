#pragma once

/// \file jobs/source/keyed_rows.h
/// Rows that are told apart by a key: what each event makes of the row of its key.

#include <unordered_map>

#include "jobs/source/dropped_events.h"
#include "jobs/source/event_reader.h"
#include "jobs/source/incomplete_rows.h"
#include "jobs/source/key_moves.h"
#include "jobs/source/open_batch.h"
#include "jobs/source/present_rows.h"
#include "jobs/source/verdict.h"

namespace cdc::source {

/// Not thread-safe. Errors: kUnsupported where the table must be held, and those of Table's lookups.
class KeyedRows {
 public:
  struct Parts {
    EventReader& reader;
    PresentRows& present;
    IncompleteRows& incomplete;
    KeyMoves& moves;
    DroppedEvents& dropped;
  };
  KeyedRows(OpenBatch& batch, Parts parts) : batch_(batch), parts_(parts) {}

  /// An event with a row. \param row of the batch, just decoded \param gaps cells of it are not there
  Result<Verdict> Take(const kafka::Message& message, const event::Envelope& envelope, uint32_t row,
                       bool gaps);
  /// An event that takes a row away.
  Result<Verdict> TakeDelete(const kafka::Message& message, const event::Envelope& envelope);
  /// A record without a value: it follows its delete; in a compacted topic it may be all that is left of it.
  Result<Verdict> TakeTombstone(const kafka::Message& message);
  /// A delete that is not applied, for it was before: its tombstone is not to be applied either.
  void NoteRemoval(const kafka::Message& message, const event::Envelope& envelope);

 private:
  struct Removal {
    int64_t offset;
    Hash128 key;
  };

  Result<Verdict> Place(const kafka::Message& message, const event::Envelope& envelope, const Hash128& key,
                        uint32_t row, bool gaps);
  Result<Verdict> TakeMoved(const kafka::Message& message, const event::Envelope& envelope,
                            const Hash128& key, uint32_t row, bool gaps, const Move& move);
  Result<std::optional<FormerRow>> LeaveOldKey(uint32_t row, const Hash128& from);
  Result<Verdict> TakeByEventTime(const kafka::Message& message, const event::Envelope& envelope,
                                  const Hash128& key, uint32_t row, bool gaps,
                                  const std::optional<Move>& move);
  Result<Verdict> LeaveOut(const kafka::Message& message, const event::Envelope& envelope, const Hash128& key,
                           uint32_t row, const std::optional<Move>& move);
  Result<std::optional<Verdict>> UpdateDisplaced(const kafka::Message& message,
                                                 const event::Envelope& envelope, const Hash128& key,
                                                 uint32_t row);
  Status Mark(const event::Envelope& envelope, const Hash128& key);

  OpenBatch& batch_;
  Parts parts_;
  std::unordered_map<int32_t, Removal> removals_;  // partition → its last delete, whose tombstone may follow
};

}  // namespace cdc::source
