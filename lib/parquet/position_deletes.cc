#include "lib/parquet/position_deletes.h"

#include <algorithm>
#include <cstring>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>
#include <parquet/column_writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "lib/iceberg/value.h"
#include "lib/parquet/arrow_io_internal.h"
#include "lib/parquet/file_reader_internal.h"
#include "lib/parquet/file_schema_internal.h"

namespace cdc::parquet {
namespace {

namespace pq = ::parquet;

// Reserved field ids (Iceberg specification, "Reserved Field IDs").
constexpr int kFilePathId = 2147483546;
constexpr int kPosId = 2147483545;
constexpr size_t kChunkRows = 16 * 1024;

std::shared_ptr<const rows::Schema> DeleteSchema() {
  auto schema = std::make_shared<rows::Schema>();
  schema->fields.push_back({kFilePathId, 0, "file_path", true, rows::Type::Of(rows::TypeKind::kString)});
  schema->fields.push_back({kPosId, 0, "pos", true, rows::Type::Of(rows::TypeKind::kLong)});
  return schema;
}

std::shared_ptr<pq::WriterProperties> MakeProperties() {
  pq::WriterProperties::Builder builder;
  builder.version(pq::ParquetVersion::PARQUET_2_6)
      ->data_page_version(pq::ParquetDataPageVersion::V1)
      ->compression(pq::Compression::ZSTD)
      ->compression_level(1)
      ->disable_dictionary("pos")
      ->enable_page_checksum()
      ->set_size_statistics_level(pq::SizeStatisticsLevel::None);
  return builder.build();
}

void Check(const arrow::Status& status) {
  if (!status.ok()) throw pq::ParquetException(status.ToString());
}

/// The path is the same in every row: a dictionary of one, and zeros that point to it.
std::shared_ptr<arrow::Array> RepeatedPath(const std::string& path, size_t rows) {
  arrow::StringBuilder builder;
  Check(builder.Append(path));
  std::shared_ptr<arrow::Array> dictionary;
  Check(builder.Finish(&dictionary));
  auto zeros = arrow::AllocateBuffer(static_cast<int64_t>(rows * sizeof(int32_t)));
  Check(zeros.status());
  std::memset((*zeros)->mutable_data(), 0, rows * sizeof(int32_t));
  const auto indices =
      std::make_shared<arrow::Int32Array>(static_cast<int64_t>(rows), std::shared_ptr(std::move(*zeros)));
  return std::make_shared<arrow::DictionaryArray>(arrow::dictionary(arrow::int32(), arrow::utf8()), indices,
                                                  dictionary);
}

void WriteRows(pq::ParquetFileWriter& file, const std::string& data_file_path,
               std::span<const int64_t> positions) {
  const auto rows = static_cast<int64_t>(positions.size());
  pq::RowGroupWriter* const group = file.AppendRowGroup();
  const auto properties = pq::default_arrow_writer_properties();
  pq::ArrowWriteContext context(arrow::default_memory_pool(), properties.get());
  pq::ColumnWriter* const paths = group->NextColumn();
  const auto path = RepeatedPath(data_file_path, std::min(positions.size(), kChunkRows));
  for (int64_t at = 0; at < rows; at += static_cast<int64_t>(kChunkRows)) {
    const int64_t count = std::min<int64_t>(rows - at, kChunkRows);
    Check(paths->WriteArrow(nullptr, nullptr, count, *path->Slice(0, count), &context, false));
  }
  paths->Close();
  auto* const numbers = static_cast<pq::Int64Writer*>(group->NextColumn());
  numbers->WriteBatch(rows, nullptr, nullptr, positions.data());
  numbers->Close();
  group->Close();
}

iceberg::DataFile Describe(const pq::FileMetaData& metadata, const std::string& data_file_path,
                           std::span<const int64_t> positions) {
  iceberg::DataFile file;
  file.content = iceberg::FileContent::kPositionDeletes;
  file.record_count = static_cast<int64_t>(positions.size());
  file.referenced_data_file = data_file_path;
  const auto group = metadata.RowGroup(0);
  for (const auto& [column, id] : {std::pair(0, kFilePathId), std::pair(1, kPosId)}) {
    file.column_sizes[id] = group->ColumnChunk(column)->total_compressed_size();
    file.value_counts[id] = file.record_count;
    file.null_value_counts[id] = 0;
  }
  const auto chunk = group->ColumnChunk(0);
  file.split_offsets.push_back(chunk->has_dictionary_page()
                                   ? std::min(chunk->dictionary_page_offset(), chunk->data_page_offset())
                                   : chunk->data_page_offset());
  // Readers prune by these bounds, so a path cut at 16 characters would match every file of the table.
  file.lower_bounds[kFilePathId] = data_file_path;
  file.upper_bounds[kFilePathId] = data_file_path;
  file.lower_bounds[kPosId] = iceberg::SerializeLong(positions.front());
  file.upper_bounds[kPosId] = iceberg::SerializeLong(positions.back());
  return file;
}

}  // namespace

Result<iceberg::DataFile> WritePositionDeletes(std::unique_ptr<storage::Writer> out, const std::string& path,
                                               const std::string& data_file_path,
                                               std::span<const int64_t> sorted_positions) {
  if (sorted_positions.empty() || sorted_positions.front() < 0 ||
      std::adjacent_find(sorted_positions.begin(), sorted_positions.end(), std::greater_equal<>()) !=
          sorted_positions.end()) {
    return Error{ErrorKind::kInvalidArgument, "cannot write position deletes for " + data_file_path +
                                                  ": positions must ascend, at least one"};
  }
  CDC_ASSIGN(const auto file_schema, ToFileSchema(*DeleteSchema()));
  const auto adapter = std::make_shared<OutputAdapter>(std::move(out));
  return Guarded(*adapter, ErrorKind::kTransient, "cannot write " + path, [&]() -> Result<iceberg::DataFile> {
    const auto file = pq::ParquetFileWriter::Open(adapter, file_schema, MakeProperties());
    WriteRows(*file, data_file_path, sorted_positions);
    file->Close();
    iceberg::DataFile written = Describe(*file->metadata(), data_file_path, sorted_positions);
    written.file_path = path;
    written.file_size_in_bytes = adapter->position();
    CDC_TRY(adapter->CloseFile());
    return written;
  });
}

Result<std::map<std::string, std::vector<int64_t>>> ReadPositionDeletes(
    std::unique_ptr<storage::Reader> file) {
  const auto schema = DeleteSchema();
  CDC_ASSIGN(const auto reader, OpenFile(std::move(file), schema, MatchBy::kFieldIdThenName));
  rows::Batch batch(schema);
  int64_t first = 0;
  std::map<std::string, std::vector<int64_t>> deletes;
  std::vector<int64_t>* current = nullptr;
  std::string_view current_path;
  for (;;) {
    CDC_ASSIGN(const bool more, reader->Next(&batch, &first));
    if (!more) break;
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      if (!batch.column(0).has_value(row) || !batch.column(1).has_value(row)) {
        return Error{ErrorKind::kCorrupt, "cannot read position deletes: file_path or pos is absent or null"};
      }
      const std::string_view path = batch.column(0).bytes(row);
      if (!current || path != current_path) {
        const auto entry = deletes.try_emplace(std::string(path)).first;
        current = &entry->second;
        current_path = entry->first;
      }
      current->push_back(batch.column(1).fixed<int64_t>(row));
    }
  }
  for (auto& [path, positions] : deletes) {
    std::sort(positions.begin(), positions.end());
    positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  }
  return deletes;
}

}  // namespace cdc::parquet
