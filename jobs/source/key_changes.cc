#include "jobs/source/key_changes.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace cdc::source {
namespace {

/// How long Debezium takes to begin again, at least.
constexpr Millis kRestart{500};

/// A row that an earlier batch took out of the table: Sink::KeepMoved() noted its place.
FormerRow NotedRow(const Hash128& key, bool known) {
  FormerRow row;
  row.known = known;
  if (known) row.table = Gap{key, std::nullopt, true, true};
  return row;
}

bool IsInTable(const FormerRow& row) { return row.known && row.slot.state == Slot::State::kUntouched; }

/// Whether its values are to be found once the batch is committed.
bool IsNoted(const FormerRow& row) { return IsInTable(row) || (row.table && row.table->displaced); }

}  // namespace

KeyChanges::KeyChanges(contract::KeyChangeState state) : state_(std::move(state)) {
  for (const contract::DisplacedKey& each : std::exchange(state_.displaced, {})) {
    displaced_[each.key].push_back({NotedRow(each.key, each.noted), each.transaction, true});
  }
}

KeyChanges::Open* KeyChanges::Find(const Hash128& key) {
  const auto found = open_.find(key);
  return found == open_.end() ? nullptr : &found->second;
}

void KeyChanges::Begin(const Hash128& key, Open change) {
  last_moved_[change.partition] = key;
  open_[key] = std::move(change);
}

std::optional<Hash128> KeyChanges::LastMoved(int32_t partition) const {
  const auto last = last_moved_.find(partition);
  return last == last_moved_.end() ? std::nullopt : std::optional(last->second);
}

void KeyChanges::Displace(const Hash128& key, FormerRow row, const std::optional<event::LogPosition>& at,
                          SteadyTime now) {
  displaced_[key].push_back({std::move(row), at ? at->transaction : 0, false});
  ++fresh_;
  last_displacement_ = now;
}

bool KeyChanges::HasDisplaced(const Hash128& key, const std::optional<event::LogPosition>& at) {
  if (displaced_.empty()) return false;
  const auto found = displaced_.find(key);
  if (found == displaced_.end()) return false;
  std::deque<Displaced>& rows = found->second;
  while (at && !rows.empty() && rows.front().transaction != 0 && rows.front().transaction < at->transaction) {
    fresh_ -= rows.front().carried ? 0 : 1;
    rows.pop_front();
  }
  if (!rows.empty()) return true;
  displaced_.erase(found);
  return false;
}

KeyChanges::Displaced KeyChanges::TakeDisplaced(const Hash128& key, SteadyTime now) {
  const auto found = displaced_.find(key);
  Displaced row = std::move(found->second.front());
  found->second.pop_front();
  if (found->second.empty()) displaced_.erase(found);
  if (!row.carried) --fresh_;
  last_displacement_ = now;
  return row;
}

std::vector<Hash128> KeyChanges::DisplacedFromTable() const {
  std::vector<Hash128> keys;
  const auto look = [&keys](const Hash128& key, const Displaced& row) {
    if (!row.carried && IsInTable(row.row)) keys.push_back(key);
  };
  for (const auto& [key, rows] : displaced_) {
    for (const Displaced& each : rows) look(key, each);
  }
  for (const auto& [key, change] : open_) {
    if (change.departs) look(key, *change.departs);
    if (change.reinstated) look(key, *change.reinstated);
  }
  return keys;
}

bool KeyChanges::WouldLose() const {
  return std::any_of(open_.begin(), open_.end(), [](const auto& each) {
    return each.second.reinstated && !IsNoted(each.second.reinstated->row);
  });
}

void KeyChanges::CarryOver() {
  const auto carry = [](const Hash128& key, Displaced* row) {
    if (!row->carried) row->row = NotedRow(key, IsNoted(row->row));
    row->carried = true;
  };
  for (auto& [key, rows] : displaced_) {
    for (Displaced& each : rows) carry(key, &each);
  }
  for (auto& [key, change] : open_) {
    if (change.departs) carry(key, &*change.departs);
    if (change.reinstated) carry(key, &*change.reinstated);
  }
  fresh_ = 0;
}

void KeyChanges::Truncate() {
  open_.clear();
  displaced_.clear();
  fresh_ = 0;
}

void KeyChanges::UpdateDisplaced(const Hash128& key, uint32_t row) {
  FormerRow now;
  now.slot = {key, row, Slot::State::kLive};
  now.known = true;
  Displaced& first = displaced_.at(key).front();
  fresh_ += first.carried ? 1 : 0;
  first.carried = false;
  first.row = std::move(now);
}

bool KeyChanges::SentAgain(const Sent& sent, const event::Source& source, Part part) {
  if (!source.position) return false;
  Asked& asked = asked_[sent.partition];
  if (asked.offset == sent.offset) return false;
  contract::AppliedChange& newest = state_.applied[sent.partition];
  const bool second_half = part == Part::kSecondHalf;
  const auto now = std::tuple(source.position->transaction, source.position->lsn, second_half);
  const auto before = std::tuple(newest.transaction, newest.lsn, newest.second_half);
  // Another server's log may begin anew with smaller positions, but its commits are later.
  const bool later = source.ts_ms > newest.ts_ms;
  if (now < before && !later) {
    asked = {asked.offset, true, 0};
    return true;
  }
  if (now == before && !later) {
    if (part != Part::kRow) return true;
    // The rows of a COPY come in one go. Debezium takes longer than that to begin again, then with the first.
    if (!asked.resending && sent.row == newest.first_row && sent.ms - newest.sent_ms >= kRestart.count())
      asked = {asked.offset, true, 0};
    if (asked.resending && asked.rows < newest.rows) {
      ++asked.rows;
      return true;
    }
  }
  asked = {sent.offset, false, 0};
  const bool same = now == before && newest.rows > 0;
  newest.rows = (same ? newest.rows : 0) + (part == Part::kRow ? 1 : 0);
  if (!same) newest.first_row = sent.row;
  newest.sent_ms = sent.ms;
  newest.transaction = source.position->transaction;
  newest.lsn = source.position->lsn;
  newest.second_half = second_half;
  newest.ts_ms = source.ts_ms;
  return false;
}

bool KeyChanges::watches(int32_t partition) const {
  const auto applied = state_.applied.find(partition);
  return applied != state_.applied.end() && applied->second.every_change;
}

contract::AppliedChange KeyChanges::newest(int32_t partition) const {
  const auto applied = state_.applied.find(partition);
  return applied == state_.applied.end() ? contract::AppliedChange{} : applied->second;
}

contract::KeyChangeState KeyChanges::state() const {
  contract::KeyChangeState state = state_;
  // A commit ends before the first halves that wait: the next run reads them again, as new changes.
  std::map<int32_t, const Open*> first;
  for (const auto& [key, change] : open_) {
    const Open*& oldest = first[change.partition];
    if (oldest == nullptr || change.offset < oldest->offset) oldest = &change;
  }
  for (const auto& [partition, change] : first) {
    const auto applied = state.applied.find(partition);
    if (applied == state.applied.end()) continue;
    const bool every_change = applied->second.every_change;
    applied->second = change->before;
    applied->second.every_change = every_change;
  }
  const auto remember = [&state](const Hash128& key, const Displaced& row) {
    state.displaced.push_back({key, row.transaction, IsNoted(row.row)});
  };
  for (const auto& [key, change] : open_) {
    if (change.departs) remember(key, *change.departs);
    if (change.reinstated) remember(key, *change.reinstated);
  }
  for (const auto& [key, rows] : displaced_) {
    for (const Displaced& each : rows) remember(key, each);
  }
  return state;
}

}  // namespace cdc::source
