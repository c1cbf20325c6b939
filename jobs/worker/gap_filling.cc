#include <algorithm>
#include <fstream>
#include <map>

#include "jobs/worker/iceberg_sink.h"
#include "lib/parquet/data_file_reader.h"

namespace cdc::worker {
namespace {

constexpr const char* kMovedFile = "moved";
constexpr size_t kMostMoved = 10'000;
/// Old rows held beside the batch at a time.
constexpr size_t kRowsPerFill = 512;

}  // namespace

/// Where the table's row of `key` lies; nothing: it has none.
std::optional<IcebergSink::RowPlace> IcebergSink::Locate(const Hash128& key) const {
  const auto location = index_ == nullptr ? std::nullopt : index_->Find(key);
  if (!location) return std::nullopt;
  const std::string* path = numbers_->PathOf(location->file);
  // A file that is not live any more took its rows with it.
  if (path == nullptr || live_.FindData(*path) == nullptr) return std::nullopt;
  return RowPlace{*path, location->position};
}

Result<bool> IcebergSink::HasRow(const Hash128& key) {
  CDC_TRY(Settle());
  return Locate(key).has_value();
}

Result<bool> IcebergSink::ReadRow(const Hash128& key, rows::Batch* row) {
  CDC_TRY(Settle());
  const auto place = Locate(key);
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

void IcebergSink::LoadMoved() {
  std::ifstream in(settings_.index_folder / kMovedFile);
  Hash128 key;
  RowPlace place;
  while (in >> key.low >> key.high >> place.position && std::getline(in >> std::ws, place.path))
    moved_[key] = place;
}

Status IcebergSink::KeepMoved(const std::vector<Hash128>& keys) {
  CDC_TRY(Settle());
  // Old ones have been claimed, or their files are gone, by the time there are so many.
  if (moved_.size() > kMostMoved) moved_.clear();
  for (const Hash128& key : keys) {
    if (auto place = Locate(key)) moved_[key] = std::move(*place);
  }
  const auto file = settings_.index_folder / kMovedFile, temporary = settings_.index_folder / "moved.new";
  {
    std::ofstream out(temporary, std::ios::trunc);
    for (const auto& [key, place] : moved_) {
      out << key.low << ' ' << key.high << ' ' << place.position << ' ' << place.path << '\n';
    }
    out.flush();
    if (!out) return Error{ErrorKind::kTransient, "cannot write " + temporary.string()};
  }
  std::error_code error;
  std::filesystem::rename(temporary, file, error);
  if (error)
    return Error{ErrorKind::kTransient, "cannot rename " + temporary.string() + ": " + error.message()};
  return {};
}

int64_t IcebergSink::row_bytes() const {
  // TOASTed values are large by nature, and compress well.
  constexpr int64_t kLeast = 2048, kCompression = 8;
  (void)Settle();  // a failure is told by what is called next
  const auto& totals = live_.totals();
  return totals.records == 0 ? kLeast : std::max(kLeast, totals.bytes / totals.records * kCompression);
}

/// Unchanged TOAST values are read back from the row that the update supersedes.
Result<std::vector<uint32_t>> IcebergSink::FillGaps(Fold* fold) {
  CDC_TRY(Settle());
  std::vector<uint32_t> unknown;
  std::map<std::string, std::vector<std::pair<int64_t, uint32_t>>> by_file;
  for (uint32_t number = 0; number < fold->slots().size(); ++number) {
    const Slot& slot = fold->slots()[number];
    if (slot.state != Slot::State::kLive) continue;
    const auto gap = fold->gaps().find(slot.row);
    if (gap == fold->gaps().end()) continue;
    auto place = gap->second.late ? LocateMoved(gap->second.key) : std::nullopt;
    if (!place && !gap->second.displaced) place = Locate(gap->second.key);
    if (!place && gap->second.otherwise) {
      place = Locate(*gap->second.otherwise);
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
      CDC_TRY(FillFromFile(path, {wanted.begin() + static_cast<ptrdiff_t>(at), end}, fold));
    }
  }
  return unknown;
}

/// \param wanted position in the file, number of the fold's slot; ascending
Status IcebergSink::FillFromFile(const std::string& path, std::vector<std::pair<int64_t, uint32_t>> wanted,
                                 Fold* fold) {
  auto projection = std::make_shared<rows::Schema>();
  std::vector<int> column_in_patch(fold->batch().column_count(), -1);
  for (size_t c = 0; c < column_in_patch.size(); ++c) {
    const rows::Column& column = fold->batch().column(c);
    const bool missing = std::any_of(wanted.begin(), wanted.end(), [&](const auto& w) {
      return column.cell(fold->slots()[w.second].row) == rows::Cell::kUnavailable;
    });
    if (!missing) continue;
    column_in_patch[c] = static_cast<int>(projection->fields.size());
    projection->fields.push_back(schema_->fields[c]);
  }
  std::vector<int64_t> positions;
  for (const auto& [position, slot] : wanted) positions.push_back(position);
  CDC_ASSIGN(auto file, ports_.files.Open(path));
  CDC_ASSIGN(auto reader, parquet::DataFileReader::Make(std::move(file), projection));
  rows::Batch patch(projection);
  CDC_TRY(reader->ReadRows(positions, &patch));
  for (uint32_t i = 0; i < wanted.size(); ++i) fold->Complete(wanted[i].second, patch, i, column_in_patch);
  return {};
}

}  // namespace cdc::worker
