#include <fmt/format.h>

#include <algorithm>

#include "jobs/source/intake.h"

namespace cdc::source {
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

// ---- what a commit has to know
// --------------------------------------------------------------------------------

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
  for (const auto& [key, change] : changes_.open())
    oldest = std::min(oldest.value_or(change.seen), change.seen);
  // A statement that moves many rows has its commit when it is done: as long as it goes on, it is waited for.
  if (!oldest && changes_.unsettled()) oldest = changes_.last_displacement();
  return oldest;
}

Status Intake::KeepDisplaced() {
  // What a snapshot remembers of each is some 50 bytes, and a table's metadata repeats it for every snapshot.
  constexpr size_t kMostDisplaced = 20'000;
  if (changes_.WouldLose()) return ValuesLost("the newest commit");
  const std::vector<Hash128> keys = changes_.DisplacedFromTable();
  if (!keys.empty()) CDC_TRY(table_.KeepMoved(keys, fold_));
  const size_t count = changes_.state().displaced.size();
  if (count <= kMostDisplaced) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("a transaction has moved rows onto the keys of {} others that have not moved yet, and "
                  "no batch of this size holds all of it",
                  count),
      fmt::format("raise `memory` of this table in tables.toml so that one batch holds the transaction, "
                  "then `cdc trigger {}`",
                  settings_.table)};
}

Error Intake::ValuesLost(const std::string& where) const {
  return Error{
      ErrorKind::kUnsupported,
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

// ---- places in PostgreSQL's log
// -------------------------------------------------------------------------------

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
    if (const auto key = KeyOfDelete(message, envelope))
      removals_[message.partition()] = {message.offset(), *key};
  }
  return true;
}

// ---- removals
// -------------------------------------------------------------------------------------------------

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
  // By event time each row is on its own: one that moves is removed here and comes anew there.
  const bool moving = HeaderOf(message, kNewKeyHeader).has_value() && !settings_.rows.by_event_time;
  removals_[message.partition()] = {message.offset(), *key};
  if (settings_.rows.marks_rows() && !moving && !changes_.any_displaced()) {
    const Status marked = MarkRemoved(envelope, *key);
    if (!marked && marked.error().kind == ErrorKind::kBadValue)
      return DropRow(message, fold_.batch().rows(), marked.error().message);
    if (!marked) return marked.error();
  } else {
    CDC_TRY(RemoveKey(message, envelope, *key, moving));
  }
  if (moving) {
    doubts_.NoteRemoval(envelope.before);
    return Verdict::kTaken;
  }
  tainted_.Remove(*key);
  CDC_TRY(CloseKeyChange(*key));
  return Verdict::kTaken;
}

/// The row that leaves `key` is the one that was displaced from it, if there is one and the event's `before`
/// is not the newcomer's. \param moving it goes to another key
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
  if (removal != removals_.end() && removal->second.offset + 1 == message.offset() &&
      removal->second.key == *key)
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
  const Hash128 key = (*key_hasher_)(*key_batch_, 0);
  fold_.NoteKey(key, {key_batch_.get(), 0, &key_batch_columns_});
  return key;
}

}  // namespace cdc::source
