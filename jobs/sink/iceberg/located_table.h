#pragma once

/// \file jobs/sink/iceberg/located_table.h
/// An Iceberg table as a RowLocator sees it.

#include "jobs/sink/iceberg/delete_files.h"
#include "jobs/sink/iceberg/iceberg_table.h"
#include "jobs/sink/lake/row_locator.h"
#include "jobs/sink/iceberg/table_definition.h"

namespace cdc::iceberg_sink {

/// Owns nothing. One thread at a time.
class LocatedIcebergTable final : public LocatedTable {
 public:
  /// All must outlive this.
  LocatedIcebergTable(const IcebergTable& table, const TableDefinition& definition, DeleteFiles& deletes,
                      storage::FileSystem& files)
      : table_(table), definition_(definition), deletes_(deletes), files_(files) {}

  std::string id() const override { return table_.metadata().table_uuid; }
  int64_t version() const override { return table_.metadata().current_snapshot_id.value_or(0); }
  bool Descends(int64_t version) const override { return table_.metadata().HistoryContains(version); }
  int64_t rows() const override {
    return table_.live().totals().records - table_.live().totals().position_deletes;
  }
  bool HasFile(const std::string& path) const override { return table_.live().FindData(path) != nullptr; }
  std::vector<const std::string*> data_files() const override {
    std::vector<const std::string*> paths;
    paths.reserve(table_.live().data().size());
    for (const auto& [path, entry] : table_.live().data()) paths.push_back(&path);
    return paths;
  }
  std::shared_ptr<const rows::Schema> schema() const override { return table_.schema(); }
  const RowKeys& keys() const override { return definition_.keys(); }
  Result<PositionSet> DeletedOf(const std::string& path) override { return deletes_.Read(path); }
  Result<std::unique_ptr<parquet::DataFileReader>> OpenData(
      const std::string& path, std::shared_ptr<const rows::Schema> projection) const override {
    CDC_ASSIGN(auto file, files_.Open(path));
    return parquet::DataFileReader::Make(std::move(file), std::move(projection));
  }

 private:
  const IcebergTable& table_;
  const TableDefinition& definition_;
  DeleteFiles& deletes_;
  storage::FileSystem& files_;
};

}  // namespace cdc::iceberg_sink
