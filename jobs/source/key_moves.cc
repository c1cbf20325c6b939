#include "jobs/source/key_moves.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/source/debezium_headers.h"

namespace cdc::source {
namespace {

Part PartOf(const kafka::Message& message, event::Op op) {
  if (op != event::Op::kCreate) return Part::kSingle;
  return HeaderOf(message, kOldKeyHeader) ? Part::kSecondHalf : Part::kRow;
}

Sent SentOf(const kafka::Message& message, const event::Envelope& envelope) {
  return {message.partition(), message.offset(), message.timestamp_ms(), HashBytes(envelope.after).low};
}

}  // namespace

KeyMoves::KeyMoves(OpenBatch& batch, EventReader& reader, PresentRows& present, IncompleteRows& incomplete)
    : batch_(batch), reader_(reader), present_(present), incomplete_(incomplete) {}

// ---- what a commit has to know

std::optional<int64_t> KeyMoves::HeldOffset(int32_t partition) const {
  std::optional<int64_t> held;
  for (const auto& [key, change] : batch_.changes.open()) {
    if (change.partition == partition) held = std::min(held.value_or(change.offset), change.offset);
  }
  return held;
}

void KeyMoves::SetAside() {
  for (const auto& [key, change] : batch_.changes.open()) {
    if (change.departs)
      batch_.fold.ForgetDeparted(key);
    else
      batch_.fold.RestoreMoved(key);
  }
}

void KeyMoves::TakeIn() {
  for (const auto& [key, change] : batch_.changes.open()) {
    if (change.departs)
      batch_.fold.Depart(key, change.departs->row);
    else
      batch_.fold.Remove(key, true);
    if (change.reinstated) batch_.fold.Reinstate(key, change.reinstated->row);
  }
}

Status KeyMoves::GiveUp(SteadyTime since) {
  std::vector<Hash128> keys, displaced;
  for (const auto& [key, change] : batch_.changes.open()) {
    if (change.seen < since) (change.departs || change.reinstated ? displaced : keys).push_back(key);
  }
  for (const Hash128& key : keys) batch_.changes.End(key);
  for (const Hash128& key : displaced) batch_.changes.End(key);
  return keys.empty() ? Status{} : batch_.table.KeepMoved(keys, batch_.fold);
}

std::optional<SteadyTime> KeyMoves::oldest() const {
  std::optional<SteadyTime> oldest;
  for (const auto& [key, change] : batch_.changes.open())
    oldest = std::min(oldest.value_or(change.seen), change.seen);
  // A statement that moves many rows has its commit when it is done: as long as it goes on, it is waited for.
  if (!oldest && batch_.changes.unsettled()) oldest = batch_.changes.last_displacement();
  return oldest;
}

Status KeyMoves::KeepDisplaced() {
  // What a snapshot remembers of each is some 50 bytes, and a table's metadata repeats it for every snapshot.
  constexpr size_t kMostDisplaced = 20'000;
  if (batch_.changes.WouldLose()) return ValuesLost("the newest commit");
  const std::vector<Hash128> keys = batch_.changes.DisplacedFromTable();
  if (!keys.empty()) CDC_TRY(batch_.table.KeepMoved(keys, batch_.fold));
  const size_t count = batch_.changes.state().displaced.size();
  if (count <= kMostDisplaced) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format(
          "a transaction has moved rows onto the keys of {} others that have not moved yet, and no batch of "
          "this size holds all of it",
          count),
      fmt::format("raise `memory` of this table in tables.toml so that one batch holds the transaction, then "
                  "`cdc trigger {}`",
                  batch_.settings.table)};
}

Error KeyMoves::ValuesLost(const std::string& where) const {
  return Error{
      ErrorKind::kUnsupported,
      fmt::format(
          "{}: two rows had one key within a transaction, the one that came later has left it, and the "
          "other one's values are not known any more",
          where),
      fmt::format("`cdc reset {} --yes` rebuilds the table from the topic's start", batch_.settings.table)};
}

// ---- what an event says

std::optional<event::LogPosition> KeyMoves::PositionOf(const event::Envelope& envelope) {
  if (envelope.op == event::Op::kRead) return std::nullopt;
  const auto source = event::ParseSource(envelope.source);
  return source ? source->position : std::nullopt;
}

/// In a partition that is watched each event has been asked for already.
LogPlace KeyMoves::PlaceOf(const kafka::Message& message, const event::Envelope& envelope, Part part) {
  if (batch_.replaying) return {};
  if (batch_.changes.watches(message.partition())) return {watched_at_, false};
  const auto source = event::ParseSource(envelope.source);
  if (!source) return {};
  return {source->position, batch_.changes.SentAgain(SentOf(message, envelope), *source, part)};
}

