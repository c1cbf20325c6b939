#include "jobs/sink/delta/change_file.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "jobs/sink/delta/stored_rows.h"

namespace cdc::delta_sink {

Status ChangeFile::Begin() {
  delta::TableSchema columns = table_.columns();
  auto logical = std::make_shared<rows::Schema>(*columns.logical);
  rows::Field type;
  type.id = columns.last_id + 1;
  type.name = "_change_type";
  type.type = rows::Type::Of(rows::TypeKind::kString);
  logical->fields.push_back(type);
  columns.physical.push_back(type.name);
  columns.logical = logical;
  path_ = table_.NewPath("changes");
  CDC_ASSIGN(NewFile file, draft_->Create(path_, table_));
  CDC_ASSIGN(writer_, CreateStored(std::move(file.out), path_, columns, options_));
  slice_ = std::make_unique<rows::Batch>(logical);
  return {};
}

Status ChangeFile::Write(const rows::Batch& batch, std::span<const uint32_t> rows, std::string_view type) {
  if (rows.empty()) return {};
  if (empty()) CDC_TRY(Begin());
  constexpr size_t kSlice = 2048;
  std::vector<uint32_t> numbers;
  for (size_t at = 0; at < rows.size(); at += kSlice) {
    const auto part = rows.subspan(at, std::min(kSlice, rows.size() - at));
    slice_->Truncate(0);
    for (size_t c = 0; c < batch.column_count(); ++c) {
      for (const uint32_t row : part) slice_->column(c).AppendFrom(batch.column(c), row);
    }
    for (size_t i = 0; i < part.size(); ++i) slice_->column(batch.column_count()).AppendBytes(type);
    numbers.resize(part.size());
    std::iota(numbers.begin(), numbers.end(), 0U);
    CDC_TRY(writer_->Write(*slice_, numbers));
  }
  return {};
}

Status ChangeFile::Close() {
  if (empty()) return {};
  CDC_ASSIGN(const iceberg::DataFile file, writer_->Close());
  draft_->actions.emplace_back(delta::ChangeFile{table_.LogPath(path_), file.file_size_in_bytes});
  return {};
}

}  // namespace cdc::delta_sink
