#pragma once

/// \file jobs/sink/delta/located_delta_table.h
/// A Delta table as a RowLocator sees it. Its versions are Delta's; number 0 has no rows.

#include "jobs/sink/delta/deleted_rows.h"
#include "jobs/sink/delta/delta_table.h"
#include "jobs/sink/delta/stored_rows.h"
#include "jobs/sink/delta/table_definition.h"

namespace cdc::delta_sink {

/// Owns nothing. One thread at a time.
class LocatedDeltaTable final : public LocatedTable {
 public:
  /// All must outlive this.
  LocatedDeltaTable(const DeltaTable& table, const TableDefinition& definition, DeletedRows& deleted,
                    storage::FileSystem& files)
      : table_(table), definition_(definition), deleted_(deleted), files_(files) {}

  std::string id() const override { return table_.metadata().id; }
  int64_t version() const override { return table_.version(); }
  /// A log has no branches. Whether a version is the one that was meant is for the sink to find out.
  bool Descends(int64_t version) const override { return version <= table_.version(); }
  int64_t rows() const override { return table_.snapshot().rows(); }
  bool HasFile(const std::string& path) const override { return table_.snapshot().Find(path) != nullptr; }
  std::vector<const std::string*> data_files() const override {
    std::vector<const std::string*> paths;
    paths.reserve(table_.snapshot().files().size());
    for (const auto& [path, file] : table_.snapshot().files()) paths.push_back(&path);
    return paths;
  }
  std::shared_ptr<const rows::Schema> schema() const override { return table_.schema(); }
  const RowKeys& keys() const override { return definition_.keys(); }
  Result<PositionSet> DeletedOf(const std::string& path) override {
    CDC_ASSIGN(const PositionSet* deleted, deleted_.Find(path));
    return *deleted;
  }
  Result<std::unique_ptr<parquet::DataFileReader>> OpenData(
      const std::string& path, std::shared_ptr<const rows::Schema> projection) const override {
    CDC_ASSIGN(auto file, files_.Open(path));
    return OpenStored(std::move(file), std::move(projection), table_.columns());
  }

 private:
  const DeltaTable& table_;
  const TableDefinition& definition_;
  DeletedRows& deleted_;
  storage::FileSystem& files_;
};

}  // namespace cdc::delta_sink
