#pragma once

/// \file tests/component/iceberg/test_table.h
/// A table of (id long required, name string) in a scratch folder, changed with our writer, its Parquet
/// written by pyarrow.

#include <fmt/format.h>

#include <string>
#include <vector>

#include "lib/iceberg/snapshot_writer.h"
#include "lib/iceberg/sqlite_catalog.h"
#include "tests/component/iceberg/python_judge.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::iceberg {

using testing::Ok;

class TestTable {
 public:
  TestTable() : files(storage::MakeLocalFileSystem()) { catalog = OpenCatalog(); }

  std::unique_ptr<Catalog> OpenCatalog() {
    SqliteCatalogOptions options{dir / "catalog.db", "cdc", dir / "warehouse"};
    options.now_ms = [this] { return ++now_ms; };
    auto made = MakeSqliteCatalog(options, *files);
    REQUIRE(Ok(made));
    return std::move(*made);
  }

  void Create() {
    rows::Schema schema;
    schema.fields = {{1, 0, "id", true, rows::Type::Of(rows::TypeKind::kLong)},
                     {2, 0, "name", false, rows::Type::Of(rows::TypeKind::kString)}};
    schema.identifier_field_ids = {1};
    REQUIRE(Ok(catalog->EnsureNamespace("db")));
    auto made = catalog->CreateTable(ident, schema, "", {});
    REQUIRE(Ok(made));
    table = *made;
  }

  /// `count` rows from id `start` on.
  DataFile Data(int start, int count) {
    DataFile file;
    file.file_path = fmt::format("{}/data/{}.parquet", table.metadata->location, NewUuid());
    const auto answer = Judge({"data", file.file_path, std::to_string(start), std::to_string(count)});
    file.record_count = count;
    file.file_size_in_bytes = answer["size"].get<int64_t>();
    file.value_counts = {{1, count}, {2, count}};
    file.null_value_counts = {{1, 0}, {2, 0}};
    file.split_offsets = {4};
    return file;
  }

  DataFile Deletes(const DataFile& data, const std::vector<int>& positions) {
    DataFile file;
    file.content = FileContent::kPositionDeletes;
    file.file_path = fmt::format("{}/data/{}-deletes.parquet", table.metadata->location, NewUuid());
    std::vector<std::string> arguments = {"deletes", file.file_path, data.file_path};
    for (const int p : positions) arguments.push_back(std::to_string(p));
    file.file_size_in_bytes = Judge(arguments)["size"].get<int64_t>();
    file.record_count = static_cast<int64_t>(positions.size());
    file.referenced_data_file = data.file_path;
    file.lower_bounds[2147483546] = file.upper_bounds[2147483546] = data.file_path;
    return file;
  }

  StagedSnapshot Stage(const SnapshotChanges& changes) {
    auto staged = StageSnapshot(*files, table, live, changes, {++now_ms, {}});
    REQUIRE(Ok(staged));
    return std::move(*staged);
  }

  void Commit(const SnapshotChanges& changes) {
    const StagedSnapshot staged = Stage(changes);
    auto committed = catalog->CommitTable(table, staged.commit);
    REQUIRE(Ok(committed));
    table = *committed;
    live.Advance(staged);
  }

  nlohmann::json Scan() { return Judge({"scan", dir / "catalog.db", dir / "warehouse", "db.t"}); }
  nlohmann::json ScanDuckDb() { return Judge({"duckdb", table.metadata_location}); }

  testing::TempDir dir;
  int64_t now_ms = 1'700'000'000'000;
  std::unique_ptr<storage::FileSystem> files;
  std::unique_ptr<Catalog> catalog;
  TableIdent ident{"db", "t"};
  LoadedTable table;
  LiveFiles live;
};

/// Rows as judge.py prints them, but for the given ids.
inline nlohmann::json ExpectedRows(int from, int to, const std::vector<int>& without) {
  std::vector<nlohmann::json> rows;
  for (int id = from; id < to; ++id) {
    if (std::find(without.begin(), without.end(), id) == without.end())
      rows.push_back({id, fmt::format("n{}", id)});
  }
  return rows;
}

/// The order in which judge.py sorts does not matter.
inline nlohmann::json Sorted(nlohmann::json rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace cdc::iceberg
