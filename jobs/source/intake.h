#pragma once

/// \file jobs/source/intake.h
/// Messages of one topic, in order, into the fold.
///
/// Each message goes through the parts below, in this order: is it the table's (own_events), has the table
/// its shape (shape_follower), how is it read (event_reader), what does it make of the rows (keyed_rows,
/// rows_by_content, window_counts), and where does it go when it cannot be applied (refused_events).

#include <span>

#include "jobs/source/dead_letters.h"
#include "jobs/source/dropped_events.h"
#include "jobs/source/event_clock.h"
#include "jobs/source/event_reader.h"
#include "jobs/source/incomplete_rows.h"
#include "jobs/source/key_moves.h"
#include "jobs/source/keyed_rows.h"
#include "jobs/source/open_batch.h"
#include "jobs/source/own_events.h"
#include "jobs/source/present_rows.h"
#include "jobs/source/refused_events.h"
#include "jobs/source/rows_by_content.h"
#include "jobs/source/shape_follower.h"
#include "jobs/source/source_columns.h"
#include "jobs/source/verdict.h"
#include "jobs/source/window_counts.h"

namespace cdc::source {

/// Owns the fold of the batch being collected. Not thread-safe.
class Intake {
 public:
  /// \param mapping may be null; all references must outlive the intake
  /// \param describe asks the source database, when events without a schema show new columns; empty: there is
  /// none
  Intake(const SourceSettings& settings, worker::Table& table, DeadLetters& letters, TaintedKeys& tainted,
         Mapping* mapping, SourceColumns::Describe describe, const Clock& clock, log::Logger log);
  Intake(const Intake&) = delete;  // its parts refer to each other
  Intake& operator=(const Intake&) = delete;

  // Messages.
  /// Messages to come are dead letters: older than what the table has, and told at once when they are bad
  /// still.
  void BeginReplay();
  /// To be called before the messages of a poll are taken: their ingestion time is now.
  void BeginPoll() { batch_.now_micros = UnixMicros(batch_.clock.wall()); }
  /// A record from before the run's first one: it may be the delete whose tombstone comes next.
  void NoteEarlier(const kafka::Message& message);
  /// Takes one message. \param ahead this message and those known to follow: a look at them spares schema
  /// changes \param partitions how many the topic has \return kUnsupported, kInvalidConfig: the table must be
  /// held. kTransient, kConflict.
  Result<Verdict> Take(const kafka::Message& message, std::span<const kafka::Message> ahead,
                       int32_t partitions);
  /// Notes the source position of a message that was taken; one per poll is enough.
  void NoteSource(const kafka::Message& message);

  // The batch.
  Fold& fold() { return batch_.fold; }
  const KeyMoves& key_moves() const { return moves_; }
  int64_t left_alone() const { return own_events_.left_alone(); }  ///< records of other tables, of this run
  /// Whether there is anything to commit beside the first halves of key changes.
  bool has_changes() const { return batch_.has_changes(); }
  /// Whether something has to be saved or forgotten with the commit, so that no batch is collected beside it.
  bool commits_alone() const;
  int64_t byte_size() const;

  /// The batch is complete: what must wait for the next one is set aside, gaps are filled from the table, and
  /// letters are acknowledged. \param give_up first halves of key changes from before are deletes
  /// \return kUnsupported: the table must be held; errors of the table and of DeadLetters
  Status CloseBatch(SteadyTime give_up);
  /// What the commit must remember beside the offsets, which `checkpoint` has already.
  void AddTo(Checkpoint* checkpoint) const;
  /// Gives the batch away to `other`, whose own is used up, and goes on with that one: StartBatch() comes
  /// next.
  void SwapFold(Fold* other);
  /// After a commit: a fold of the present schema with nothing in it but the first halves of open key
  /// changes.
  void StartBatch();

 private:
  Result<Verdict> TakeOne(const kafka::Message& message, std::span<const kafka::Message> ahead);
  Result<Verdict> TakeChange(const kafka::Message& message, const event::Envelope& envelope,
                             std::span<const kafka::Message> ahead);
  Result<Verdict> TakeRow(const kafka::Message& message, const event::Envelope& envelope,
                          std::span<const kafka::Message> ahead);
  Result<Verdict> TakeDelete(const kafka::Message& message, const event::Envelope& envelope);
  Result<Verdict> TakeTruncate(const kafka::Message& message, const event::Envelope& envelope);
  Result<Verdict> Count(const kafka::Message& message, const event::Envelope& envelope, uint32_t row,
                        bool gaps);
  Result<Verdict> AppendRemoval(const kafka::Message& message, const event::Envelope& envelope);
  Result<Verdict> FollowShape(const kafka::Message& message, const event::Envelope& envelope,
                              std::span<const kafka::Message> ahead);
  Status NoteEvent(const kafka::Message& message, const event::Envelope& envelope);

  OpenBatch batch_;
  event::EnvelopeParser envelopes_;
  EventClock event_clock_;
  OwnEvents own_events_;
  RefusedEvents refused_;
  SourceColumns columns_;
  EventReader reader_;
  ShapeFollower shape_;
  PresentRows present_;
  IncompleteRows incomplete_;
  KeyMoves moves_;
  DroppedEvents dropped_;
  KeyedRows keyed_;
  RowsByContent by_content_;
  WindowCounts window_counts_;
  std::shared_ptr<const NotedKeys> carried_keys_;  // of the batch that was given away
  int64_t source_lsn_ = 0;
};

}  // namespace cdc::source
