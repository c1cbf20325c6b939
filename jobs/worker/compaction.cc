#include <fmt/format.h>

#include <algorithm>

#include "jobs/worker/byte_budget.h"
#include "jobs/worker/commit_draft.h"
#include "jobs/worker/rewriting.h"

namespace cdc::worker {

parquet::WriterOptions IcebergSink::FileOptions() const {
  const ByteShares shares = ShareOut(settings_.memory_bytes);
  parquet::WriterOptions options;
  options.row_group_bytes = shares.row_group;
  options.open_bytes = shares.open_pages;
  return options;
}

Status IcebergSink::BeginRewrite(const std::vector<std::string>& paths) {
  auto work = std::make_unique<Rewriting>();
  work->begun = ports_.clock.steady();
  work->schema = schema_;
  int64_t rows = 0;
  for (const std::string& path : paths) {
    work->sources.push_back({path, {}, 0, false});
    rows += live_.FindData(path)->file.record_count;
  }
  if (index_ != nullptr) work->keys.reserve(static_cast<size_t>(rows));
  work->path = NewDataPath("data");
  CDC_ASSIGN(auto file, closing_.Create(work->path));
  CDC_ASSIGN(work->writer,
             parquet::DataFileWriter::Make(std::move(file), work->path, schema_, FileOptions()));
  rewriting_ = std::move(work);
  return {};
}

/// Copies some rows of the present source. \return whether there is more to copy.
Result<bool> IcebergSink::CopySome() {
  Rewriting& work = *rewriting_;
  Rewriting::Source& source = work.sources[work.at];
  if (work.reader == nullptr) {
    CDC_ASSIGN(source.gone, DeletedPositions(source.path));
    source.first = work.writer->rows();
    CDC_ASSIGN(auto opened, ports_.files.Open(source.path));
    CDC_ASSIGN(work.reader, parquet::DataFileReader::Make(std::move(opened), work.schema));
  }
  rows::Batch batch(work.schema);
  int64_t first = 0;
  CDC_ASSIGN(const bool read, work.reader->Next(&batch, &first));
  if (!read) {
    source.copied = true;
    work.reader.reset();
    return ++work.at < work.sources.size();
  }
  std::vector<uint32_t> keep;
  keep.reserve(batch.rows());
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    if (!source.gone.Has(first + row)) keep.push_back(row);
  }
  if (index_ != nullptr) {
    rows::KeyHasher hasher(KeyColumns(*work.schema));
    for (const uint32_t row : keep) work.keys.push_back(hasher(batch, row));
  }
  CDC_TRY(work.writer->Write(batch, keep));
  return true;
}

/// Positions in the new file of rows that were deleted since they were copied. nothing: a source is not live
/// any more.
Result<std::optional<std::vector<int64_t>>> IcebergSink::DeletedSinceCopied() {
  std::vector<int64_t> deleted;
  for (const Rewriting::Source& source : rewriting_->sources) {
    if (live_.FindData(source.path) == nullptr) return std::optional<std::vector<int64_t>>();
    CDC_ASSIGN(const PositionSet now, DeletedPositions(source.path));
    now.EachBeyond(source.gone, [&](int64_t, int64_t rank) { deleted.push_back(source.first + rank); });
  }
  return std::optional(std::move(deleted));
}

/// What was copied takes the place of its sources, in a commit that leaves the offsets what they are.
Status IcebergSink::FinishRewrite() {
  CDC_ASSIGN(const auto deleted, DeletedSinceCopied());
  const std::unique_ptr<Rewriting> work = std::move(rewriting_);
  if (!deleted) return {};  // its files went with a TRUNCATE, or with their last rows
  Draft draft;
  draft.intent.attempt_files.push_back(work->path);
  auto drafted = DraftRewrite(*work, *deleted, &draft);
  if (!drafted) {
    Discard(draft);
    return drafted;
  }
  auto sent = Send(&draft, NewestSummary(), "replace");
  if (!sent) return sent.error();
  ports_.log.Info("merged files={} rows={} ms={}", work->sources.size(), work->writer->rows(),
                  std::chrono::duration_cast<Millis>(ports_.clock.steady() - work->begun).count());
  return {};
}

Status IcebergSink::DraftRewrite(Rewriting& work, const std::vector<int64_t>& deleted, Draft* draft) {
  for (const Rewriting::Source& source : work.sources) DropFile(source.path, draft);
  if (static_cast<int64_t>(deleted.size()) == work.writer->rows()) {  // nothing is left of them
    return ArrangeDeletes(false, draft);
  }
  CDC_ASSIGN(iceberg::DataFile data, work.writer->Close());
  draft->changes.added_data.push_back(std::move(data));
  if (!deleted.empty()) draft->deletes[work.path] = deleted;
  CDC_TRY(ArrangeDeletes(false, draft));
  if (index_ == nullptr) return {};
  const uint32_t number = numbers_->next();
  draft->intent.new_files.emplace_back(number, work.path);
  draft->intent.changes.reserve(work.keys.size());
  auto next_deleted = deleted.begin();
  for (uint32_t position = 0; position < work.keys.size(); ++position) {
    // The key of a row that was deleted meanwhile is elsewhere by now, or nowhere.
    if (next_deleted != deleted.end() && *next_deleted == position) {
      ++next_deleted;
      continue;
    }
    draft->intent.changes.push_back({work.keys[position], {number, position}});
  }
  std::vector<Hash128>().swap(work.keys);
  return {};
}

std::vector<int> IcebergSink::KeyColumns(const rows::Schema& schema) const {
  std::vector<int> columns;
  for (const std::string& name : key_) columns.push_back(schema.IndexOf(name));
  return columns;
}

}  // namespace cdc::worker
