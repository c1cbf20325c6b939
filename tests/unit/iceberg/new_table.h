#pragma once

/// \file tests/unit/iceberg/new_table.h
/// A table in a scratch folder whose data files exist in the metadata only.

#include <fmt/format.h>

#include <string>

#include "lib/iceberg/departed_files.h"
#include "lib/iceberg/snapshot_writer.h"
#include "lib/iceberg/sqlite_catalog.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::iceberg {

using testing::Ok;

class NewTable {
 public:
  NewTable() : files(storage::MakeLocalFileSystem()), catalog(Open()) {
    REQUIRE(Ok(catalog->EnsureNamespace("db")));
    auto made = catalog->CreateTable(ident, SchemaOf(), "", {});
    REQUIRE(Ok(made));
    table = *made;
  }

  static rows::Schema SchemaOf() {
    rows::Schema schema;
    schema.fields = {{1, 0, "id", true, rows::Type::Of(rows::TypeKind::kLong)}};
    return schema;
  }

  std::unique_ptr<Catalog> Open() {
    auto made = MakeSqliteCatalog({dir / "c/catalog.db", "cdc", dir / "w/", {}}, *files);
    REQUIRE(Ok(made));
    return std::move(*made);
  }

  DataFile Data(int64_t rows) {
    DataFile file;
    file.file_path = fmt::format("{}/data/{}.parquet", table.metadata->location, ++number);
    file.record_count = rows;
    file.file_size_in_bytes = 10 * rows;
    file.lower_bounds[1] = file.upper_bounds[1] = "12345678";
    return file;
  }

  DataFile Deletes(const DataFile& data, int64_t rows) {
    DataFile file = Data(rows);
    file.content = FileContent::kPositionDeletes;
    file.referenced_data_file = data.file_path;
    return file;
  }

  void Commit(const SnapshotChanges& changes) {
    auto staged = StageSnapshot(*files, table, live, changes, {1'700'000'000'000, {}});
    REQUIRE(Ok(staged));
    auto committed = catalog->CommitTable(table, staged->commit);
    REQUIRE(Ok(committed));
    table = *committed;
    departed.Note(live, *staged, table.metadata->location);
    live.Advance(*staged);
  }

  testing::TempDir dir;
  std::unique_ptr<storage::FileSystem> files;
  std::unique_ptr<Catalog> catalog;
  TableIdent ident{"db", "T.x"};
  LoadedTable table;
  LiveFiles live;
  DepartedFiles departed;
  int number = 0;
};

}  // namespace cdc::iceberg
