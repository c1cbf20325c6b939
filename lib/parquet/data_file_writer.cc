#include "lib/parquet/data_file_writer.h"

#include <algorithm>
#include <deque>
#include <new>
#include <vector>

#include "lib/parquet/column_writer_internal.h"
#include "lib/parquet/dictionary_choice_internal.h"
#include "lib/parquet/footer_internal.h"
#include "lib/parquet/page_index_internal.h"

namespace cdc::parquet {
namespace {

/// Rows gathered at a time: their values stay in the processor's cache. Limits are looked at once for each
/// such chunk, so one of texts is cut by bytes, and wide tables have fewer rows in it.
constexpr size_t kChunkRows = 2048, kLeastChunkRows = 256, kChunkCells = 40'000;
constexpr int64_t kChunkBytes = 512 << 10;
/// Before compression. A column's share of open_bytes has room for its open page, of indices up to twice as
/// much, and for one that is being put together.
constexpr int64_t kPageCopies = 3;
constexpr int64_t kPageBytes = 256 << 10, kLeastPageBytes = 8 << 10;
/// Memory for each byte of a dictionary: its values are short, and each takes a place, a hash and an offset
/// beside it.
constexpr int64_t kDictionaryCost = 20;
constexpr int64_t kLeastDictionaryBytes = 2 << 10;

/// What each column may hold so that all of them keep to the file's byte budget.
struct FileLimits {
  ColumnLimits column;
  size_t chunk_rows;
};

FileLimits LimitsFor(const WriterOptions& options, size_t columns) {
  const int64_t share = options.open_bytes / static_cast<int64_t>(std::max<size_t>(columns, 1));
  const int64_t page = std::clamp(share / kPageCopies, kLeastPageBytes, kPageBytes);
  const int64_t dictionary =
      std::min(options.dictionary_page_bytes, std::max(share / kDictionaryCost, kLeastDictionaryBytes));
  return {{static_cast<size_t>(page), static_cast<size_t>(dictionary)},
          std::clamp(kChunkCells / std::max<size_t>(columns, 1), kLeastChunkRows, kChunkRows)};
}

bool Consecutive(std::span<const uint32_t> rows) {
  uint32_t odd = 0;
  for (size_t i = 0; i < rows.size(); ++i) odd |= rows[i] - rows[0] - static_cast<uint32_t>(i);
  return odd == 0;
}

/// Runs `body`, which only throws when memory runs out.
template <typename Body>
auto Guarded(const std::string& what, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Error{ErrorKind::kTransient, what + ": out of memory"};
  }
}

class FileWriter final : public DataFileWriter {
 public:
  FileWriter(std::unique_ptr<storage::Writer> out, std::string path,
             std::shared_ptr<const rows::Schema> schema, const WriterOptions& options)
      : out_(std::move(out)),
        path_(std::move(path)),
        schema_(std::move(schema)),
        options_(options),
        limits_(LimitsFor(options, schema_->fields.size())),
        tools_(options.zstd_level) {
    for (const rows::Field& field : schema_->fields) columns_.emplace_back(field, limits_.column, &tools_);
  }

  Status Write(const rows::Batch& batch, std::span<const uint32_t> rows) override {
    // A file that lacks a part of a call must not be finished.
    if (!outcome_) return outcome_;
    outcome_ = Guarded("cannot write " + path_, [&]() -> Status {
      if (!begun_ && !rows.empty()) CDC_TRY(Begin(batch, rows));
      while (!rows.empty()) {
        const auto room = static_cast<size_t>(std::max<int64_t>(1, options_.row_group_rows - group_rows_));
        const auto chunk =
            rows.first(ChunkRows(batch, rows, std::min(room, limits_.chunk_rows), kChunkBytes));
        const ValueEncoder::Rows numbers{chunk, Consecutive(chunk)};
        for (size_t i = 0; i < columns_.size(); ++i) CDC_TRY(columns_[i].Write(batch.column(i), numbers));
        rows = rows.subspan(chunk.size());
        rows_ += static_cast<int64_t>(chunk.size());
        group_rows_ += static_cast<int64_t>(chunk.size());
        if (group_rows_ >= options_.row_group_rows || OpenGroupBytes() >= options_.row_group_bytes)
          CDC_TRY(EndGroup());
      }
      return {};
    });
    return outcome_;
  }

