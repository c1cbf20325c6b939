#include <algorithm>
#include <map>
#include <sstream>

#include "jobs/sink/iceberg/iceberg_sink.h"
#include "lib/core/sealed_file.h"
#include "lib/parquet/data_file_reader.h"

namespace cdc::iceberg_sink {
namespace {

constexpr const char* kMovedFile = "moved";
constexpr std::string_view kMovedKind = "cdcmove2";
constexpr size_t kMostMoved = 10'000;
/// Old rows held beside the batch at a time.
constexpr size_t kRowsPerFill = 512;

}  // namespace

/// Where the table's row of `key` lies; nothing: it has none.
Result<std::optional<IcebergSink::RowPlace>> IcebergSink::Locate(const Hash128& key) const {
  const std::optional<RowPlace> nowhere;
  if (index_ == nullptr) return nowhere;
  CDC_ASSIGN(const index::Location location, index_->Find(key));
  if (location == index::KeyIndex::Missing()) return nowhere;
  const std::string* path = numbers_->PathOf(location.file);
  // A file that is not live any more took its rows with it.
  if (path == nullptr || live_.FindData(*path) == nullptr) return nowhere;
  return std::optional(RowPlace{*path, location.position});
}

Result<bool> IcebergSink::HasRow(const Hash128& key, const rows::KeyRow&) {
  CDC_ASSIGN(const auto place, Locate(key));
  return place.has_value();
}

Result<bool> IcebergSink::ReadRow(const Hash128& key, const rows::KeyRow&, rows::Batch* row) {
  CDC_ASSIGN(const auto place, Locate(key));
  if (!place) return false;
  CDC_ASSIGN(auto file, ports_.files.Open(place->path));
  CDC_ASSIGN(auto reader, parquet::DataFileReader::Make(std::move(file), schema_));
  const int64_t position = place->position;
  CDC_TRY(reader->ReadRows({&position, 1}, row));
  return true;
}

/// The file need not be live: it is there as long as a snapshot is kept that has it.
std::optional<IcebergSink::RowPlace> IcebergSink::LocateMoved(const Hash128& key) const {
  const auto moved = moved_.find(key);
  if (moved == moved_.end() || !ports_.files.Open(moved->second.path)) return std::nullopt;
  return moved->second;
}

/// Only where nothing but our own runs has led from the one that wrote the file to here. Without a place the
/// second half of a key change that lacks values is a dead letter; with a wrong one it would have wrong
/// values.
void IcebergSink::LoadMoved() {
  if (index_ == nullptr || index_->moved() == 0) return;
  const auto content = ReadSealed(settings_.index_folder / kMovedFile, kMovedKind);
  uint64_t written = 0, former = 0;
  std::istringstream in(content && *content ? **content : std::string());
  in >> written >> former;
  if (!in || (written != index_->moved() && former != index_->moved())) {
    ports_.log.Warn("where rows were before key changes that are half done is lost: {} is {}", kMovedFile,
                    content && *content ? "older than the key index" : "missing or damaged");
    return;
  }
  Hash128 key;
  RowPlace place;
  while (in >> key.low >> key.high >> place.position && std::getline(in >> std::ws, place.path))
    moved_[key] = place;
}

Status IcebergSink::KeepMoved(const std::vector<Hash128>& keys, const Fold&) {
  return KeepPlaces(keys);
}

Status IcebergSink::KeepPlaces(const std::vector<Hash128>& keys) {
  // Old ones have been claimed, or their files are gone, by the time there are so many.
  if (moved_.size() > kMostMoved) moved_.clear();
  for (const Hash128& key : keys) {
    CDC_ASSIGN(auto place, Locate(key));
    if (place) moved_[key] = std::move(*place);
  }
  if (index_ == nullptr) return {};
  // The file's name for itself, and for the one before it: a run may die before the index has the new one.
  const uint64_t name = KeySecret::Random().fingerprint() | 1;
  std::ostringstream out;
  out << name << ' ' << index_->moved() << '\n';
  for (const auto& [key, place] : moved_)
    out << key.low << ' ' << key.high << ' ' << place.position << ' ' << place.path << '\n';
  CDC_TRY(WriteSealed(settings_.index_folder / kMovedFile, kMovedKind, out.str()));
  index_->SetMoved(name);
  return {};
}

int64_t IcebergSink::row_bytes() const {
  // TOASTed values are large by nature, and compress well.
  constexpr int64_t kLeast = 2048, kCompression = 8;
  const auto& totals = live_.totals();
  return totals.records == 0 ? kLeast : std::max(kLeast, totals.bytes / totals.records * kCompression);
}

/// Unchanged TOAST values are read back from the row that the update supersedes.
Result<std::vector<uint32_t>> IcebergSink::FillGaps(Fold* fold) {
  std::vector<uint32_t> unknown;
  std::map<std::string, std::vector<std::pair<int64_t, uint32_t>>> by_file;
  for (uint32_t number = 0; number < fold->slots().size(); ++number) {
    const Slot& slot = fold->slots()[number];
    if (slot.state != Slot::State::kLive) continue;
    const auto gap = fold->gaps().find(slot.row);
    if (gap == fold->gaps().end()) continue;
    auto place = gap->second.late ? LocateMoved(gap->second.key) : std::nullopt;
    if (!place && !gap->second.displaced) {
      CDC_ASSIGN(place, Locate(gap->second.key));
    }
    if (!place && gap->second.otherwise) {
      CDC_ASSIGN(place, Locate(*gap->second.otherwise));
      // The first half was committed as a delete, and is sent again with the second.
      if (!place) place = LocateMoved(gap->second.key);
    }
    if (!place) {
      unknown.push_back(slot.row);
    } else {
      by_file[place->path].emplace_back(place->position, number);
    }
  }
  for (auto& [path, wanted] : by_file) {
    std::sort(wanted.begin(), wanted.end());
    for (size_t at = 0; at < wanted.size(); at += kRowsPerFill) {
      const auto end = wanted.begin() + static_cast<ptrdiff_t>(std::min(at + kRowsPerFill, wanted.size()));
      CDC_TRY(FillFromFile(path, {wanted.begin() + static_cast<ptrdiff_t>(at), end}, fold, &unknown));
    }
  }
  return unknown;
}

/// \param wanted position in the file, number of the fold's slot; ascending
/// \param unknown gets the rows that the file's rows do not complete
Status IcebergSink::FillFromFile(const std::string& path, std::vector<std::pair<int64_t, uint32_t>> wanted,
                                 Fold* fold, std::vector<uint32_t>* unknown) {
  std::vector<int> column_in_patch(fold->batch().column_count(), -1);
  const auto missing = [&](size_t c) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const auto& w) {
      const uint32_t row = fold->slots()[w.second].row;
      return fold->batch().column(c).cell(row) == rows::Cell::kUnavailable ||
             fold->gaps().at(row).has_doubt(static_cast<int>(c));
    });
  };
  auto projection = std::make_shared<rows::Schema>();
  for (size_t c = 0; c < column_in_patch.size(); ++c) {
    if (!missing(c)) continue;
    column_in_patch[c] = static_cast<int>(projection->fields.size());
    projection->fields.push_back(schema_->fields[c]);
  }
  CDC_ASSIGN(const rows::Batch patch, ReadRowsOf(path, wanted, projection));
  // The whole old row is read only where it decides.
  std::vector<std::pair<int64_t, uint32_t>> doubtful;
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

