#include <fmt/format.h>

#include <algorithm>

#include "jobs/worker/intake.h"

namespace cdc::worker {
namespace {

constexpr const char* kNewKeyHeader = "__debezium.newkey";
constexpr const char* kOldKeyHeader = "__debezium.oldkey";

using Verdict = Intake::Verdict;

std::optional<std::string_view> HeaderOf(const kafka::Message& message, const char* name) {
  return message.has_headers() ? message.header(name) : std::nullopt;
}

Part PartOf(const kafka::Message& message, event::Op op) {
  if (op != event::Op::kCreate) return Part::kSingle;
  return HeaderOf(message, kOldKeyHeader) ? Part::kSecondHalf : Part::kRow;
}

Sent SentOf(const kafka::Message& message, const event::Envelope& envelope) {
  return {message.partition(), message.offset(), message.timestamp_ms(), HashBytes(envelope.after).low};
}

}  // namespace

// ---- what a commit has to know --------------------------------------------------------------------------------

std::optional<int64_t> Intake::HeldOffset(int32_t partition) const {
  std::optional<int64_t> held;
  for (const auto& [key, change] : changes_.open()) {
    if (change.partition == partition) held = std::min(held.value_or(change.offset), change.offset);
  }
  return held;
}

void Intake::SetAsideKeyChanges() {
  for (const auto& [key, change] : changes_.open()) {
    if (change.departs)
      fold_.ForgetDeparted(key);
    else
      fold_.RestoreMoved(key);
  }
}

/// The first halves that wait belong to the new batch.
void Intake::TakeInKeyChanges() {
  for (const auto& [key, change] : changes_.open()) {
    if (change.departs)
      fold_.Depart(key, change.departs->row);
    else
      fold_.Remove(key, true);
    if (change.reinstated) fold_.Reinstate(key, change.reinstated->row);
  }
}

std::vector<Hash128> Intake::ForgetKeyChanges(SteadyTime since) {
  std::vector<Hash128> keys, displaced;
  for (const auto& [key, change] : changes_.open()) {
    if (change.seen < since) (change.departs || change.reinstated ? displaced : keys).push_back(key);
  }
  for (const Hash128& key : keys) changes_.End(key);
  for (const Hash128& key : displaced) changes_.End(key);
  return keys;
}

std::optional<SteadyTime> Intake::oldest_key_change() const {
  std::optional<SteadyTime> oldest;
  for (const auto& [key, change] : changes_.open()) oldest = std::min(oldest.value_or(change.seen), change.seen);
  // A statement that moves many rows has its commit when it is done: as long as it goes on, it is waited for.
  if (!oldest && changes_.unsettled()) oldest = changes_.last_displacement();
  return oldest;
}

Status Intake::KeepDisplaced() {
  // What a snapshot remembers of each is some 50 bytes, and a table's metadata repeats it for every snapshot.
  constexpr size_t kMostDisplaced = 20'000;
  if (changes_.WouldLose()) return ValuesLost("the newest commit");
  const std::vector<Hash128> keys = changes_.DisplacedFromTable();
  if (!keys.empty()) CDC_TRY(sink_.KeepMoved(keys));
  const size_t count = changes_.state().displaced.size();
  if (count <= kMostDisplaced) return {};
  return Error{ErrorKind::kUnsupported,
               fmt::format("a transaction has moved rows onto the keys of {} others that have not moved yet, and "
                           "no batch of this size holds all of it",
                           count),
               fmt::format("raise `memory` of this table in tables.toml so that one batch holds the transaction, "
                           "then `cdc trigger {}`",
                           settings_.table)};
}

Error Intake::ValuesLost(const std::string& where) const {
  return Error{ErrorKind::kUnsupported,
               fmt::format("{}: two rows had one key within a transaction, the one that came later has left it, and "
                           "the other one's values are not known any more",
                           where),
               fmt::format("`cdc reset {} --yes` rebuilds the table from the topic's start", settings_.table)};
}

void Intake::NoteEarlier(const kafka::Message& message) {
  const auto value = message.value();
  if (!value || settings_.append) return;
  const auto envelope = envelopes_.Parse(*value);
  if (envelope) NoteSnapshot(message.partition(), *envelope);
  if (!envelope || envelope->op != event::Op::kDelete) return;
  if (const auto key = KeyOfDelete(message, *envelope))
    removals_[message.partition()] = {message.offset(), *key};
}

// ---- places in PostgreSQL's log -------------------------------------------------------------------------------

std::optional<event::LogPosition> Intake::PositionOf(const event::Envelope& envelope) const {
  if (envelope.op == event::Op::kRead) return std::nullopt;
  const auto source = event::ParseSource(envelope.source);
  return source ? source->position : std::nullopt;
}

/// Of an event that changes a key. In a partition that is watched each event has been asked for already.
Intake::Place Intake::PlaceOf(const kafka::Message& message, const event::Envelope& envelope, Part part) {
  if (replaying_) return {};
  if (changes_.watches(message.partition())) return {watched_at_, false};
  const auto source = event::ParseSource(envelope.source);
  if (!source) return {};
  return {source->position, changes_.SentAgain(SentOf(message, envelope), *source, part)};
}

/// Debezium sends changes again after a crash. \return whether the table has this one.
bool Intake::WasApplied(const kafka::Message& message, const event::Envelope& envelope) {
  watched_at_.reset();
  if (envelope.op == event::Op::kRead) return false;
  const auto source = event::ParseSource(envelope.source);
  if (!source) return false;
  watched_at_ = source->position;
  // The first half of a key change that a commit left out is read again, not sent again.
  if (!changes_.SentAgain(SentOf(message, envelope), *source, PartOf(message, envelope.op))) return false;
  if (envelope.op == event::Op::kDelete) {
    if (const auto key = KeyOfDelete(message, envelope)) removals_[message.partition()] = {message.offset(), *key};
  }
  return true;
}

// ---- rows ---------------------------------------------------------------------------------------------------

/// Whether some row has this key now, in the batch or in the table.
Result<bool> Intake::IsTaken(const Hash128& key) {
  const Slot::State state = fold_.StateOf(key);
  if (state != Slot::State::kUntouched) return state == Slot::State::kLive;
  if (fold_.truncated()) return false;
  return sink_.HasRow(key);
}

/// Appends the key's present row to `out`. \return whether it has one
Result<bool> Intake::CopyPresentRow(const Hash128& key, rows::Batch* out) {
  const Slot::State state = fold_.StateOf(key);
  if (state == Slot::State::kGone) return false;
  if (state == Slot::State::kUntouched) return sink_.ReadRow(key, out);
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
  return sink_.KeepMoved({key});
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

// ---- removals -------------------------------------------------------------------------------------------------

Result<Verdict> Intake::TakeDelete(const kafka::Message& message, const event::Envelope& envelope) {
  if (settings_.append) return AppendRemoval(message, envelope);
  if (by_content()) {
    CDC_ASSIGN(const auto dropped, RemoveByContent(message, envelope));
    return dropped.value_or(Verdict::kTaken);
  }
  const auto key = KeyOfDelete(message, envelope);
  if (!key) {
    CDC_TRY(Bad(message, "delete: " + key.error().message));
    return Verdict::kTaken;
  }
  const bool moving = HeaderOf(message, kNewKeyHeader).has_value();
  removals_[message.partition()] = {message.offset(), *key};
  CDC_TRY(RemoveKey(message, envelope, *key, moving));
  if (moving) {
    doubts_.NoteRemoval(envelope.before);
    return Verdict::kTaken;
  }
  tainted_.Remove(*key);
  CDC_TRY(CloseKeyChange(*key));
  return Verdict::kTaken;
}

/// The row that leaves `key` is the one that was displaced from it, if there is one and the event's `before` is not
/// the newcomer's. \param moving it goes to another key
Status Intake::RemoveKey(const kafka::Message& message, const event::Envelope& envelope, const Hash128& key,
                         bool moving) {
  const bool by_header = moving && envelope.op == event::Op::kDelete;
  KeyChanges::Open change;
  change.partition = message.partition();
  change.offset = message.offset();
  change.seen = clock_.steady();
  change.before = changes_.newest(message.partition());
  Place place;
  if (by_header) place = PlaceOf(message, envelope, Part::kSingle);
  if (!by_header && changes_.any_displaced()) place.at = PositionOf(envelope);
  if (place.again || !changes_.HasDisplaced(key, place.at)) {
    fold_.Remove(key, moving);
    if (by_header) changes_.Begin(key, std::move(change));
    return {};
  }
  KeyChanges::Displaced displaced = changes_.TakeDisplaced(key, clock_.steady());
  CDC_ASSIGN(const bool newcomer, IsPresentRow(key, envelope.before));
  if (newcomer && !displaced.row.known) {
    return ValuesLost(fmt::format("{}[{}]@{}", message.topic(), message.partition(), message.offset()));
  }
  if (newcomer) {
    fold_.Remove(key, moving);
    Reinstate(message, key, displaced.row);
    change.reinstated = std::move(displaced);
  } else {
    if (moving) fold_.Depart(key, displaced.row);
    change.departs = std::move(displaced);
  }
  if (by_header) changes_.Begin(key, std::move(change));
  return {};
}

/// A tombstone follows its delete; in a compacted topic it may be all that is left of it.
Result<Verdict> Intake::TakeTombstone(const kafka::Message& message) {
  if (settings_.append || !message.key() || key_decoder_ == nullptr) return Verdict::kTaken;
  // Whose it is in a topic of several tables, a tombstone does not say.
  if (shared_topic_) return Verdict::kTaken;
  const auto key = HashOfKey(*message.key(), false);
  if (!key || changes_.Find(*key) != nullptr) return Verdict::kTaken;
  const auto removal = removals_.find(message.partition());
  if (removal != removals_.end() && removal->second.offset + 1 == message.offset() && removal->second.key == *key)
    return Verdict::kTaken;
  fold_.Remove(*key);
  return Verdict::kTaken;
}

Result<Hash128> Intake::HashOfKey(std::string_view json, bool is_row) {
  if (key_decoder_ == nullptr) return Error{ErrorKind::kBadValue, "the table has no key"};
  std::string_view schema;
  std::string_view object = json;
  if (!is_row) {
    CDC_ASSIGN(object, keys_.ParseKey(json, &schema));
  }
  if (object.empty()) return Error{ErrorKind::kBadValue, "the key is null"};
  key_batch_->Truncate(0);
  if (key_decoder_->Decode(object, key_batch_.get(), true) != event::RowOutcome::kWhole) {
    return Error{ErrorKind::kBadValue, "key: " + key_decoder_->error()};
  }
  for (size_t i = 0; i < key_batch_->column_count(); ++i) {
    if (key_batch_->column(i).has_value(0)) continue;
    return Error{ErrorKind::kBadValue, "key column '" + key_schema_->fields[i].name + "' is missing"};
  }
  return (*key_hasher_)(*key_batch_, 0);
}

}  // namespace cdc::worker
