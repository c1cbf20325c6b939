#include "lib/change/fold.h"

#include <algorithm>
#include <utility>

namespace cdc::change {
namespace {

constexpr size_t kFirstCapacity = 1024;

bool Holds(const std::vector<int>& columns, int column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

}  // namespace

Fold::Fold(std::shared_ptr<const rows::Schema> schema) : batch_(std::move(schema)) {}

/// What a place of table_ holds of a key: as many bits of its hash as the slot's number leaves. Nearly every
/// other key that is met on the way is told apart by them, without a look at its slot.
uint32_t Fold::TagOf(const Hash128& key) const {
  return static_cast<uint32_t>(key.high) & ~static_cast<uint32_t>(table_.size() - 1);
}

/// The place of `key`, or the empty one where it would go.
size_t Fold::PlaceOf(const Hash128& key) const {
  const size_t mask = table_.size() - 1;
  const uint32_t tag = TagOf(key);
  size_t at = key.low & mask;
  for (; table_[at] != 0; at = (at + 1) & mask) {
    if ((table_[at] & ~mask) == tag && slots_[(table_[at] & mask) - 1].key == key) break;
  }
  return at;
}

Slot* Fold::Find(const Hash128& key) const {
  Settle();
  if (table_.empty()) return nullptr;
  const uint32_t place = table_[PlaceOf(key)];
  return place == 0 ? nullptr : &slots_[(place & (table_.size() - 1)) - 1];
}

Slot& Fold::FindOrAdd(const Hash128& key) const {
  if ((slots_.size() + 1) * 2 > table_.size()) Rehash(table_.empty() ? kFirstCapacity : table_.size() * 2);
  uint32_t& place = table_[PlaceOf(key)];
  if (place != 0) return slots_[(place & (table_.size() - 1)) - 1];
  slots_.push_back(Slot{key, 0, Slot::State::kUntouched});
  place = TagOf(key) | static_cast<uint32_t>(slots_.size());
  return slots_.back();
}

void Fold::Rehash(size_t capacity) const {
  table_.assign(capacity, 0);
  const size_t mask = capacity - 1;
  for (size_t i = 0; i < slots_.size(); ++i) {
    size_t at = slots_[i].key.low & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = TagOf(slots_[i].key) | static_cast<uint32_t>(i + 1);
  }
}

/// Where a key's present row is: in the batch, in the table, or nowhere.
FormerRow Fold::Describe(const Slot* slot, const Hash128& key) const {
  FormerRow state;
  if (slot != nullptr) state.slot = *slot;
  if (state.slot.state == Slot::State::kUntouched) {
    state.known = !truncated_;
    if (state.known) state.table = Gap{key, std::nullopt};
  } else if (state.slot.state == Slot::State::kLive) {
    state.known = true;
    if (const auto gap = gaps_.find(slot->row); gap != gaps_.end()) state.table = gap->second;
  }
  return state;
}

Gaps Fold::FillFrom(const FormerRow& from, uint32_t row, const std::vector<Doubt>& doubts) {
  const bool live = from.known && from.slot.state == Slot::State::kLive;
  const auto refuse = [&](int column, bool doubt) {
    refusal_ = {column, doubt};
    return Gaps::kRefused;
  };
  bool open = false;
  std::vector<Doubt> left;
  for (size_t i = 0; i < batch_.column_count(); ++i) {
    rows::Column& column = batch_.column(i);
    if (column.cell(row) != rows::Cell::kUnavailable) continue;
    if (!from.known) return Gaps::kUnknown;
    const int at = static_cast<int>(i);
    const bool in_doubt = live && from.table && from.table->has_doubt(at);
    if (live) column.ReplaceLastFrom(from.slot.row);
    if (in_doubt) left.push_back({at, false});
    if (!in_doubt && column.cell(row) == rows::Cell::kNull && !Holds(computed_, at)) return refuse(at, false);
    open |= column.cell(row) == rows::Cell::kUnavailable;
  }
  for (const Doubt& doubt : doubts) {
    const rows::Column& column = batch_.column(static_cast<size_t>(doubt.column));
    const uint32_t old = from.slot.row;
    if (live && column.cell(old) != rows::Cell::kUnavailable &&
        !(from.table && from.table->has_doubt(doubt.column))) {
      if (MayBeMoved(batch_, old, doubt)) return refuse(doubt.column, true);
    } else if (from.known && from.table) {
      left.push_back(doubt);
    }
  }
  if (rederive_) rederive_(&batch_, row);
  if (!open && left.empty()) return Gaps::kFilled;
  if (!from.table) return Gaps::kUnknown;
  gaps_[row] = *from.table;
  gaps_[row].doubts = std::move(left);
  return Gaps::kPending;
}

bool Gap::has_doubt(int column) const {
  return std::any_of(doubts.begin(), doubts.end(), [&](const Doubt& d) { return d.column == column; });
}

void Fold::Place(const Hash128& key, uint32_t row) const {
  Slot& slot = FindOrAdd(key);
  if (slot.state == Slot::State::kLive) gaps_.erase(slot.row);
  slot.row = row;
  slot.state = Slot::State::kLive;
}

void Fold::PlaceWaiting() const {
  const size_t count = std::exchange(waiting_count_, 0);
  for (size_t i = 0; i < count; ++i) Place(waiting_[i].key, waiting_[i].row);
}

Gaps Fold::Upsert(const Hash128& key, uint32_t row, bool has_gaps, std::vector<Doubt> doubts) {
  if (!has_gaps) {
    if (!table_.empty()) __builtin_prefetch(&table_[key.low & (table_.size() - 1)]);
    waiting_[waiting_count_++] = {key, row};
    if (waiting_count_ == waiting_.size()) PlaceWaiting();
    return Gaps::kFilled;
  }
  const Slot* present = Find(key);
  FormerRow from = Describe(present, key);
  if (present != nullptr && present->state == Slot::State::kGone) {
    // Sent again: it is from before its key was changed, and what it leaves out is in the row as it was then.
    if (const auto move = moved_.find(key); move != moved_.end()) from = move->second;
  }
  const Gaps gaps = FillFrom(from, row, doubts);
  if (gaps == Gaps::kFilled || gaps == Gaps::kPending) Place(key, row);
  return gaps;
}

Gaps Fold::UpsertMoved(const Hash128& key, uint32_t row, bool has_gaps, const Hash128& old_key,
                       std::vector<Doubt> doubts) {
  Settle();
  const auto move = moved_.find(old_key);
  Gaps gaps = Gaps::kFilled;
  if (has_gaps) {
    const Slot* present = Find(key);
    FormerRow from;
    if (present != nullptr && present->state == Slot::State::kLive) {
      // Sent again: the row has its new key already, and holds what this event leaves out.
      from = Describe(present, key);
    } else if (move != moved_.end()) {
      from = move->second;
    } else {
      // The first half is in another partition, and still to come: the old row is where it always was …
      from = Describe(Find(old_key), old_key);
      // … or it was committed long ago, as a delete, and the old key may have a new row by now.
      if (!truncated_) {
        from.known = true;
        from.slot.state = Slot::State::kUntouched;
        from.table = Gap{old_key, std::nullopt, true};
      }
    }
    const bool untouched = !truncated_ && (present == nullptr || present->state == Slot::State::kUntouched);
    if (untouched && from.table) from.table->otherwise = key;
    if (untouched && !from.known) from = Describe(present, key);
    gaps = FillFrom(from, row, doubts);
  }
  if (move != moved_.end()) moved_.erase(move);
  if (gaps == Gaps::kFilled || gaps == Gaps::kPending) Place(key, row);
  return gaps;
}

void Fold::Remove(const Hash128& key, bool moving) {
  Settle();
  if (moving) {
    FormerRow from = Describe(Find(key), key);
    // Sent again, it finds no row any more: what is known from the first time holds.
    if (from.known || !moved_.contains(key)) moved_[key] = std::move(from);
  }
  Slot& slot = FindOrAdd(key);
  // The gaps of a moving row stay noted: its successor copies the note. Only live slots are written.
  slot.state = Slot::State::kGone;
}

void Fold::RestoreMoved(const Hash128& key) {
  const auto move = moved_.find(key);
  Slot* slot = Find(key);
  if (move == moved_.end() || slot == nullptr || slot->state != Slot::State::kGone) return;
  slot->state = move->second.slot.state;
  slot->row = move->second.slot.row;
  moved_.erase(move);
}

Slot::State Fold::StateOf(const Hash128& key) const {
  const Slot* slot = Find(key);
  return slot == nullptr ? Slot::State::kUntouched : slot->state;
}

std::optional<uint32_t> Fold::LiveRow(const Hash128& key) const {
  const Slot* slot = Find(key);
  return slot != nullptr && slot->state == Slot::State::kLive ? std::optional(slot->row) : std::nullopt;
}

void Fold::NoteKey(const Hash128& key, const rows::KeyRow& values) {
  if (!keeps_keys() || !values.known()) return;
  if (noted_ == nullptr) {
    auto schema = std::make_shared<rows::Schema>();
    for (const int column : *values.columns)
      schema->fields.push_back(values.batch->schema().fields[static_cast<size_t>(column)]);
    noted_ = std::make_shared<NotedKeys>(std::move(schema));
    for (size_t i = 0; i < values.size(); ++i) noted_->columns.push_back(static_cast<int>(i));
  }
  if (!noted_->rows.emplace(key, noted_->batch.rows()).second) return;
  for (size_t i = 0; i < values.size(); ++i)
    noted_->batch.column(i).AppendFrom(values.column(i), values.row);
}

rows::KeyRow Fold::FindKey(const Hash128& key) const {
  if (noted_ != nullptr) {
    if (const rows::KeyRow noted = noted_->Find(key); noted.known()) return noted;
  }
  const Slot* slot = Find(key);
  if (slot == nullptr || slot->state != Slot::State::kLive || !keeps_keys()) return {};
  return {&batch_, slot->row, &key_columns_};
}

FormerRow Fold::Displace(const Hash128& key) {
  const FormerRow row = Describe(Find(key), key);
  FindOrAdd(key).state = Slot::State::kGone;
  return row;
}

std::optional<uint32_t> Fold::Reinstate(const Hash128& key, const FormerRow& row) {
  Settle();
  if (row.slot.state == Slot::State::kUntouched && row.table && row.table->displaced) {
    // An earlier batch has taken it out of the table: it is written again, all of it from where it was.
    const uint32_t again = batch_.rows();
    for (size_t i = 0; i < batch_.column_count(); ++i) batch_.column(i).AppendUnavailable();
    Place(key, again);
    gaps_[again] = *row.table;
    gaps_[again].whole = true;
    return again;
  }
  Slot& slot = FindOrAdd(key);
  if (slot.state == Slot::State::kLive) gaps_.erase(slot.row);
  slot.state = row.slot.state;
  slot.row = row.slot.row;
  if (slot.state == Slot::State::kLive && row.table) gaps_[slot.row] = *row.table;
  return std::nullopt;
}

void Fold::Truncate() {
  std::vector<int> columns = std::move(key_columns_);
  Reset(batch_.shared_schema());
  key_columns_ = std::move(columns);
  truncated_ = true;
}

bool Fold::Complete(uint32_t slot, const rows::Batch& patch, uint32_t patch_row,
                    const std::vector<int>& column_in_patch) {
  Settle();
  const uint32_t row = slots_[slot].row, completed = batch_.rows();
  const auto gap = gaps_.find(row);
  const bool whole = gap != gaps_.end() && gap->second.whole;
  for (size_t i = 0; i < batch_.column_count() && !whole; ++i) {
    if (batch_.column(i).cell(row) != rows::Cell::kUnavailable) continue;
    if (patch.column(static_cast<size_t>(column_in_patch[i])).has_value(patch_row)) continue;
    if (Holds(computed_, static_cast<int>(i))) continue;
    refused_[row] = {static_cast<int>(i), false};
    return false;
  }
  for (size_t i = 0; i < batch_.column_count(); ++i) {
    rows::Column& column = batch_.column(i);
    if (column.cell(row) == rows::Cell::kUnavailable) {
      column.AppendFrom(patch.column(static_cast<size_t>(column_in_patch[i])), patch_row);
    } else {
      column.AppendNull();
      column.ReplaceLastFrom(row);
    }
  }
  if (rederive_) rederive_(&batch_, completed);
  gaps_.erase(row);
  slots_[slot].row = completed;
  return true;
}

void Fold::Abandon(const Hash128& key) {
  Slot* slot = Find(key);
  if (slot == nullptr) return;
  gaps_.erase(slot->row);
  slot->state = Slot::State::kUntouched;
}

size_t Fold::byte_size() const {
  const size_t noted = noted_ == nullptr ? 0 : noted_->batch.byte_size() + noted_->rows.size() * 48;
  return batch_.byte_size() + noted + slots_.size() * sizeof(Slot) + table_.size() * sizeof(uint32_t);
}

void Fold::Reset(std::shared_ptr<const rows::Schema> schema) {
  if (schema == batch_.shared_schema())
    batch_.Truncate(0);
  else
    batch_ = rows::Batch(std::move(schema));
  waiting_count_ = 0;
  slots_.clear();
  table_.clear();
  gaps_.clear();
  moved_.clear();
  refused_.clear();
  noted_.reset();
  key_columns_.clear();
  truncated_ = false;
}

}  // namespace cdc::change