bool KeyMoves::WasApplied(const kafka::Message& message, const event::Envelope& envelope) {
  watched_at_.reset();
  if (envelope.op == event::Op::kRead) return false;
  const auto source = event::ParseSource(envelope.source);
  if (!source) return false;
  watched_at_ = source->position;
  // The first half of a key change that a commit left out is read again, not sent again.
  return batch_.changes.SentAgain(SentOf(message, envelope), *source, PartOf(message, envelope.op));
}

Result<std::optional<Move>> KeyMoves::MoveOf(const kafka::Message& message, const event::Envelope& envelope,
                                             const Hash128& key) {
  if (envelope.op == event::Op::kCreate) {
    const auto header = HeaderOf(message, kOldKeyHeader);
    if (!header) return std::optional<Move>();
    if (const auto parsed = reader_.HashOfKey(*header, false)) return std::optional(Move{*parsed, false});
    const auto last = batch_.changes.LastMoved(message.partition());
    return last ? std::optional(Move{*last, false}) : std::nullopt;
  }
  // With REPLICA IDENTITY FULL and a key that only tables.toml names, `before` alone tells that the key
  // changed.
  if (envelope.op != event::Op::kUpdate || envelope.before.empty()) return std::optional<Move>();
  const auto before = reader_.HashOfKey(envelope.before, true);
  if (!before || *before == key) return std::optional<Move>();
  if (batch_.partitions > 1) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("the key changes at {}[{}]@{} without a message key that says so: in a topic of {} "
                    "partitions nothing orders the rows of both keys",
                    message.topic(), message.partition(), message.offset(), batch_.partitions),
        fmt::format("let the events be keyed by the table's key (message.key.columns at the connector), or "
                    "use one partition; then `cdc reset {} --yes`",
                    batch_.settings.table)};
  }
  return std::optional(Move{*before, true});
}

// ---- what happens to the batch

/// The row that leaves `key` is the one that was displaced from it, if there is one and the event's `before`
/// is not the newcomer's.
Status KeyMoves::Remove(const kafka::Message& message, const event::Envelope& envelope, const Hash128& key,
                        bool moving) {
  KeyChanges& changes = batch_.changes;
  const bool by_header = moving && envelope.op == event::Op::kDelete;
  KeyChanges::Open change;
  change.partition = message.partition();
  change.offset = message.offset();
  change.seen = batch_.clock.steady();
  change.before = changes.newest(message.partition());
  LogPlace place;
  if (by_header) place = PlaceOf(message, envelope, Part::kSingle);
  if (!by_header && changes.any_displaced()) place.at = PositionOf(envelope);
  if (place.again || !changes.HasDisplaced(key, place.at)) {
    batch_.fold.Remove(key, moving);
    if (by_header) changes.Begin(key, std::move(change));
    return {};
  }
  KeyChanges::Displaced displaced = changes.TakeDisplaced(key, batch_.clock.steady());
  CDC_ASSIGN(const bool newcomer, present_.IsRow(key, envelope.before));
  if (newcomer && !displaced.row.known) {
    return ValuesLost(fmt::format("{}[{}]@{}", message.topic(), message.partition(), message.offset()));
  }
  if (newcomer) {
    batch_.fold.Remove(key, moving);
    Reinstate(message, key, displaced.row);
    change.reinstated = std::move(displaced);
  } else {
    if (moving) batch_.fold.Depart(key, displaced.row);
    change.departs = std::move(displaced);
  }
  if (by_header) changes.Begin(key, std::move(change));
  return {};
}

void KeyMoves::Reinstate(const kafka::Message& message, const Hash128& key, const FormerRow& row) {
  if (const auto again = batch_.fold.Reinstate(key, row)) incomplete_.Keep(message, *again);
}

Status KeyMoves::Close(const Hash128& key) {
  const KeyChanges::Open* const first_half = batch_.changes.Find(key);
  if (first_half == nullptr || first_half->departs || first_half->reinstated) return {};
  batch_.changes.End(key);
  return batch_.table.KeepMoved({key}, batch_.fold);
}

Status KeyMoves::CloseOf(const kafka::Message& message) {
  const auto old_key = HeaderOf(message, kOldKeyHeader);
  if (!old_key) return {};
  const auto key = reader_.HashOfKey(*old_key, false);
  if (!key) return {};
  if (const auto* first_half = batch_.changes.Find(*key); first_half != nullptr && first_half->departs) {
    batch_.fold.ForgetDeparted(*key);
    batch_.changes.End(*key);
  }
  return Close(*key);
}

}  // namespace cdc::source
