#include "jobs/sink/lake/old_rows.h"

#include <algorithm>
#include <map>

namespace cdc::lake_sink {
namespace {

/// Old rows held in memory at a time, next to the batch.
constexpr size_t kRowsPerFill = 512;

}  // namespace

Result<bool> OldRows::Read(const Hash128& key, rows::Batch* row) const {
  CDC_ASSIGN(const auto place, locator_.Find(key));
  if (!place) return false;
  CDC_ASSIGN(auto reader, table_.OpenData(place->path, table_.schema()));
  const int64_t position = place->position;
  CDC_TRY(reader->ReadRows({&position, 1}, row));
  return true;
}

/// \return nothing: the row is not there.
Result<std::optional<RowPlace>> OldRows::PlaceFor(const worker::Gap& gap) const {
  auto place = gap.late ? moved_.Find(gap.key) : std::nullopt;
  if (!place && !gap.displaced) {
    CDC_ASSIGN(place, locator_.Find(gap.key));
  }
  if (!place && gap.otherwise) {
    CDC_ASSIGN(place, locator_.Find(*gap.otherwise));
    // The first half was committed as a delete, and is sent again with the second.
    if (!place) place = moved_.Find(gap.key);
  }
  return place;
}

Result<std::vector<uint32_t>> OldRows::FillGaps(Fold* fold) const {
  std::vector<uint32_t> unknown;
  std::map<std::string, Wanted> by_file;
  for (uint32_t number = 0; number < fold->slots().size(); ++number) {
    const Slot& slot = fold->slots()[number];
    if (slot.state != Slot::State::kLive) continue;
    const auto gap = fold->gaps().find(slot.row);
    if (gap == fold->gaps().end()) continue;
    CDC_ASSIGN(const auto place, PlaceFor(gap->second));
    if (!place)
      unknown.push_back(slot.row);
    else
      by_file[place->path].emplace_back(place->position, number);
  }
  for (auto& [path, wanted] : by_file) {
    std::sort(wanted.begin(), wanted.end());
    for (size_t at = 0; at < wanted.size(); at += kRowsPerFill) {
      const auto begin = wanted.begin() + static_cast<ptrdiff_t>(at);
      const auto end = wanted.begin() + static_cast<ptrdiff_t>(std::min(at + kRowsPerFill, wanted.size()));
      CDC_TRY(FillFromFile(path, Wanted(begin, end), fold, &unknown));
    }
  }
  return unknown;
}

/// \param wanted ascending \param unknown gets the rows that the file's rows do not complete
Status OldRows::FillFromFile(const std::string& path, const Wanted& wanted, Fold* fold,
                             std::vector<uint32_t>* unknown) const {
  std::vector<int> column_in_patch(fold->batch().column_count(), -1);
  const auto missing = [&](size_t c) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const auto& w) {
      const uint32_t row = fold->slots()[w.second].row;
      return fold->batch().column(c).cell(row) == rows::Cell::kUnavailable ||
             fold->gaps().at(row).has_doubt(static_cast<int>(c));
    });
  };
  const auto schema = table_.schema();
  auto projection = std::make_shared<rows::Schema>();
  for (size_t c = 0; c < column_in_patch.size(); ++c) {
    if (!missing(c)) continue;
    column_in_patch[c] = static_cast<int>(projection->fields.size());
    projection->fields.push_back(schema->fields[c]);
  }
  CDC_ASSIGN(const rows::Batch patch, ReadRowsOf(path, wanted, projection));
  // The whole old row is read only where it decides.
  Wanted doubtful;
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    const auto& doubts = fold->gaps().at(fold->slots()[wanted[i].second].row).doubts;
    const bool movable = std::any_of(doubts.begin(), doubts.end(), [&](const Doubt& d) {
      const int at = column_in_patch[static_cast<size_t>(d.column)];
      return IsMovable(patch.column(static_cast<size_t>(at)), i, d.unsure);
    });
    if (movable) doubtful.push_back(wanted[i]);
  }
  if (!doubtful.empty()) CDC_TRY(JudgeDoubts(path, doubtful, fold));
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    const uint32_t row = fold->slots()[wanted[i].second].row;
    if (fold->refused().contains(row) || !fold->Complete(wanted[i].second, patch, i, column_in_patch))
      unknown->push_back(row);
  }
  return {};
}

Result<rows::Batch> OldRows::ReadRowsOf(const std::string& path, const Wanted& wanted,
                                        std::shared_ptr<const rows::Schema> projection) const {
  std::vector<int64_t> positions;
  for (const auto& [position, slot] : wanted) positions.push_back(position);
  CDC_ASSIGN(auto reader, table_.OpenData(path, projection));
  rows::Batch rows(projection);
  CDC_TRY(reader->ReadRows(positions, &rows));
  return rows;
}

/// Refuses the rows whose old version is so large that PostgreSQL may have moved the value in doubt out of
/// it.
Status OldRows::JudgeDoubts(const std::string& path, const Wanted& doubtful, Fold* fold) const {
  CDC_ASSIGN(const rows::Batch whole, ReadRowsOf(path, doubtful, table_.schema()));
  for (uint32_t i = 0; i < doubtful.size(); ++i) {
    for (const Doubt& doubt : fold->gaps().at(fold->slots()[doubtful[i].second].row).doubts) {
      if (!MayBeMoved(whole, i, doubt)) continue;
      fold->Refuse(doubtful[i].second, doubt.column);
      break;
    }
  }
  return {};
}

}  // namespace cdc::lake_sink
