#include <fmt/format.h>

#include <algorithm>

#include "jobs/source/intake.h"

namespace cdc::source {
namespace {

constexpr const char* kOldKeyHeader = "__debezium.oldkey";

using Verdict = Intake::Verdict;

std::optional<std::string_view> HeaderOf(const kafka::Message& message, const char* name) {
  return message.has_headers() ? message.header(name) : std::nullopt;
}

}  // namespace

/// Whether some row has this key now, in the batch or in the table.
Result<bool> Intake::IsTaken(const Hash128& key) {
  const Slot::State state = fold_.StateOf(key);
  if (state != Slot::State::kUntouched) return state == Slot::State::kLive;
  if (fold_.truncated()) return false;
  return table_.HasRow(key, fold_.FindKey(key));
}

/// Appends the key's present row to `out`. \return whether it has one
Result<bool> Intake::CopyPresentRow(const Hash128& key, rows::Batch* out) {
  const Slot::State state = fold_.StateOf(key);
  if (state == Slot::State::kGone) return false;
  if (state == Slot::State::kUntouched) return table_.ReadRow(key, fold_.FindKey(key), out);
  const uint32_t row = *fold_.LiveRow(key);
  for (size_t i = 0; i < out->column_count(); ++i) out->column(i).AppendFrom(fold_.batch().column(i), row);
  return true;
}

/// Whether `image`, a whole row, is the key's present row.
Result<bool> Intake::IsPresentRow(const Hash128& key, std::string_view image) {
  if (image.empty()) return false;
  rows::Batch pair(fold_.batch().shared_schema());
  CDC_ASSIGN(const bool found, CopyPresentRow(key, &pair));
  if (!found || rows_->Decode(image, &pair) != event::RowOutcome::kWhole) return false;
  return rows::SameCells(pair, 0, 1, source_columns_);
}

/// Whether `row` of the batch is the key's present row, but for the key.
Result<bool> Intake::IsLikePresentRow(const Hash128& key, uint32_t row) {
  rows::Batch pair(fold_.batch().shared_schema());
  CDC_ASSIGN(const bool found, CopyPresentRow(key, &pair));
  if (!found) return false;
  for (size_t i = 0; i < pair.column_count(); ++i) pair.column(i).AppendFrom(fold_.batch().column(i), row);
  return rows::SameCells(pair, 0, 1, other_columns_);
}

/// The event that `message` is has shown that the newcomer has left `key`, and the row from before it is there.
void Intake::Reinstate(const kafka::Message& message, const Hash128& key, const FormerRow& row) {
  if (const auto again = fold_.Reinstate(key, row)) KeepForGaps(message, *again);
}

/// The key that the event's row had before it, when that is another one.
Result<std::optional<Intake::Move>> Intake::MoveOf(const kafka::Message& message, const event::Envelope& envelope,
                                                   const Hash128& key) {
  if (envelope.op == event::Op::kCreate) {
    const auto header = HeaderOf(message, kOldKeyHeader);
    if (!header) return std::optional<Move>();
    if (const auto parsed = HashOfKey(*header, false)) return std::optional(Move{*parsed, false});
    const auto last = changes_.LastMoved(message.partition());
    return last ? std::optional(Move{*last, false}) : std::nullopt;
  }
  // With REPLICA IDENTITY FULL and a key that only tables.toml names, `before` alone tells that the key changed.
  if (envelope.op != event::Op::kUpdate || envelope.before.empty()) return std::optional<Move>();
  const auto before = HashOfKey(envelope.before, true);
  if (!before || *before == key) return std::optional<Move>();
  if (partitions_ > 1) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("the key changes at {}[{}]@{} without a message key that says so: in a topic of {} "
                             "partitions nothing orders the rows of both keys",
                             message.topic(), message.partition(), message.offset(), partitions_),
                 fmt::format("let the events be keyed by the table's key (message.key.columns at the connector), or "
                             "use one partition; then `cdc reset {} --yes`",
                             settings_.table)};
  }
  return std::optional(Move{*before, true});
}

Result<Verdict> Intake::TakeKeyed(const kafka::Message& message, const event::Envelope& envelope, uint32_t row,
                                  bool gaps) {
  for (const int at : key_columns_) {
    if (fold_.batch().column(static_cast<size_t>(at)).has_value(row)) continue;
    const std::string& name = fold_.batch().schema().fields[static_cast<size_t>(at)].name;
    return DropRow(message, row, "key column '" + name + "' is null");
  }
  const Hash128 key = (*row_hasher_)(fold_.batch(), row);
  CDC_ASSIGN(const std::optional<Move> move, MoveOf(message, envelope, key));
  if (rows_->left_out()) return LeaveOut(message, envelope, key, row, move);
  if (settings_.rows.by_event_time) {
    if (IsOlder(key, *event_.event_time())) {
      fold_.batch().Truncate(row);
    } else {
      CDC_TRY(PlaceRow(message, envelope, key, row, gaps));
    }
    const Status left = move && move->by_update ? MarkRemoved(envelope, move->from) : Status{};
    if (!left && left.error().kind == ErrorKind::kBadValue)
      return DropRow(message, fold_.batch().rows(), left.error().message);
    if (!left) return left.error();
    return Verdict::kTaken;
  }
  if (move) return MoveRow(message, envelope, key, row, gaps, *move);
  return PlaceRow(message, envelope, key, row, gaps);
}

namespace {

constexpr const char* kStaleRow = "it depends on the row's old version, whose own change was dead-lettered";
constexpr const char* kUnknownRow = "an unchanged TOAST value was not sent, and the row's old version is not known";

}  // namespace

