#pragma once

/// \file jobs/source/key_moves.h
/// Key changes as the events tell them, applied to the batch: see key_changes.h for what is remembered.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "jobs/source/event_reader.h"
#include "jobs/source/incomplete_rows.h"
#include "jobs/source/open_batch.h"
#include "jobs/source/present_rows.h"

namespace cdc::source {

/// The key that an event's row had before it.
struct Move {
  Hash128 from;
  bool by_update = false;  ///< told by the update's own `before`; false: by Debezium's header
};

/// An event's place in PostgreSQL's log.
struct LogPlace {
  std::optional<event::LogPosition> at;  ///< nothing: unknown
  bool again = false;                    ///< it was applied before
};

/// Not thread-safe. Errors are those of Table's lookups, unless said otherwise.
class KeyMoves {
 public:
  KeyMoves(OpenBatch& batch, EventReader& reader, PresentRows& present, IncompleteRows& incomplete);

  // What a commit has to know.
  /// Whether a key change has begun whose second half has not come, or a row has been displaced whose own
  /// event has not: what has come of it is not committed before the rest does, if that comes soon.
  bool any_open() const { return !batch_.changes.open().empty() || batch_.changes.unsettled(); }
  /// The offset before which `partition` may be committed; nothing: no key change is open there.
  std::optional<int64_t> HeldOffset(int32_t partition) const;
  /// When the first half of the oldest open one came, or the last row was displaced.
  std::optional<SteadyTime> oldest() const;
  /// Gives up waiting for second halves whose first halves came before `since`: those are deletes then.
  Status GiveUp(SteadyTime since);
  /// Takes the first halves out of the fold, for a commit that ends before them.
  void SetAside();
  /// The first halves that wait belong to the new batch.
  void TakeIn();
  /// Before a commit: notes where the rows are that the batch displaces. \return kUnsupported: they are too
  /// many, or the values of one are lost
  Status KeepDisplaced();

  // What an event says.
  /// Debezium sends changes again after a crash. \return whether the table has this one
  bool WasApplied(const kafka::Message& message, const event::Envelope& envelope);
  /// Of an event that changes a key.
  LogPlace PlaceOf(const kafka::Message& message, const event::Envelope& envelope, Part part);
  /// Nothing: it does not say, or is of a snapshot.
  static std::optional<event::LogPosition> PositionOf(const event::Envelope& envelope);
  /// The key that the event's row had before it, when that is another one. \return kUnsupported: several
  /// partitions, and nothing orders the rows of both keys
  Result<std::optional<Move>> MoveOf(const kafka::Message& message, const event::Envelope& envelope,
                                     const Hash128& key);

  // What happens to the batch.
  /// The row of `key` is gone, or goes to another key. \param moving the latter \return kUnsupported: the
  /// values of the row that has the key again are lost
  Status Remove(const kafka::Message& message, const event::Envelope& envelope, const Hash128& key,
                bool moving);
  /// The event has shown that the newcomer has left `key`, and the row from before it is there.
  void Reinstate(const kafka::Message& message, const Hash128& key, const FormerRow& row);
  /// The key has a life of its own again before the second half of its change came: that half is on its own
  /// now.
  Status Close(const Hash128& key);
  /// Of the second half of a key change that is dropped.
  Status CloseOf(const kafka::Message& message);

 private:
  Error ValuesLost(const std::string& where) const;

  OpenBatch& batch_;
  EventReader& reader_;
  PresentRows& present_;
  IncompleteRows& incomplete_;
  std::optional<event::LogPosition> watched_at_;  // of the event being taken, in a partition that is watched
};

}  // namespace cdc::source
