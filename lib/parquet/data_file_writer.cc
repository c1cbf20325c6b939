#include "lib/parquet/data_file_writer.h"

#include <algorithm>
#include <vector>

#include <parquet/file_writer.h>
#include <parquet/metadata.h>

#include "lib/parquet/arrow_io_internal.h"
#include "lib/parquet/column_encoder_internal.h"
#include "lib/parquet/dictionary_choice_internal.h"
#include "lib/parquet/file_schema_internal.h"

namespace cdc::parquet {
namespace {

namespace pq = ::parquet;

/// Rows gathered at a time: the scratch of one column stays in the processor's cache. Parquet looks at its
/// limits once for each such chunk, so one of texts is cut by bytes, and wide tables have fewer rows in it.
constexpr size_t kChunkRows = 2048, kLeastChunkRows = 256, kChunkCells = 40'000;
constexpr int64_t kChunkBytes = 512 << 10;
/// Uncompressed. Smaller than Parquet's default of 1 MB: every column holds one open page in memory, and room
/// for two more, in which the page before was put together and compressed.
constexpr int64_t kPageCopies = 3;
constexpr int64_t kPageBytes = 256 << 10, kLeastPageBytes = 8 << 10;
/// Memory for each byte of a dictionary: its hash table has 24 bytes a place, and two to eight places a
/// value.
constexpr int64_t kDictionaryCost = 20;
constexpr int64_t kLeastDictionaryBytes = 2 << 10;

/// What each column may hold so that all of them keep to the file's byte budget.
struct ColumnLimits {
  int64_t page_bytes, dictionary_bytes;
  size_t chunk_rows;
};

ColumnLimits LimitsFor(const WriterOptions& options, size_t columns) {
  const int64_t share = options.open_bytes / static_cast<int64_t>(std::max<size_t>(columns, 1));
  return {std::clamp(share / kPageCopies, kLeastPageBytes, kPageBytes),
          std::min(options.dictionary_page_bytes, std::max(share / kDictionaryCost, kLeastDictionaryBytes)),
          std::clamp(kChunkCells / std::max<size_t>(columns, 1), kLeastChunkRows, kChunkRows)};
}

class FileWriter final : public DataFileWriter {
 public:
  FileWriter(std::shared_ptr<OutputAdapter> out, std::string path, std::shared_ptr<const rows::Schema> schema,
             const WriterOptions& options, std::shared_ptr<pq::schema::GroupNode> file_schema)
      : out_(std::move(out)),
        path_(std::move(path)),
        schema_(std::move(schema)),
        options_(options),
        limits_(LimitsFor(options, schema_->fields.size())),
        file_schema_(std::move(file_schema)) {
    for (const rows::Field& field : schema_->fields) encoders_.push_back(ColumnEncoder::Make(field));
  }

  ~FileWriter() override {
    // Parquet's destructor would write a footer; let it fail quietly into an adapter that goes nowhere
    // visible.
    try {
      group_ = nullptr;
      file_.reset();
    } catch (...) {  // the file is discarded by the storage writer anyway
    }
  }

  Status Write(const rows::Batch& batch, std::span<const uint32_t> rows) override {
    return Guarded(*out_, ErrorKind::kUnsupported, "cannot write " + path_, [&]() -> Status {
      if (!file_ && !rows.empty()) Open(&batch, rows);
      while (!rows.empty()) {
        if (!group_) group_ = file_->AppendBufferedRowGroup();
        const auto room = static_cast<size_t>(std::max<int64_t>(1, options_.row_group_rows - group_rows_));
        const auto chunk =
            rows.first(ChunkRows(batch, rows, std::min(room, limits_.chunk_rows), kChunkBytes));
        for (size_t i = 0; i < encoders_.size(); ++i) {
          CDC_TRY(encoders_[i]->Write(batch.column(i), chunk, group_->column(static_cast<int>(i))));
        }
        rows = rows.subspan(chunk.size());
        rows_ += static_cast<int64_t>(chunk.size());
        group_rows_ += static_cast<int64_t>(chunk.size());
        if (group_rows_ >= options_.row_group_rows || OpenGroupBytes() >= options_.row_group_bytes)
          EndGroup();
      }
      return {};
    });
  }

  int64_t rows() const override { return rows_; }
  int64_t bytes_written_estimate() const override {
    return out_->position() + (group_ ? OpenGroupBytes() : 0);
  }

