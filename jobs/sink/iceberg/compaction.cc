#include <fmt/format.h>

#include <algorithm>

#include "jobs/sink/iceberg/commit_draft.h"
#include "jobs/sink/iceberg/rewriting.h"

namespace cdc::iceberg_sink {

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
    work->sources.push_back({path, {}, 0});
    rows += live_.FindData(path)->file.record_count;
  }
  if (index_ != nullptr) work->keys.reserve(static_cast<size_t>(rows));
  work->files = &ports_.files;
  work->path = NewDataPath("data");
  CDC_ASSIGN(auto file, ports_.files.Create(work->path));
  CDC_ASSIGN(work->writer,
             parquet::DataFileWriter::Make(std::move(file), work->path, schema_, FileOptions()));
  rewriting_ = std::move(work);
  return {};
}

/// Copying, closing the file and committing it are steps of their own, so that none is long.
Result<IcebergSink::Step> IcebergSink::GoOnRewriting(Tidying when) {
  if (rewriting_->at < rewriting_->sources.size()) {
    CDC_TRY(CopySome());
    return Step::kDone;
  }
  if (!rewriting_->file) {
    CDC_ASSIGN(rewriting_->file, rewriting_->writer->Close());
    return Step::kDone;
  }
  const int64_t rows = rewriting_->writer->rows();
  if (when == Tidying::kBetweenCommits && !allowance_.Affords(rewrite_end_.Of(rows))) return Step::kWait;
  const SteadyTime begun = ports_.clock.steady();
  CDC_TRY(FinishRewrite());
  rewrite_end_.Learn(rows, ports_.clock.steady() - begun);
  return Step::kDone;
}

/// Copies some rows of the present source.
Status IcebergSink::CopySome() {
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
    work.reader.reset();
    ++work.at;
    return {};
  }
  std::vector<uint32_t> keep;
  keep.reserve(batch.rows());
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    if (!source.gone.Has(first + row)) keep.push_back(row);
  }
  if (identity_ != nullptr) {
    const uint32_t number = numbers_->NumberOf(source.path);
    for (const uint32_t row : keep) {
      CDC_ASSIGN(work.keys.emplace_back(),
                 KeyOfRowAt(batch, row, {number, static_cast<uint32_t>(first + row)}));
    }
  } else if (index_ != nullptr) {
    rows::KeyHasher hasher(secret_, KeyColumns(*work.schema));
    for (const uint32_t row : keep) work.keys.push_back(hasher(batch, row));
  }
  return work.writer->Write(batch, keep);
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
  work.handed_over = true;
  draft->intent.attempt_files.push_back(work.path);
  draft->changes.added_data.push_back(*work.file);
  if (!deleted.empty()) draft->deletes[work.path] = deleted;
  CDC_TRY(ArrangeDeletes(false, draft));
  if (index_ == nullptr) return {};
  const uint32_t number = numbers_->next();
  draft->intent.new_files.emplace_back(number, work.path);
  draft->intent.keys_in_files = true;
  draft->moved = std::move(work.keys);
  // The key of a row that was deleted meanwhile is elsewhere by now, or nowhere.
  draft->moved_without = deleted;
  return {};
}

std::vector<int> IcebergSink::KeyColumns(const rows::Schema& schema) const {
  std::vector<int> columns;
  for (const std::string& name : key_) columns.push_back(schema.IndexOf(name));
  return columns;
}

}  // namespace cdc::iceberg_sink
