#include "lib/parquet/position_deletes.h"

#include <algorithm>
#include <numeric>

#include "lib/parquet/data_file_writer.h"
#include "lib/parquet/file_reader_internal.h"

namespace cdc::parquet {
namespace {

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
  const auto schema = DeleteSchema();
  CDC_ASSIGN(const auto writer, DataFileWriter::Make(std::move(out), path, schema));
  rows::Batch batch(schema);
  std::vector<uint32_t> numbers(std::min(kChunkRows, sorted_positions.size()));
  std::iota(numbers.begin(), numbers.end(), 0u);
  while (!sorted_positions.empty()) {
    const auto chunk = sorted_positions.first(std::min(kChunkRows, sorted_positions.size()));
    batch.Truncate(0);
    for (const int64_t position : chunk) {
      batch.column(0).AppendBytes(data_file_path);
      batch.column(1).AppendLong(position);
    }
    CDC_TRY(writer->Write(batch, std::span(numbers).first(chunk.size())));
    sorted_positions = sorted_positions.subspan(chunk.size());
  }
  CDC_ASSIGN(iceberg::DataFile file, writer->Close());
  file.content = iceberg::FileContent::kPositionDeletes;
  file.referenced_data_file = data_file_path;
  // Readers prune by these bounds, so a path cut at 16 characters would match every file of the table.
  file.lower_bounds[kFilePathId] = data_file_path;
  file.upper_bounds[kFilePathId] = data_file_path;
  return file;
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