  Result<iceberg::DataFile> Close() override {
    return Guarded(*out_, ErrorKind::kUnsupported, "cannot finish " + path_,
                   [&]() -> Result<iceberg::DataFile> {
                     if (!file_) Open(nullptr, {});
                     if (group_) EndGroup();
                     file_->Close();
                     iceberg::DataFile described = Describe(*file_->metadata());
                     CDC_TRY(out_->CloseFile());
                     return described;
                   });
  }

 private:
  /// \param batch, rows what comes first: columns that have no use for a dictionary get none
  void Open(const rows::Batch* batch, std::span<const uint32_t> rows) {
    pq::SchemaDescriptor columns;
    columns.Init(file_schema_);
    pq::WriterProperties::Builder builder;
    builder.version(pq::ParquetVersion::PARQUET_2_6)
        ->data_page_version(pq::ParquetDataPageVersion::V1)
        ->compression(pq::Compression::ZSTD)
        ->compression_level(options_.zstd_level)
        ->dictionary_pagesize_limit(limits_.dictionary_bytes)
        ->data_pagesize(limits_.page_bytes)
        ->write_batch_size(static_cast<int64_t>(kChunkRows))
        ->enable_page_checksum()
        ->set_size_statistics_level(pq::SizeStatisticsLevel::None);
    for (size_t i = 0; batch != nullptr && i < encoders_.size(); ++i) {
      DictionarySample sample;
      sample.Add(batch->column(i), rows);
      if (!sample.WorthIt(limits_.dictionary_bytes))
        builder.disable_dictionary(columns.Column(static_cast<int>(i))->path());
    }
    file_ = pq::ParquetFileWriter::Open(out_, file_schema_, builder.build());
  }

  int64_t OpenGroupBytes() const {
    const auto buffered = group_->estimated_buffered_stats();
    return group_->total_compressed_bytes() + group_->total_compressed_bytes_written() +
           buffered.def_level_bytes + buffered.rep_level_bytes + buffered.value_bytes + buffered.dict_bytes;
  }

  void EndGroup() {
    group_->Close();
    group_ = nullptr;
    group_rows_ = 0;
  }

  iceberg::DataFile Describe(const pq::FileMetaData& metadata) const {
    iceberg::DataFile file;
    file.file_path = path_;
    file.record_count = rows_;
    file.file_size_in_bytes = out_->position();
    for (const auto& encoder : encoders_) encoder->AddMetrics(&file);
    for (int g = 0; g < metadata.num_row_groups(); ++g) {
      const auto group = metadata.RowGroup(g);
      for (int c = 0; c < group->num_columns(); ++c) {
        const rows::Field& field = schema_->fields[static_cast<size_t>(c)];
        const auto chunk = group->ColumnChunk(c);
        file.column_sizes[field.element_id > 0 ? field.element_id : field.id] +=
            chunk->total_compressed_size();
        if (c > 0) continue;
        const int64_t data = chunk->data_page_offset();
        file.split_offsets.push_back(
            chunk->has_dictionary_page() ? std::min(chunk->dictionary_page_offset(), data) : data);
      }
    }
    return file;
  }

  std::shared_ptr<OutputAdapter> out_;
  const std::string path_;
  const std::shared_ptr<const rows::Schema> schema_;
  const WriterOptions options_;
  const ColumnLimits limits_;
  const std::shared_ptr<pq::schema::GroupNode> file_schema_;
  std::vector<std::unique_ptr<ColumnEncoder>> encoders_;  // one per field, each one leaf column
  std::unique_ptr<pq::ParquetFileWriter> file_;           // begun with the first rows
  pq::RowGroupWriter* group_ = nullptr;                   // owned by file_; null between row groups
  int64_t group_rows_ = 0;
  int64_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<DataFileWriter>> DataFileWriter::Make(std::unique_ptr<storage::Writer> out,
                                                             std::string path,
                                                             std::shared_ptr<const rows::Schema> schema,
                                                             WriterOptions options) {
  CDC_ASSIGN(auto file_schema, ToFileSchema(*schema));
  const auto adapter = std::make_shared<OutputAdapter>(std::move(out));
  return std::unique_ptr<DataFileWriter>(std::make_unique<FileWriter>(
      adapter, std::move(path), std::move(schema), options, std::move(file_schema)));
}

}  // namespace cdc::parquet