/// A row that keeps its key, or is new.
Result<Verdict> Intake::PlaceRow(const kafka::Message& message, const event::Envelope& envelope,
                                 const Hash128& key, uint32_t row, bool gaps) {
  if (envelope.op == event::Op::kUpdate && changes_.any_displaced()) {
    const auto at = PositionOf(envelope);
    if (at && changes_.HasDisplaced(key, at)) {
      if (envelope.before.empty()) {
        return DropRow(message, row,
                       "two rows have this key within their transaction, and the update does not say which it "
                       "changes (it would with REPLICA IDENTITY FULL)");
      }
      CDC_ASSIGN(const bool present, IsPresentRow(key, envelope.before));
      if (!present) {
        changes_.UpdateDisplaced(key, row);
        return Verdict::kTaken;
      }
    }
  }
  CDC_TRY(CloseKeyChange(key));
  if (gaps && tainted_.Contains(key)) return DropRow(message, row, kStaleRow);
  std::vector<Doubt> doubts = doubts_.In(fold_.batch(), row, envelope, false);
  const bool open = gaps || !doubts.empty();
  const Gaps outcome = fold_.Upsert(key, row, open, std::move(doubts));
  if (outcome == Gaps::kRefused)
    return DropRow(message, row, ReasonOf(fold_.refusal(), fold_.batch().schema()));
  // Neither key has a row, so nothing stale is left for others to be completed from.
  if (outcome == Gaps::kUnknown) return DropRow(message, row, kUnknownRow, false);
  if (outcome == Gaps::kPending) KeepForGaps(message, row);
  if (!gaps) tainted_.Remove(key);
  return Verdict::kTaken;
}

/// A row that comes from another key. Where its new key is taken by a row that has not left it yet, that row is
/// displaced.
Result<Verdict> Intake::MoveRow(const kafka::Message& message, const event::Envelope& envelope,
                                const Hash128& key, uint32_t row, bool gaps, const Move& move) {
  if (fold_.LiveRow(key) && !(key == move.from)) {
    // A row that the batch alone has would be lost with it: first it is written, where it can be found again.
    fold_.batch().Truncate(row);
    return Verdict::kCommitFirst;
  }
  const Place place =
      PlaceOf(message, envelope, move.by_update ? Part::kSingle : Part::kSecondHalf);
  bool came_from_a_row = true;
  std::optional<FormerRow> reinstated;
  if (move.by_update) {
    CDC_ASSIGN(came_from_a_row, IsTaken(move.from));
    CDC_TRY(RemoveKey(message, envelope, move.from, true));
  }
  if (KeyChanges::Open* const first_half = changes_.Find(move.from); first_half != nullptr) {
    // The delete did not say which of two rows it was; the create shows the one that had displaced the other.
    if (first_half->departs && first_half->departs->row.known) {
      CDC_ASSIGN(const bool newcomer, IsLikePresentRow(move.from, row));
      if (newcomer) {
        reinstated = first_half->departs->row;
        fold_.ForgetDeparted(move.from);
        fold_.Remove(move.from, true);
      }
    }
    changes_.End(move.from);
  }
  CDC_TRY(CloseKeyChange(key));
  if (gaps && tainted_.Contains(move.from)) return DropRow(message, row, kStaleRow);
  // What is sent again finds itself. Without a place in the log, a row that was there shows that it is not.
  bool displaces = !replaying_ && !place.again && (place.at || (move.by_update && came_from_a_row)) && !(key == move.from);
  if (displaces) {
    fold_.NoteKey(key, {&fold_.batch(), row, &key_columns_});
    CDC_ASSIGN(displaces, IsTaken(key));
  }
  std::optional<FormerRow> former;
  if (displaces) former = fold_.Displace(key);
  std::vector<Doubt> doubts = doubts_.In(fold_.batch(), row, envelope, !move.by_update);
  const bool open = gaps || !doubts.empty();
  const Gaps outcome = fold_.UpsertMoved(key, row, open, move.from, std::move(doubts));
  if (outcome == Gaps::kUnknown || outcome == Gaps::kRefused) {
    if (former) fold_.Reinstate(key, *former);
    if (outcome == Gaps::kUnknown) return DropRow(message, row, kUnknownRow, false);
    return DropRow(message, row, ReasonOf(fold_.refusal(), fold_.batch().schema()));
  }
  if (former) {
    changes_.Displace(key, std::move(*former), move.by_update ? std::nullopt : place.at, clock_.steady());
    changes_.Watch(message.partition());
  }
  if (outcome == Gaps::kPending) KeepForGaps(message, row);
  if (reinstated) Reinstate(message, move.from, *reinstated);
  if (!gaps) tainted_.Remove(key);
  return Verdict::kTaken;
}

/// The key has a life of its own again before the second half of its change came: that half is on its own
/// now.
Status Intake::CloseKeyChange(const Hash128& key) {
  const KeyChanges::Open* const first_half = changes_.Find(key);
  if (first_half == nullptr || first_half->departs || first_half->reinstated) return {};
  changes_.End(key);
  return table_.KeepMoved({key}, fold_);
}

/// Of the second half of a key change that is dropped.
Status Intake::CloseKeyChangeOf(const kafka::Message& message) {
  const auto old_key = HeaderOf(message, kOldKeyHeader);
  if (!old_key) return {};
  const auto key = HashOfKey(*old_key, false);
  if (!key) return {};
  if (const auto* first_half = changes_.Find(*key); first_half != nullptr && first_half->departs) {
    fold_.ForgetDeparted(*key);
    changes_.End(*key);
  }
  return CloseKeyChange(*key);
}

}  // namespace cdc::source
