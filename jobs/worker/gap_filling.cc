#include <algorithm>
#include <map>

#include "jobs/worker/iceberg_sink.h"
#include "lib/parquet/data_file_reader.h"

namespace cdc::worker {

/// Unchanged TOAST values are read back from the row that the update supersedes.
Result<std::vector<uint32_t>> IcebergSink::FillGaps(Fold* fold) {
  std::vector<uint32_t> unknown;
  std::map<std::string, std::vector<std::pair<int64_t, uint32_t>>> by_file;
  for (uint32_t number = 0; number < fold->slots().size(); ++number) {
    const Slot& slot = fold->slots()[number];
    if (slot.state != Slot::State::kLive) continue;
    const auto gap = fold->gaps().find(slot.row);
    if (gap == fold->gaps().end()) continue;
    const auto location = index_ == nullptr ? std::nullopt : index_->Find(gap->second);
    const std::string* path = location ? numbers_->PathOf(location->file) : nullptr;
    if (path == nullptr || live_.FindData(*path) == nullptr) {
      unknown.push_back(slot.row);
    } else {
      by_file[*path].emplace_back(location->position, number);
    }
  }
  for (auto& [path, wanted] : by_file) CDC_TRY(FillFromFile(path, std::move(wanted), fold));
  return unknown;
}

/// \param wanted position in the file, number of the fold's slot
Status IcebergSink::FillFromFile(const std::string& path, std::vector<std::pair<int64_t, uint32_t>> wanted,
                                 Fold* fold) {
  std::sort(wanted.begin(), wanted.end());
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
