#include "jobs/source/keyed_rows.h"

#include "jobs/source/debezium_headers.h"

namespace cdc::source {
namespace {

constexpr const char* kStaleRow = "it depends on the row's old version, whose own change was dead-lettered";
constexpr const char* kUnknownRow =
    "an unchanged TOAST value was not sent, and the row's old version is not known";

bool IsBadValue(const Status& status) { return !status && status.error().kind == ErrorKind::kBadValue; }

}  // namespace

Result<Verdict> KeyedRows::Take(const kafka::Message& message, const event::Envelope& envelope, uint32_t row,
                                bool gaps) {
  const rows::Batch& batch = batch_.fold.batch();
  for (const int at : parts_.reader.key_columns()) {
    if (batch.column(static_cast<size_t>(at)).has_value(row)) continue;
    const std::string& name = batch.schema().fields[static_cast<size_t>(at)].name;
    return parts_.dropped.Drop(message, row, "key column '" + name + "' is null");
  }
  const Hash128 key = parts_.reader.KeyOfRow(row);
  CDC_ASSIGN(const std::optional<Move> move, parts_.moves.MoveOf(message, envelope, key));
  if (parts_.reader.rows().left_out()) return LeaveOut(message, envelope, key, row, move);
  if (batch_.settings.rows.by_event_time) return TakeByEventTime(message, envelope, key, row, gaps, move);
  if (move) return TakeMoved(message, envelope, key, row, gaps, *move);
  return Place(message, envelope, key, row, gaps);
}

/// A row of which a later version, by its own time, is in the batch stays as it is.
Result<Verdict> KeyedRows::TakeByEventTime(const kafka::Message& message, const event::Envelope& envelope,
                                           const Hash128& key, uint32_t row, bool gaps,
                                           const std::optional<Move>& move) {
  if (parts_.present.HasLater(key, *parts_.reader.event().event_time())) {
    batch_.fold.batch().Truncate(row);
  } else {
    CDC_TRY(Place(message, envelope, key, row, gaps));
  }
  const Status left = move && move->by_update ? Mark(envelope, move->from) : Status{};
  if (IsBadValue(left)) return parts_.dropped.Drop(message, batch_.fold.batch().rows(), left.error().message);
  if (!left) return left.error();
  return Verdict::kTaken;
}

/// An update may be of the row that was displaced from the key. \return a verdict where it is
Result<std::optional<Verdict>> KeyedRows::UpdateDisplaced(const kafka::Message& message,
                                                          const event::Envelope& envelope, const Hash128& key,
                                                          uint32_t row) {
  const auto at = KeyMoves::PositionOf(envelope);
  if (!at || !batch_.changes.HasDisplaced(key, at)) return std::optional<Verdict>();
  if (envelope.before.empty()) {
    CDC_ASSIGN(
        const Verdict dropped,
        parts_.dropped.Drop(message, row,
                            "two rows have this key within their transaction, and the update does not say "
                            "which it changes (it would with REPLICA IDENTITY FULL)"));
    return std::optional(dropped);
  }
  CDC_ASSIGN(const bool present, parts_.present.IsRow(key, envelope.before));
  if (present) return std::optional<Verdict>();
  batch_.changes.UpdateDisplaced(key, row);
  return std::optional(Verdict::kTaken);
}

/// A row that keeps its key, or is new.
Result<Verdict> KeyedRows::Place(const kafka::Message& message, const event::Envelope& envelope,
                                 const Hash128& key, uint32_t row, bool gaps) {
  Fold& fold = batch_.fold;
  if (envelope.op == event::Op::kUpdate && batch_.changes.any_displaced()) {
    CDC_ASSIGN(const std::optional<Verdict> displaced, UpdateDisplaced(message, envelope, key, row));
    if (displaced) return *displaced;
  }
  CDC_TRY(parts_.moves.Close(key));
  if (gaps && batch_.tainted.Contains(key)) return parts_.dropped.Drop(message, row, kStaleRow);
  std::vector<Doubt> doubts = parts_.reader.doubts().In(fold.batch(), row, envelope, false);
  const bool open = gaps || !doubts.empty();
  const Gaps outcome = fold.Upsert(key, row, open, std::move(doubts));
  if (outcome == Gaps::kRefused)
    return parts_.dropped.Drop(message, row, ReasonOf(fold.refusal(), fold.batch().schema()));
  // Neither key has a row, so nothing stale is left for others to be completed from.
  if (outcome == Gaps::kUnknown) return parts_.dropped.Drop(message, row, kUnknownRow, false);
  if (outcome == Gaps::kPending) parts_.incomplete.Keep(message, row);
  if (!gaps) batch_.tainted.Remove(key);
  return Verdict::kTaken;
}

/// The second half of a key change closes the first. The delete did not say which of two rows it was; the
/// create shows the one that had displaced the other. \return the row that has `from` again
Result<std::optional<FormerRow>> KeyedRows::LeaveOldKey(uint32_t row, const Hash128& from) {
  std::optional<FormerRow> reinstated;
  KeyChanges::Open* const first_half = batch_.changes.Find(from);
  if (first_half == nullptr) return reinstated;
  if (first_half->departs && first_half->departs->row.known) {
    CDC_ASSIGN(const bool newcomer, parts_.present.IsLikeRow(from, row));
    if (newcomer) {
      reinstated = first_half->departs->row;
      batch_.fold.ForgetDeparted(from);
      batch_.fold.Remove(from, true);
    }
  }
  batch_.changes.End(from);
  return reinstated;
}

/// A row that comes from another key. Where its new key is taken by a row that has not left it yet, that row
/// is displaced.
Result<Verdict> KeyedRows::TakeMoved(const kafka::Message& message, const event::Envelope& envelope,
                                     const Hash128& key, uint32_t row, bool gaps, const Move& move) {
  Fold& fold = batch_.fold;
  if (fold.LiveRow(key) && !(key == move.from)) {
    // A row that the batch alone has would be lost with it: first it is written, where it can be found again.
    fold.batch().Truncate(row);
    return Verdict::kCommitFirst;
  }
  const LogPlace place =
      parts_.moves.PlaceOf(message, envelope, move.by_update ? Part::kSingle : Part::kSecondHalf);
  bool came_from_a_row = true;
  if (move.by_update) {
    CDC_ASSIGN(came_from_a_row, parts_.present.IsTaken(move.from));
    CDC_TRY(parts_.moves.Remove(message, envelope, move.from, true));
  }
  CDC_ASSIGN(const std::optional<FormerRow> reinstated, LeaveOldKey(row, move.from));
  CDC_TRY(parts_.moves.Close(key));
  if (gaps && batch_.tainted.Contains(move.from)) return parts_.dropped.Drop(message, row, kStaleRow);
  // What is sent again finds itself. Without a place in the log, a row that was there shows that it is not.
  bool displaces = !batch_.replaying && !place.again && (place.at || (move.by_update && came_from_a_row)) &&
                   !(key == move.from);
  if (displaces) {
    fold.NoteKey(key, {&fold.batch(), row, &parts_.reader.key_columns()});
    CDC_ASSIGN(displaces, parts_.present.IsTaken(key));
  }
  std::optional<FormerRow> former;
  if (displaces) former = fold.Displace(key);
  std::vector<Doubt> doubts = parts_.reader.doubts().In(fold.batch(), row, envelope, !move.by_update);
  const bool open = gaps || !doubts.empty();
  const Gaps outcome = fold.UpsertMoved(key, row, open, move.from, std::move(doubts));
  if (outcome == Gaps::kUnknown || outcome == Gaps::kRefused) {
    if (former) fold.Reinstate(key, *former);
    if (outcome == Gaps::kUnknown) return parts_.dropped.Drop(message, row, kUnknownRow, false);
    return parts_.dropped.Drop(message, row, ReasonOf(fold.refusal(), fold.batch().schema()));
  }
  if (former) {
    batch_.changes.Displace(key, std::move(*former), move.by_update ? std::nullopt : place.at,
                            batch_.clock.steady());
    batch_.changes.Watch(message.partition());
  }
  if (outcome == Gaps::kPending) parts_.incomplete.Keep(message, row);
  if (reinstated) parts_.moves.Reinstate(message, move.from, *reinstated);
  if (!gaps) batch_.tainted.Remove(key);
  return Verdict::kTaken;
}

// ---- removals

Result<Verdict> KeyedRows::TakeDelete(const kafka::Message& message, const event::Envelope& envelope) {
  const auto key = parts_.reader.KeyOfDelete(message, envelope);
  // Which row is out of date nobody knows.
  if (!key) return parts_.dropped.Refuse(message, "delete: " + key.error().message);
  const RowRules& rules = batch_.settings.rows;
  // By event time each row is on its own: one that moves is removed here and comes anew there.
  const bool moving = HeaderOf(message, kNewKeyHeader).has_value() && !rules.by_event_time;
  removals_[message.partition()] = {message.offset(), *key};
  if (rules.marks_rows() && !moving && !batch_.changes.any_displaced()) {
    const Status marked = Mark(envelope, *key);
    if (IsBadValue(marked))
      return parts_.dropped.Drop(message, batch_.fold.batch().rows(), marked.error().message);
    if (!marked) return marked.error();
  } else {
    CDC_TRY(parts_.moves.Remove(message, envelope, *key, moving));
  }
  if (moving) {
    parts_.reader.doubts().NoteRemoval(envelope.before);
    return Verdict::kTaken;
  }
  batch_.tainted.Remove(*key);
  CDC_TRY(parts_.moves.Close(*key));
  return Verdict::kTaken;
}

Result<Verdict> KeyedRows::TakeTombstone(const kafka::Message& message) {
  if (batch_.settings.append || !message.key() || !parts_.reader.reads_keys()) return Verdict::kTaken;
  const auto key = parts_.reader.HashOfKey(*message.key(), false);
  if (!key || batch_.changes.Find(*key) != nullptr) return Verdict::kTaken;
  const auto removal = removals_.find(message.partition());
  if (removal != removals_.end() && removal->second.offset + 1 == message.offset() &&
      removal->second.key == *key)
    return Verdict::kTaken;
  batch_.fold.Remove(*key);
  return Verdict::kTaken;
}

void KeyedRows::NoteRemoval(const kafka::Message& message, const event::Envelope& envelope) {
  if (const auto key = parts_.reader.KeyOfDelete(message, envelope))
    removals_[message.partition()] = {message.offset(), *key};
}

/// A row that is removed softly stays, with what the event of its removal tells.
Status KeyedRows::Mark(const event::Envelope& envelope, const Hash128& key) {
  Fold& fold = batch_.fold;
  EventReader& reader = parts_.reader;
  const std::optional<int64_t> time = reader.event().event_time();
  if (time && parts_.present.HasLater(key, *time)) return {};
  const uint32_t row = fold.batch().rows();
  const auto live = fold.LiveRow(key);
  reader.event().SetRemoval();
  CDC_TRY(reader.own_cells().Compute());
  // An older change of a row that is not there yet must find that it was removed.
  bool missing = false;
  if (batch_.settings.rows.by_event_time && !live) {
    CDC_ASSIGN(const bool taken, parts_.present.IsTaken(key));
    missing = !taken;
  }
  const bool whole = batch_.settings.rows.plain && envelope.op == event::Op::kDelete &&
                     reader.rows().HasAll(envelope.before);
  const event::RowOutcome outcome =
      whole ? reader.rows().DecodeOld(envelope.before, &fold.batch())
            : reader.rows().Mark(fold.FindKey(key), {live, missing}, &fold.batch());
  if (outcome == event::RowOutcome::kBadValue || outcome == event::RowOutcome::kUnknownColumn)
    return Error{ErrorKind::kBadValue, "delete: " + reader.rows().error()};
  reader.own_cells().Fill(row, 'd', envelope);
  const bool gaps =
      outcome == event::RowOutcome::kWithGaps || (!whole && live && fold.gaps().contains(*live));
  const Gaps filled = fold.Upsert(key, row, gaps);
  // There is nothing to mark.
  if (filled == Gaps::kUnknown || filled == Gaps::kRefused) fold.batch().Truncate(row);
  return {};
}

/// A row that `where` does not take, or takes no more: the table must not have it.
Result<Verdict> KeyedRows::LeaveOut(const kafka::Message& message, const event::Envelope& envelope,
                                    const Hash128& key, uint32_t row, const std::optional<Move>& move) {
  Fold& fold = batch_.fold;
  const RowRules& rules = batch_.settings.rows;
  fold.NoteKey(key, {&fold.batch(), row, &parts_.reader.key_columns()});
  fold.batch().Truncate(row);
  if (move && !move->by_update) {
    // Its first half has taken it away; whoever has the new key is another row.
    CDC_TRY(parts_.moves.CloseOf(message));
    return Verdict::kTaken;
  }
  // Of a row that is new nothing can be there.
  const bool is_new =
      envelope.op == event::Op::kCreate || (envelope.op == event::Op::kRead && !batch_.table.checkpoint());
  if (is_new && fold.StateOf(key) == Slot::State::kUntouched && !rules.by_event_time) return Verdict::kTaken;
  const Hash128& gone = move ? move->from : key;
  const Status done =
      rules.marks_rows() ? Mark(envelope, gone) : parts_.moves.Remove(message, envelope, gone, false);
  if (IsBadValue(done)) return parts_.dropped.Drop(message, row, done.error().message);
  if (!done) return done.error();
  batch_.tainted.Remove(gone);
  CDC_TRY(parts_.moves.Close(gone));
  return Verdict::kTaken;
}

}  // namespace cdc::source
