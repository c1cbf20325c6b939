#pragma once

/// \file tests/unit/sink_lake/fake_table.h
/// A table of no format: Parquet files in a scratch folder, and what a RowLocator asks of it as plain values.

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "jobs/sink/lake/row_locator.h"
#include "lib/parquet/data_file_writer.h"
#include "tests/support/result_printing.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::lake_sink {

class FakeTable final : public LocatedTable {
 public:
  FakeTable() {
    auto columns = std::make_shared<rows::Schema>();
    columns->fields = {{1, 0, "id", true, rows::Type::Of(rows::TypeKind::kLong)},
                       {2, 0, "value", false, rows::Type::Of(rows::TypeKind::kLong)}};
    schema_ = columns;
    row_keys.secret.bytes.fill(7);
    row_keys.columns = {"id"};
  }

  /// Commits a data file whose rows have these ids; values are ids times 10. \return its path
  std::string Add(const std::vector<int64_t>& ids) {
    const std::string path = Write(ids);
    Commit({path});
    return path;
  }
  std::string Write(const std::vector<int64_t>& ids) {
    const std::string path = folder / ("data/" + std::to_string(++written_) + ".parquet");
    rows::Batch batch(schema_);
    std::vector<uint32_t> all;
    for (const int64_t id : ids) {
      all.push_back(static_cast<uint32_t>(all.size()));
      batch.column(0).AppendLong(id);
      batch.column(1).AppendLong(10 * id);
    }
    auto file = files->Create(path);
    REQUIRE(file);
    auto writer = parquet::DataFileWriter::Make(std::move(*file), path, schema_);
    REQUIRE(writer);
    REQUIRE((*writer)->Write(batch, all));
    REQUIRE((*writer)->Close());
    rows_[path] = static_cast<int64_t>(ids.size());
    return path;
  }
  /// Makes a new version with these files more, and those less.
  void Commit(const std::vector<std::string>& added, const std::vector<std::string>& removed = {}) {
    for (const std::string& path : added) live_.insert(path);
    for (const std::string& path : removed) live_.erase(path);
    versions_.insert(++version_);
  }
  void Delete(const std::string& path, int64_t position) { deleted_[path].Add({&position, 1}); }
  /// Forgets all versions, and goes on with another one.
  void LoseHistory() {
    versions_.clear();
    Commit({});
  }

  Hash128 KeyOf(int64_t id) const {
    rows::Batch batch(schema_);
    batch.column(0).AppendLong(id);
    batch.column(1).AppendLong(0);
    return rows::KeyHasher(row_keys.secret, {0})(batch, 0);
  }

  std::string id() const override { return uuid; }
  int64_t version() const override { return version_; }
  bool Descends(int64_t version) const override { return versions_.contains(version); }
  int64_t rows() const override {
    int64_t count = 0;
    for (const std::string& path : live_) {
      const auto deleted = deleted_.find(path);
      count += rows_.at(path) - (deleted == deleted_.end() ? 0 : deleted->second.size());
    }
    return count;
  }
  bool HasFile(const std::string& path) const override { return live_.contains(path); }
  std::vector<const std::string*> data_files() const override {
    std::vector<const std::string*> paths;
    for (const std::string& path : live_) paths.push_back(&path);
    return paths;
  }
  std::shared_ptr<const rows::Schema> schema() const override { return schema_; }
  const RowKeys& keys() const override { return row_keys; }
  Result<PositionSet> DeletedOf(const std::string& path) override { return deleted_[path]; }
  Result<std::unique_ptr<parquet::DataFileReader>> OpenData(
      const std::string& path, std::shared_ptr<const rows::Schema> projection) const override {
    CDC_ASSIGN(auto file, files->Open(path));
    return parquet::DataFileReader::Make(std::move(file), std::move(projection));
  }

  testing::TempDir folder;
  std::unique_ptr<storage::FileSystem> files = storage::MakeLocalFileSystem();
  SystemClock clock;
  RowKeys row_keys;
  std::string uuid = "table";

 private:
  std::shared_ptr<const rows::Schema> schema_;
  int written_ = 0;
  int64_t version_ = 0;
  std::set<int64_t> versions_;
  std::set<std::string> live_;
  std::map<std::string, int64_t> rows_;
  std::map<std::string, PositionSet> deleted_;
};

}  // namespace cdc::lake_sink
