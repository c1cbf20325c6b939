#include "jobs/sink/iceberg/delete_files.h"

#include "tests/unit/sink_iceberg/table_bench.h"

namespace cdc::iceberg_sink {
namespace {

TEST_CASE("known deletes follow commits, and are read again when the table was adopted anew") {
  TableBench bench;
  DeleteFiles deletes(1 << 20, bench.table, *bench.made.files);
  const auto commit = [&](CommitDraft& draft) {
    auto staged = bench.table.Stage(bench.table.loaded(), draft.changes,
                                    {1'700'000'000'000, iceberg::NewSnapshotId(bench.table.metadata())});
    REQUIRE(staged);
    REQUIRE(bench.table.CloseFiles());
    REQUIRE(bench.table.Send(*staged));
    deletes.Advance(&draft);
  };
  const iceberg::DataFile a = bench.Data(100), b = bench.Data(100), c = bench.Data(2);
  CommitDraft rows;
  rows.changes.added_data = {a, b, c};
  commit(rows);

  CommitDraft first;
  first.deletes = {{a.file_path, {3, 1}}, {b.file_path, {9}}, {c.file_path, {0, 1}}};
  REQUIRE(deletes.Draft(&first));
  CHECK(first.deleted_rows == 5);
  CHECK(first.changes.removed_paths == std::vector<std::string>{c.file_path});  // no row is left
  CHECK(first.changes.added_deletes.size() == 1);                               // a and b share one
  commit(first);
  CHECK(deletes.Read(a.file_path)->ToVector() == std::vector<int64_t>{1, 3});

  CommitDraft second;
  second.deletes = {{a.file_path, {3, 4}}};
  REQUIRE(deletes.Draft(&second));
  CHECK(second.deleted_rows == 1);
  commit(second);
  for (const bool adopted : {false, true}) {
    if (adopted) REQUIRE(bench.table.Adopt(*bench.table.Load()));
    CHECK(deletes.Read(a.file_path)->ToVector() == std::vector<int64_t>{1, 3, 4});
    CHECK(deletes.Read(b.file_path)->ToVector() == std::vector<int64_t>{9});
    CHECK(deletes.Shared().value()->CountOf(a.file_path) == 3);
  }

  // Another writer deletes a row; who adopts its commit must not go by what it knew.
  IcebergTable other(bench.made.ident, "t", bench.ports);
  REQUIRE(other.Adopt(*other.Load()));
  DeleteFiles others(1 << 20, other, *bench.made.files);
  CommitDraft foreign;
  foreign.deletes = {{b.file_path, {50}}};
  REQUIRE(others.Draft(&foreign));
  auto staged = other.Stage(other.loaded(), foreign.changes,
                            {1'700'000'000'000, iceberg::NewSnapshotId(other.metadata())});
  REQUIRE(staged);
  REQUIRE(other.CloseFiles());
  REQUIRE(other.Send(*staged));
  REQUIRE(bench.table.Adopt(*bench.table.Load()));
  CHECK(deletes.Read(b.file_path)->ToVector() == std::vector<int64_t>{9, 50});

  CommitDraft truncated;
  truncated.changes.remove_all = true;
  REQUIRE(deletes.Draft(&truncated));
  CHECK(truncated.deleted_rows == 200 - 5);
  commit(truncated);
  CHECK(bench.table.live().data().empty());
  CHECK(deletes.Read(b.file_path)->size() == 0);
}

}  // namespace
}  // namespace cdc::iceberg_sink
