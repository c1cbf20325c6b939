/// Deletes of many data files in one delete file: how many files there are, and that independent readers find
/// just the rows that are left, whatever became of the files.

#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "jobs/sink/iceberg/shared_deletes.h"
#include "tests/component/worker/sink_table.h"
#include "tests/support/result_printing.h"

namespace cdc::worker {
namespace {

using nlohmann::json;
using Model = std::map<int64_t, int64_t>;  ///< id → version

constexpr int64_t kFileRows = 2000;

/// Each commit of new rows makes a data file of kFileRows rows with ids in a row.
struct ChangedTable : SinkTable {
  ChangedTable() : SinkTable(LongColumns({"id", "version"})), sink(Open()) {}

  void Put(int64_t first, int64_t count, int64_t step, Fold* fold) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t id = first + i * step;
      model[id] = offset;
      fold->batch().column(0).AppendLong(id);
      fold->batch().column(1).AppendLong(offset);
      (void)fold->Upsert(KeyOf(id), fold->batch().rows() - 1, false);
    }
  }
  void Remove(int64_t first, int64_t count, int64_t step, Fold* fold) {
    for (int64_t i = 0; i < count; ++i) {
      model.erase(first + i * step);
      fold->Remove(KeyOf(first + i * step));
    }
  }

  template <typename Fill>
  Committed Commit(const Fill& fill) {
    Fold fold(sink->shape().schema);
    fill(&fold);
    Marker marker;
    marker.offsets["t"][0] = ++offset;
    auto committed = sink->Commit({fold, marker});
    REQUIRE(committed);
    return *committed;
  }

  void MakeFiles(int count, int64_t rows = kFileRows) {
    for (int i = 0; i < count; ++i) Commit([&](Fold* fold) { Put(i * rows, rows, 1, fold); });
  }

  void CheckRows(bool every_snapshot = false) const {
    const json seen = Seen(every_snapshot);
    for (const char* reader : {"rows", "duckdb_rows"}) {
      if (!seen.contains(reader)) continue;
      Model found;
      for (const json& row : seen[reader])
        if (!found.emplace(row["id"], row["version"]).second)
          FAIL_CHECK("twice in the table: " << row.dump());
      CHECK(found == model);
    }
  }

  int64_t offset = 0;
  Model model;
  std::unique_ptr<IcebergSink> sink;
};

}  // namespace

TEST_CASE("a commit that takes rows from many data files writes one delete file") {
  ChangedTable table;
  table.MakeFiles(12);
  for (int n = 0; n < 5; ++n) {
    const Committed done = table.Commit([&](Fold* fold) { table.Put(n, 12 * kFileRows / 100, 100, fold); });
    CHECK(done.deletes == 12 * kFileRows / 100);
    CHECK(table.sink->figures().delete_files == 1);
    CHECK(table.sink->figures().rows == static_cast<int64_t>(table.model.size()));
  }
  table.CheckRows(true);

  table.sink = table.Open();  // a run that knows nothing of them but what the table says
  const Committed again = table.Commit([&](Fold* fold) { table.Remove(7, 60, 200, fold); });
  CHECK(again.deletes == 60);
  CHECK(table.sink->figures().delete_files == 2);  // the recent ones beside what it found
  CHECK(table.sink->figures().rows == static_cast<int64_t>(table.model.size()));
  table.CheckRows(true);
}

TEST_CASE("recent deletes settle every few commits, and no run leaves more than one file of each") {
  ChangedTable table;
  table.settings.target_file_bytes = 1 << 30;
  table.MakeFiles(3, 10'000);
  for (int n = 0; n < 9; ++n) {
    table.Commit([&](Fold* fold) { table.Remove(n, 600, 50, fold); });
    CHECK(table.sink->figures().delete_files == (n < 7 ? 1 : 2));
    CHECK(table.sink->figures().deleted_rows == (n + 1) * 600);
  }
  table.CheckRows(true);
  for (int n = 0; n < 3; ++n) {
    table.sink = table.Open();
    table.Commit([&](Fold* fold) { table.Put(20 + n, 60, 500, fold); });
    CHECK(table.sink->figures().delete_files == (n == 1 ? 2 : 1));
    CHECK(table.sink->figures().rows == static_cast<int64_t>(table.model.size()));
    table.CheckRows();
  }
}

TEST_CASE("a table at rest has deletes for each data file by itself") {
  ChangedTable table;
  table.settings.target_file_bytes = 1;  // nothing is small enough to be merged
  table.MakeFiles(3);
  table.Commit([&](Fold* fold) { table.Remove(1, 30, 200, fold); });
  CHECK(table.sink->figures().delete_files == 1);
  REQUIRE(table.sink->Maintain(Tidying::kBetweenCommits));
  CHECK(table.sink->figures().delete_files == 1);
  ChangedTable::Finish(*table.sink, Tidying::kIdle);
  CHECK(table.sink->figures().delete_files == 3);
  CHECK(table.sink->figures().deleted_rows == 30);
  table.CheckRows(true);
  table.Commit([&](Fold* fold) { table.Remove(2, 30, 200, fold); });
  CHECK(table.sink->figures().delete_files == 4);
  table.CheckRows(true);
}

TEST_CASE("a data file without rows left goes, and with it what the shared deletes said of it") {
  ChangedTable table;
  table.MakeFiles(4);
  table.Commit([&](Fold* fold) { table.Remove(0, 40, 200, fold); });
  table.Commit([&](Fold* fold) { table.Remove(0, kFileRows, 1, fold); });
  CHECK(table.sink->figures().data_files == 3);
  CHECK(table.sink->figures().delete_files == 1);
  CHECK(table.sink->figures().deleted_rows == 30);
  CHECK(table.sink->figures().rows == static_cast<int64_t>(table.model.size()));
  table.CheckRows(true);
}

TEST_CASE("beyond what may be shared, data files get deletes of their own, a few at a time") {
  constexpr int64_t kRows = 20'000;
  ChangedTable table;
  table.settings.target_file_bytes = 1 << 30;
  table.MakeFiles(4, kRows);
  for (int n = 0; n < 6; ++n) {
    table.Commit([&](Fold* fold) { table.Remove(n, 4 * kRows / 10, 10, fold); });
    CHECK(table.sink->figures().delete_files <= 5);
    CHECK(table.sink->figures().deleted_rows == (n + 1) * 4 * kRows / 10);
  }
  CHECK(table.sink->figures().delete_files > 1);
  table.CheckRows();
  ChangedTable::Finish(*table.sink, Tidying::kThorough);
  CHECK(table.sink->figures().deleted_rows == 0);
  table.CheckRows();
}

TEST_CASE("after a TRUNCATE nothing is left of shared deletes") {
  ChangedTable table;
  table.MakeFiles(3);
  table.Commit([&](Fold* fold) { table.Remove(1, 30, 200, fold); });
  table.Commit([&](Fold* fold) {
    fold->Truncate();
    table.model.clear();
    table.Put(0, 100, 1, fold);
  });
  CHECK(table.sink->figures().delete_files == 0);
  table.Commit([&](Fold* fold) { table.Put(50, 100, 1, fold); });
  table.Commit([&](Fold* fold) { table.Put(40, 60, 1, fold); });
  CHECK(table.sink->figures().rows == static_cast<int64_t>(table.model.size()));
  table.CheckRows(true);
}

}  // namespace cdc::worker
