#include <algorithm>

#include "lib/parquet/file_reader_internal.h"
#include "lib/parquet/position_deletes.h"
#include "lib/parquet/position_deletes_internal.h"

namespace cdc::parquet {
namespace {

std::shared_ptr<const rows::Schema> DeleteSchema() {
  auto schema = std::make_shared<rows::Schema>();
  schema->fields.push_back({kFilePathId, 0, "file_path", true, rows::Type::Of(rows::TypeKind::kString)});
  schema->fields.push_back({kPosId, 0, "pos", true, rows::Type::Of(rows::TypeKind::kLong)});
  return schema;
}

}  // namespace

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
