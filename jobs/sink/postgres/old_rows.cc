#include "jobs/sink/postgres/old_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "jobs/sink/postgres/copy_text.h"

namespace cdc::postgres_sink {
namespace {

using worker::Doubt;
using worker::Fold;
using worker::Gap;
using worker::Slot;

/// Old rows held beside the batch at a time.
constexpr size_t kRowsAtOnce = 512;
constexpr size_t kMostMoved = 10'000;

/// Whether the columns that were not sent can be left as they are: they are those of the key's own row.
bool IsOwnRow(const Gap& gap, const Hash128& key) {
  return gap.key == key && !gap.late && !gap.displaced && !gap.whole && gap.doubts.empty();
}

}  // namespace

Result<std::vector<bool>> OldRows::Find(const std::vector<rows::KeyRow>& keys) {
  std::vector<bool> found(keys.size(), false);
  if (keys.empty()) return found;
  const Status done = link_->InTransaction([&]() -> Status {
    CDC_TRY(writer_->CopyKeys(keys, link_->session()));
    CDC_ASSIGN(const auto answer, link_->session()->Run(writer_->FindStatement(), "Looking for rows"));
    for (const auto& row : answer.rows)
      found[static_cast<size_t>(std::strtoull(row[0].value_or("0").c_str(), nullptr, 10))] = true;
    return {};
  });
  if (!done) return done.error();
  return found;
}

Result<std::vector<std::optional<uint32_t>>> OldRows::Read(const std::vector<rows::KeyRow>& keys,
                                                           rows::Batch* found) {
  std::vector<std::optional<uint32_t>> places(keys.size());
  if (keys.empty()) return places;
  const Status done = link_->InTransaction([&]() -> Status {
    CDC_TRY(writer_->CopyKeys(keys, link_->session()));
    CDC_ASSIGN(const auto answer, link_->session()->Run(writer_->ReadStatement(), "Reading rows"));
    for (const auto& row : answer.rows) {
      const auto number = static_cast<size_t>(std::strtoull(row[0].value_or("0").c_str(), nullptr, 10));
      places[number] = found->rows();
      CDC_TRY(writer_->AppendRow(row, 1, found));
    }
    return {};
  });
  if (!done) return done.error();
  return places;
}

std::shared_ptr<const rows::Batch> OldRows::KeptRow(const Hash128& key) const {
  const auto kept = moved_.find(key);
  return kept == moved_.end() ? nullptr : kept->second;
}

Result<std::vector<uint32_t>> OldRows::FillGaps(Fold* fold) {
  std::vector<uint32_t> unknown, own_rows;
  std::vector<rows::KeyRow> own_keys;
  std::vector<Wanted> wanted;
  for (uint32_t number = 0; number < fold->slots().size(); ++number) {
    const Slot& slot = fold->slots()[number];
    if (slot.state != Slot::State::kLive) continue;
    const auto gap = fold->gaps().find(slot.row);
    if (gap == fold->gaps().end()) continue;
    if (IsOwnRow(gap->second, slot.key)) {
      own_rows.push_back(slot.row);
      own_keys.push_back(fold->FindKey(slot.key));
      continue;
    }
    Wanted each;
    each.slot = number;
    if (gap->second.late || gap->second.displaced) each.kept = KeptRow(gap->second.key);
    if (!gap->second.displaced) each.key = fold->FindKey(gap->second.key);
    if (gap->second.otherwise) {
      each.otherwise = fold->FindKey(*gap->second.otherwise);
      // The first half was committed as a delete, and is sent again with the second.
      if (each.kept == nullptr && !each.key.known()) each.kept = KeptRow(gap->second.key);
    }
    wanted.push_back(std::move(each));
  }
  CDC_ASSIGN(const std::vector<bool> there, Find(own_keys));
  for (size_t i = 0; i < own_rows.size(); ++i) {
    if (!there[i]) unknown.push_back(own_rows[i]);
  }
  for (size_t at = 0; at < wanted.size(); at += kRowsAtOnce) {
    const auto begin = wanted.begin() + static_cast<ptrdiff_t>(at);
    const auto end = wanted.begin() + static_cast<ptrdiff_t>(std::min(at + kRowsAtOnce, wanted.size()));
    CDC_TRY(FillFromRows({begin, end}, fold, &unknown));
  }
  return unknown;
}

/// \param unknown gets the rows that no old row completes
Status OldRows::FillFromRows(const std::vector<Wanted>& wanted, Fold* fold, std::vector<uint32_t>* unknown) {
  std::vector<rows::KeyRow> keys;
  std::vector<std::pair<int, int>> asked;  // of each: its key, and the other one, among `keys`; −1: not asked
  for (const Wanted& each : wanted) {
    const auto ask = [&](const rows::KeyRow& key) {
      if (!key.known() || each.kept != nullptr) return -1;
      keys.push_back(key);
      return static_cast<int>(keys.size()) - 1;
    };
    const int first = ask(each.key);
    asked.emplace_back(first, ask(each.otherwise));
  }
  rows::Batch found(fold->batch().shared_schema());
  CDC_ASSIGN(const auto places, Read(keys, &found));
  std::vector<int> same_columns;
  for (size_t i = 0; i < found.column_count(); ++i) same_columns.push_back(static_cast<int>(i));
  for (size_t i = 0; i < wanted.size(); ++i) {
    const uint32_t slot = wanted[i].slot, row = fold->slots()[slot].row;
    const rows::Batch* old = wanted[i].kept != nullptr ? wanted[i].kept.get() : &found;
    std::optional<uint32_t> at;
    if (wanted[i].kept != nullptr) at = 0;
    for (const int key : {asked[i].first, asked[i].second}) {
      if (!at && key >= 0) at = places[static_cast<size_t>(key)];
    }
    if (!at) {
      unknown->push_back(row);
      continue;
    }
    for (const Doubt& doubt : fold->gaps().at(row).doubts) {
      if (!MayBeMoved(*old, *at, doubt)) continue;
      fold->Refuse(slot, doubt.column);
      break;
    }
    if (fold->refused().contains(row) || !fold->Complete(slot, *old, *at, same_columns)) unknown->push_back(row);
  }
  return {};
}

Status OldRows::KeepMoved(const std::vector<Hash128>& keys, const Fold& fold) {
  if (keys.empty()) return {};
  // Old ones have been claimed by the time there are so many.
  if (moved_.size() > kMostMoved) moved_.clear();
  std::vector<rows::KeyRow> values;
  std::vector<Hash128> known;
  for (const Hash128& key : keys) {
    const rows::KeyRow row = fold.FindKey(key);
    if (!row.known()) continue;
    values.push_back(row);
    known.push_back(key);
  }
  rows::Batch found(fold.batch().shared_schema());
  CDC_ASSIGN(const auto places, Read(values, &found));
  for (size_t i = 0; i < known.size(); ++i) {
    if (!places[i]) continue;
    auto row = std::make_shared<rows::Batch>(found.shared_schema());
    for (size_t c = 0; c < found.column_count(); ++c) row->column(c).AppendFrom(found.column(c), *places[i]);
    moved_[known[i]] = std::move(row);
  }
  return {};
}

}  // namespace cdc::postgres_sink