  int64_t rows() const override { return rows_; }
  int64_t bytes_written_estimate() const override {
    return out_.position() + (group_rows_ > 0 ? OpenGroupBytes() : 0);
  }

  Result<iceberg::DataFile> Close() override {
    if (!outcome_) return outcome_.error();
    return Guarded("cannot finish " + path_, [&]() -> Result<iceberg::DataFile> {
      if (!begun_) CDC_TRY(out_.Write(kMagic));
      if (group_rows_ > 0) CDC_TRY(EndGroup());
      CDC_TRY(WritePageIndex());
      std::string footer;
      AppendFooter(*schema_, groups_, rows_, &footer);
      CDC_TRY(out_.Write(footer));
      iceberg::DataFile described = Describe();
      CDC_TRY(out_.Close());
      return described;
    });
  }

 private:
  /// \param batch, rows what comes first: columns that have no use for a dictionary get none
  Status Begin(const rows::Batch& batch, std::span<const uint32_t> rows) {
    begun_ = true;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const DictionarySample sample(batch.column(i), rows);
      columns_[i].BeginWith(sample.WorthIt(static_cast<int64_t>(limits_.column.dictionary_bytes)));
    }
    return out_.Write(kMagic);
  }

  int64_t OpenGroupBytes() const {
    int64_t bytes = 0;
    for (const ColumnWriter& column : columns_) bytes += column.open_bytes();
    return bytes;
  }

  Status EndGroup() {
    RowGroup group;
    group.rows = group_rows_;
    group.chunks.reserve(columns_.size());
    for (ColumnWriter& column : columns_) {
      CDC_ASSIGN(auto chunk, column.EndGroup(&out_));
      group.chunks.push_back(std::move(chunk));
    }
    EncodePageIndex(*schema_, &group);
    groups_.push_back(std::move(group));
    group_rows_ = 0;
    return {};
  }

  Status WritePageIndex() {
    for (RowGroup& group : groups_) {
      for (ColumnChunk& chunk : group.chunks) {
        chunk.column_index_at = out_.position();
        CDC_TRY(out_.Write(chunk.column_index));
      }
    }
    for (RowGroup& group : groups_) {
      for (ColumnChunk& chunk : group.chunks) {
        chunk.offset_index_at = out_.position();
        CDC_TRY(out_.Write(chunk.offset_index));
      }
    }
    return {};
  }

  iceberg::DataFile Describe() const {
    iceberg::DataFile file;
    file.file_path = path_;
    file.record_count = rows_;
    file.file_size_in_bytes = out_.position();
    for (const ColumnWriter& column : columns_) column.AddMetrics(&file);
    for (const RowGroup& group : groups_) {
      for (size_t i = 0; i < columns_.size(); ++i)
        file.column_sizes[columns_[i].metrics_id()] += group.chunks[i].bytes;
      if (!group.chunks.empty()) file.split_offsets.push_back(group.chunks.front().begin());
    }
    return file;
  }

  FileEnd out_;
  const std::string path_;
  const std::shared_ptr<const rows::Schema> schema_;
  const WriterOptions options_;
  const FileLimits limits_;
  WritingTools tools_;
  std::deque<ColumnWriter> columns_;  // one per field
  std::vector<RowGroup> groups_;      // the ended ones
  Status outcome_;                    // of Write(): its first failure stays
  bool begun_ = false;
  int64_t group_rows_ = 0;
  int64_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<DataFileWriter>> DataFileWriter::Make(std::unique_ptr<storage::Writer> out,
                                                             std::string path,
                                                             std::shared_ptr<const rows::Schema> schema,
                                                             WriterOptions options) {
  CDC_TRY(CheckSchema(*schema));
  return std::unique_ptr<DataFileWriter>(
      std::make_unique<FileWriter>(std::move(out), std::move(path), std::move(schema), options));
}

}  // namespace cdc::parquet
