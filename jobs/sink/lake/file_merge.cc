#include "jobs/sink/lake/file_merge.h"

#include <fmt/format.h>

#include "lib/core/check.h"

namespace cdc::lake_sink {

FileMerge::FileMerge(Parts parts, const std::vector<std::string>& sources, std::string path,
                     std::unique_ptr<parquet::DataFileWriter> writer, int64_t rows)
    : parts_(std::move(parts)),
      schema_(parts_.table.schema()),
      path_(std::move(path)),
      writer_(std::move(writer)) {
  for (const std::string& source : sources) sources_.push_back({source, {}, 0});
  if (parts_.locator.open()) keys_.reserve(static_cast<size_t>(rows));
}

FileMerge::~FileMerge() {
  if (file_ && !handed_over_) (void)parts_.files.Delete(path_);
}

Status FileMerge::Continue() {
  if (at_ < sources_.size()) return CopySlice();
  CDC_ASSIGN(file_, writer_->Close());
  return {};
}

std::vector<std::string> FileMerge::sources() const {
  std::vector<std::string> paths;
  for (const Source& source : sources_) paths.push_back(source.path);
  return paths;
}

/// Copies some rows of the present source.
Status FileMerge::CopySlice() {
  Source& source = sources_[at_];
  if (reader_ == nullptr) {
    CDC_ASSIGN(source.gone, parts_.table.DeletedOf(source.path));
    source.first = writer_->rows();
    CDC_ASSIGN(reader_, parts_.table.OpenData(source.path, schema_));
  }
  rows::Batch batch(schema_);
  int64_t first = 0;
  CDC_ASSIGN(const bool read, reader_->Next(&batch, &first));
  if (!read) {
    reader_.reset();
    ++at_;
    return {};
  }
  std::vector<uint32_t> keep;
  keep.reserve(batch.rows());
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    if (!source.gone.Has(first + row)) keep.push_back(row);
  }
  CDC_TRY(NoteKeys(batch, keep, source.path, first));
  return writer_->Write(batch, keep);
}

/// \param first position of the batch's first row in the file `path`
Status FileMerge::NoteKeys(const rows::Batch& batch, const std::vector<uint32_t>& rows,
                           const std::string& path, int64_t first) {
  const RowKeys& keys = parts_.table.keys();
  if (keys.identity != nullptr) {
    const uint32_t number = parts_.locator.NumberOf(path);
    for (const uint32_t row : rows) {
      CDC_ASSIGN(keys_.emplace_back(),
                 KeyOfEqualRow(batch, row, {number, static_cast<uint32_t>(first + row)}));
    }
  } else if (parts_.locator.open()) {
    rows::KeyHasher hasher(keys.secret, keys.ColumnsIn(*schema_));
    for (const uint32_t row : rows) keys_.push_back(hasher(batch, row));
  }
  return {};
}

/// Under which of the numbers of equal rows the index has the row at `at`. \return kCorrupt: under none.
Result<Hash128> FileMerge::KeyOfEqualRow(const rows::Batch& batch, uint32_t row, index::Location at) {
  worker::RowIdentity& identity = *parts_.table.keys().identity;
  const Hash128 content = identity.ContentOf(batch, row);
  // Equal rows lie in the order of their numbers, nearly always.
  const auto hint = numbers_.find(content);
  const uint32_t first = hint == numbers_.end() ? 0 : hint->second;
  uint32_t number = first;
  bool again = false;
  while (!again || number < first) {
    const Hash128 key = identity.KeyOf(content, number);
    CDC_ASSIGN(const index::Location found, parts_.locator.FindRaw(key));
    if (found == at) {
      if (number > 0 || hint != numbers_.end()) numbers_[content] = number + 1;
      return key;
    }
    if (!(found == index::KeyIndex::Missing())) {
      ++number;
    } else if (!again && first > 0) {
      again = true;
      number = 0;
    } else {
      break;
    }
  }
  return Error{ErrorKind::kCorrupt, "the key index does not have a row of the table",
               fmt::format("`cdc trigger {}`: the next run rebuilds the index", parts_.entry)};
}

Result<std::optional<std::vector<int64_t>>> FileMerge::DeletedSinceCopied() {
  std::vector<int64_t> deleted;
  for (const Source& source : sources_) {
    if (!parts_.table.HasFile(source.path)) return std::optional<std::vector<int64_t>>();
    CDC_ASSIGN(const PositionSet now, parts_.table.DeletedOf(source.path));
    now.EachBeyond(source.gone, [&](int64_t, int64_t rank) { deleted.push_back(source.first + rank); });
  }
  return std::optional(std::move(deleted));
}

std::vector<Hash128> FileMerge::TakeKeys() {
  CDC_CHECK(!parts_.locator.open() || static_cast<int64_t>(keys_.size()) == writer_->rows());
  return std::move(keys_);
}

}  // namespace cdc::lake_sink
