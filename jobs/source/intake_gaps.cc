#include <algorithm>
#include <tuple>

#include "jobs/source/intake.h"

namespace cdc::source {

void Intake::KeepForGaps(const kafka::Message& message, uint32_t row) {
  Letter letter = LetterOf(message);
  kept_bytes_ += static_cast<int64_t>(letter.value ? letter.value->size() : 0) + table_.shape().row_bytes;
  kept_[row] = {std::move(letter), fold_.gaps().at(row).key};
}

Status Intake::AbandonRow(uint32_t row) {
  const auto gap = fold_.gaps().find(row);
  // A row that has its key again has no cell yet.
  const bool whole = gap != fold_.gaps().end() && gap->second.whole;
  const Hash128 key = whole ? gap->second.key : (*row_hasher_)(fold_.batch(), row);
  const auto refused = fold_.refused().find(row);
  std::string reason =
      refused != fold_.refused().end()
          ? ReasonOf(refused->second, fold_.batch().schema())
          : "an unchanged TOAST value was not sent, and the row's old version is not in the table";
  // A row that `where` takes only now.
  if (refused == fold_.refused().end() && !settings_.rows.where.empty())
    reason += ": with REPLICA IDENTITY FULL at the source it is sent";
  // A row that only marks another one is nobody's letter where that one is not there.
  if (settings_.stop_on_bad && kept_.contains(row))
    return Error{ErrorKind::kUnsupported, reason, "set on_error = \"dlq\" to put such messages aside"};
  // All events that were to be completed from that row are lost with it, not the last one alone.
  const auto last = kept_.find(row);
  std::vector<const Letter*> lost;
  for (const auto& [other, kept] : kept_) {
    if (last != kept_.end() && kept.origin == last->second.origin) lost.push_back(&kept.letter);
  }
  std::sort(lost.begin(), lost.end(), [](const Letter* a, const Letter* b) {
    return std::tie(a->partition, a->offset) < std::tie(b->partition, b->offset);
  });
  for (const Letter* letter : lost) {
    log_.Warn("dead letter partition={} offset={} reason={}", letter->partition, letter->offset, reason);
    CDC_TRY(letters_.Add(*letter, reason));
  }
  // Where the table has no row of this key, nothing stale is left for others to be completed from: an event
  // that was sent again after its key had changed must not bar the second half of that change.
  const bool missing = refused == fold_.refused().end() && gap != fold_.gaps().end() &&
                       (gap->second.key == key || gap->second.otherwise == key);
  if (!missing) tainted_.Add(key);
  fold_.Abandon(key);
  return {};
}

/// Whether the batch has a later change of the row, by their own times.
bool Intake::IsOlder(const Hash128& key, int64_t time) const {
  if (!settings_.rows.by_event_time || program_->event_time_column() < 0) return false;
  const auto live = fold_.LiveRow(key);
  if (!live) return false;
  const rows::Column& times = fold_.batch().column(static_cast<size_t>(program_->event_time_column()));
  return times.has_value(*live) && times.fixed<int64_t>(*live) > time;
}

/// A row that is removed softly stays, with what the event of its removal tells.
Status Intake::MarkRemoved(const event::Envelope& envelope, const Hash128& key) {
  const std::optional<int64_t> time = event_.event_time();
  if (time && IsOlder(key, *time)) return {};
  rows::Batch& batch = fold_.batch();
  const uint32_t row = batch.rows();
  const auto live = fold_.LiveRow(key);
  event_.SetRemoval();
  if (!event_columns_.empty()) CDC_TRY(event_columns_.Compute());
  // An older change of a row that is not there yet must find that it was removed.
  bool missing = false;
  if (settings_.rows.by_event_time && !live) {
    CDC_ASSIGN(const bool taken, IsTaken(key));
    missing = !taken;
  }
  const bool whole = settings_.rows.plain && envelope.op == event::Op::kDelete && rows_->HasAll(envelope.before);
  const event::RowOutcome outcome =
      whole ? rows_->DecodeOld(envelope.before, &batch) : rows_->Mark(fold_.FindKey(key), {live, missing}, &batch);
  if (outcome == event::RowOutcome::kBadValue || outcome == event::RowOutcome::kUnknownColumn)
    return Error{ErrorKind::kBadValue, "delete: " + rows_->error()};
  FillMetadata(row, 'd', envelope);
  const bool gaps = outcome == event::RowOutcome::kWithGaps || (!whole && live && fold_.gaps().contains(*live));
  const Gaps filled = fold_.Upsert(key, row, gaps);
  if (filled == Gaps::kUnknown || filled == Gaps::kRefused) batch.Truncate(row);  // there is nothing to mark
  return {};
}

/// A row that `where` does not take, or takes no more: the table must not have it.
Result<Intake::Verdict> Intake::LeaveOut(const kafka::Message& message, const event::Envelope& envelope,
                                         const Hash128& key, uint32_t row, const std::optional<Move>& move) {
  fold_.NoteKey(key, {&fold_.batch(), row, &key_columns_});
  fold_.batch().Truncate(row);
  if (move && !move->by_update) {
    // Its first half has taken it away; whoever has the new key is another row.
    CDC_TRY(CloseKeyChangeOf(message));
    return Verdict::kTaken;
  }
  // Of a row that is new nothing can be there.
  const bool is_new = envelope.op == event::Op::kCreate || (envelope.op == event::Op::kRead && !table_.checkpoint());
  if (is_new && fold_.StateOf(key) == Slot::State::kUntouched && !settings_.rows.by_event_time) return Verdict::kTaken;
  const Hash128& gone = move ? move->from : key;
  const Status done =
      settings_.rows.marks_rows() ? MarkRemoved(envelope, gone) : RemoveKey(message, envelope, gone, false);
  if (!done && done.error().kind == ErrorKind::kBadValue) return DropRow(message, row, done.error().message);
  if (!done) return done.error();
  tainted_.Remove(gone);
  CDC_TRY(CloseKeyChange(gone));
  return Verdict::kTaken;
}

}  // namespace cdc::source