Result<rows::Batch> IcebergSink::ReadRowsOf(const std::string& path,
                                            const std::vector<std::pair<int64_t, uint32_t>>& wanted,
                                            std::shared_ptr<const rows::Schema> projection) {
  std::vector<int64_t> positions;
  for (const auto& [position, slot] : wanted) positions.push_back(position);
  CDC_ASSIGN(auto file, ports_.files.Open(path));
  CDC_ASSIGN(auto reader, parquet::DataFileReader::Make(std::move(file), projection));
  rows::Batch rows(projection);
  CDC_TRY(reader->ReadRows(positions, &rows));
  return rows;
}

/// Refuses the rows whose old version is so large that PostgreSQL may have moved the value in doubt out of
/// it.
Status IcebergSink::JudgeDoubts(const std::string& path,
                                const std::vector<std::pair<int64_t, uint32_t>>& doubtful, Fold* fold) {
  CDC_ASSIGN(const rows::Batch whole, ReadRowsOf(path, doubtful, schema_));
  for (uint32_t i = 0; i < doubtful.size(); ++i) {
    for (const Doubt& doubt : fold->gaps().at(fold->slots()[doubtful[i].second].row).doubts) {
      if (!MayBeMoved(whole, i, doubt)) continue;
      fold->Refuse(doubtful[i].second, doubt.column);
      break;
    }
  }
  return {};
}

}  // namespace cdc::iceberg_sink
