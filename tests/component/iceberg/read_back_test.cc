#include <algorithm>
#include <filesystem>
#include <map>

#include "lib/iceberg/deletable.h"
#include "lib/iceberg/expire.h"
#include "lib/iceberg/schema_evolution.h"
#include "tests/component/iceberg/test_table.h"

namespace cdc::iceberg {
namespace {

void CheckBothReaders(TestTable& t, const nlohmann::json& expected) {
  CHECK(Sorted(t.Scan()["rows"]) == Sorted(expected));
  CHECK(Sorted(t.ScanDuckDb()["rows"]) == Sorted(expected));
}

TEST_CASE(
    "appends, deletes, superseded deletes, a rewrite and a truncate are read back by pyiceberg and DuckDB") {
  TestTable t;
  t.Create();
  const DataFile first = t.Data(0, 10);
  const DataFile second = t.Data(10, 5);
  t.Commit({{first, second}, {}, {}, false, {{"cdc.offsets", R"({"a":{"0":15}})"}}, {}, {}});
  CheckBothReaders(t, ExpectedRows(0, 15, {}));

  const DataFile deletes = t.Deletes(first, {3});
  t.Commit({{}, {deletes}, {}, false, {}, {}, {}});
  CheckBothReaders(t, ExpectedRows(0, 15, {3}));

  // The second delete file of `first` takes the place of the first one.
  REQUIRE(t.live.DeletesOf(first.file_path).size() == 1);
  const DataFile more = t.Data(15, 1);
  t.Commit({{more}, {t.Deletes(first, {3, 4})}, {deletes.file_path}, false, {}, {}, {}});
  CheckBothReaders(t, ExpectedRows(0, 16, {3, 4}));

  SECTION("the summary counts what happened") {
    const auto scanned = t.Scan();
    const auto& snapshots = scanned["snapshots"];
    CHECK(snapshots[0]["operation"] == "append");
    CHECK(snapshots[0]["summary"]["cdc.offsets"] == R"({"a":{"0":15}})");
    CHECK(snapshots[1]["operation"] == "delete");
    CHECK(snapshots[2]["operation"] == "overwrite");
    const auto& last = snapshots[2]["summary"];
    CHECK(last["added-position-deletes"] == "2");
    CHECK(last["removed-position-deletes"] == "1");
    CHECK(last["total-position-deletes"] == "2");
    CHECK(last["total-delete-files"] == "1");
    CHECK(last["total-data-files"] == "3");
    CHECK(last["total-records"] == "16");
    CHECK(last["added-records"] == "1");
    CHECK(scanned["identifiers"] == nlohmann::json({1}));
    CHECK(scanned["files"].size() == 4);
  }
  SECTION("a compaction replaces files") {
    std::vector<std::string> removed = {first.file_path, second.file_path, more.file_path,
                                        t.live.DeletesOf(first.file_path).front()->file.file_path};
    t.Commit({{t.Data(100, 3)}, {}, removed, false, {}, "replace", {}});
    CheckBothReaders(t, ExpectedRows(100, 103, {}));
    CHECK(t.live.totals().delete_files == 0);
  }
  SECTION("a truncate drops everything, and rows can follow") {
    t.Commit({{}, {}, {}, true, {}, {}, {}});
    CheckBothReaders(t, nlohmann::json::array());
    t.Commit({{t.Data(7, 2)}, {}, {}, false, {}, {}, {}});
    CheckBothReaders(t, ExpectedRows(7, 9, {}));
  }
  SECTION("a snapshot without files carries only its summary") {
    t.Commit({{}, {}, {}, false, {{"cdc.offsets", "moved"}}, {}, {}});
    CheckBothReaders(t, ExpectedRows(0, 16, {3, 4}));
    CHECK(t.Scan()["snapshots"][3]["summary"]["cdc.offsets"] == "moved");
    CHECK(t.Scan()["snapshots"][3]["operation"] == "append");
  }
}

TEST_CASE("a staged snapshot that is never committed changes nothing") {
  TestTable t;
  t.Create();
  t.Commit({{t.Data(0, 3)}, {}, {}, false, {}, {}, {}});
  (void)t.Stage({{t.Data(3, 3)}, {}, {}, true, {}, {}, {}});
  CheckBothReaders(t, ExpectedRows(0, 3, {}));
}

TEST_CASE("Avro headers and field values are what fastavro expects") {
  TestTable t;
  t.Create();
  const DataFile data = t.Data(0, 4);
  t.Commit({{data}, {}, {}, false, {}, {}, {}});
  t.Commit({{}, {t.Deletes(data, {1})}, {}, false, {}, {}, {}});
  const SnapshotPtr snapshot = t.table.metadata->current_snapshot();
  const auto list = Judge({"avro", snapshot->manifest_list});
  REQUIRE(list["records"].size() == 2);
  CHECK(list["metadata"]["format-version"] == "2");
  CHECK(list["metadata"]["snapshot-id"] == std::to_string(snapshot->snapshot_id));
  for (const auto& record : list["records"]) {
    const std::string path = record["manifest_path"];
    CHECK(record["manifest_length"] == std::filesystem::file_size(path));
    const auto manifest = Judge({"avro", path});
    const bool is_data = record["content"] == 0;
    CHECK(manifest["metadata"]["content"] == (is_data ? "data" : "deletes"));
    CHECK(manifest["metadata"]["partition-spec"] == "[]");
    REQUIRE(manifest["records"].size() == 1);
    const auto& entry = manifest["records"][0];
    CHECK(entry["status"] == 1);
    CHECK(entry["sequence_number"].is_null());
    CHECK(entry["data_file"]["content"] == (is_data ? 0 : 1));
    CHECK(entry["data_file"]["record_count"] == (is_data ? 4 : 1));
    if (!is_data) CHECK(entry["data_file"]["referenced_data_file"] == data.file_path);
  }
}

TEST_CASE("expiry deletes what only old snapshots reach and readers see the same rows") {
  TestTable t;
  t.Create();
  const DataFile first = t.Data(0, 10);
  t.Commit({{first}, {}, {}, false, {{"cdc.offsets", "1"}}, {}, {}});
  const DataFile old_deletes = t.Deletes(first, {1});
  t.Commit({{}, {old_deletes}, {}, false, {{"cdc.offsets", "2"}}, {}, {}});
  t.Commit({{t.Data(10, 2)}, {t.Deletes(first, {1, 2})}, {old_deletes.file_path}, false, {}, {}, {}});

  ExpiryPolicy policy;
  policy.max_age_ms = 0;
  const auto expired = PlanExpiry(*t.table.metadata, policy, t.now_ms + 1'000'000);
  REQUIRE(expired.size() == 1);  // the one with the newest cdc.offsets stays
  policy.keep_summary_key.clear();
  const auto all_but_head = PlanExpiry(*t.table.metadata, policy, t.now_ms + 1'000'000);
  REQUIRE(all_but_head.size() == 2);
  auto unreachable = FindUnreachable(*t.files, *t.table.metadata, all_but_head);
  REQUIRE(Ok(unreachable));
  CHECK(std::count(unreachable->begin(), unreachable->end(), old_deletes.file_path) == 1);
  CHECK(std::count(unreachable->begin(), unreachable->end(), first.file_path) == 0);
  auto committed = t.catalog->CommitTable(t.table, ExpiryCommit(*t.table.metadata, all_but_head));
  REQUIRE(Ok(committed));
  t.table = *committed;
  for (const std::string& path : *unreachable) {
    CHECK(std::filesystem::exists(path));
    REQUIRE(Ok(t.files->Delete(path)));
  }
  CheckBothReaders(t, ExpectedRows(0, 12, {1, 2}));
  CHECK(t.table.metadata->snapshots.size() == 1);
  t.Commit({{t.Data(12, 1)}, {}, {}, false, {}, {}, {}});
  CheckBothReaders(t, ExpectedRows(0, 13, {1, 2}));

  // Every file that is left is one that the table needs.
  auto orphans = FindOrphans(*t.catalog, *t.files, t.table, std::numeric_limits<int64_t>::max());
  REQUIRE(Ok(orphans));
  CHECK(*orphans == std::vector<std::string>{});
  REQUIRE(Ok(t.files->WriteAll(t.table.metadata->location + "/data/" + NewUuid() + "-data.parquet", "x")));
  REQUIRE(Ok(
      t.files->WriteAll(t.table.metadata->location + "/data/00000-1-" + NewUuid() + "-00001.parquet", "x")));
  CHECK(FindOrphans(*t.catalog, *t.files, t.table, std::numeric_limits<int64_t>::max())->size() == 1);
  CHECK(FindOrphans(*t.catalog, *t.files, t.table, 0)->empty());

  // Not where others decide what may go, nor in a folder that an older table of this name may share.
  auto kept = t.catalog->CommitTable(t.table, PropertiesCommit(*t.table.metadata, {{"gc.enabled", "false"}}));
  REQUIRE(Ok(kept));
  CHECK(FindOrphans(*t.catalog, *t.files, *kept, std::numeric_limits<int64_t>::max())->empty());
  TableMetadata elsewhere = *t.table.metadata;
  elsewhere.location = elsewhere.location.substr(0, elsewhere.location.rfind('-'));
  CHECK(HasOwnFolder(*t.table.metadata));
  CHECK_FALSE(HasOwnFolder(elsewhere));
}

TEST_CASE("columns are added, widened and relaxed") {
  TestTable t;
  t.Create();
  t.Commit({{t.Data(0, 2)}, {}, {}, false, {}, {}, {}});
  SchemaChanges changes;
  changes.additions = {{0, 0, "tags", true, rows::Type::ListOf(rows::Type::Of(rows::TypeKind::kString))},
                       {0, 0, "amount", false, rows::Type::Decimal(9, 2)}};
  auto evolved = Evolve(*t.table.metadata->CurrentSchema(), t.table.metadata->last_column_id, changes);
  REQUIRE(Ok(evolved));
  auto committed = t.catalog->CommitTable(t.table, SchemaCommit(*t.table.metadata, *evolved));
  REQUIRE(Ok(committed));
  // A second attempt from the old state is refused.
  CHECK(t.catalog->CommitTable(t.table, SchemaCommit(*t.table.metadata, *evolved)).error().kind ==
        ErrorKind::kConflict);
  t.table = *committed;
  t.Commit({{t.Data(2, 1)}, {}, {}, false, {}, {}, {}});
  const auto scanned = t.Scan();
  CHECK(scanned["columns"] == nlohmann::json::parse(R"json([[1,"id","long",true],[2,"name","string",false],
        [3,"tags","list<string>",false],[5,"amount","decimal(9, 2)",false]])json"));
  CHECK(scanned["rows"].size() == 3);
  CHECK(t.ScanDuckDb()["rows"].size() == 3);
}

}  // namespace
}  // namespace cdc::iceberg
