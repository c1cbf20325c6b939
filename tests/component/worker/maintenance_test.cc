/// Maintenance beside commits: whatever is merged, expired or interrupted, the table's rows are those of the
/// changes, told by independent readers.

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "lib/parquet/position_deletes.h"
#include "tests/component/worker/changed_table.h"

namespace cdc::worker {

TEST_CASE("many commits leave few files, the right rows, and every snapshot readable until it is expired") {
  constexpr int kCommits = 150;
  ChangedTable table;
  table.settings.snapshot_keep = 30;
  table.settings.snapshot_age = std::chrono::milliseconds(0);
  table.clock.step_ms = 5;
  auto sink = table.Open();
  int64_t most_files = 0, most_snapshots = 0;
  for (int n = 0; n < kCommits; ++n) {
    REQUIRE(table.Commit(*sink, n));
    // A rewrite takes several of these, so that commits fall into it.
    REQUIRE(sink->Maintain(n % 3 == 0 ? Tidying::kBetweenCommits : Tidying::kIdle));
    const TableFigures now = sink->figures();
    most_files = std::max(most_files, now.data_files);
    most_snapshots = std::max(most_snapshots, now.snapshots);
  }
  CHECK(most_files <= 24);
  CHECK(most_snapshots <= 60);
  ChangedTable::Finish(*sink, Tidying::kIdle);
  const TableFigures left = sink->figures();
  CHECK(left.data_files <= 8);
  CHECK(left.delete_files <= left.data_files);
  CHECK(left.manifests <= 8);
  CHECK(left.rows == static_cast<int64_t>(ModelAfter(kCommits).size()));
  REQUIRE(sink->Close());

  const json seen = table.Seen(true);  // rows by pyiceberg and DuckDB
  CHECK(ById(seen["rows"]) == ModelAfter(kCommits));
  CHECK(ById(seen["duckdb_rows"]) == ModelAfter(kCommits));
  CHECK(seen["snapshots"].size() >= 30);
  for (const json& snapshot : seen["snapshots"]) {
    const json offsets = json::parse(snapshot["summary"]["cdc.offsets"].get<std::string>());
    const int next = offsets["t"]["0"];
    INFO("snapshot " << snapshot["id"] << " at offset " << next);
    CHECK(ById(snapshot["rows"]) == ModelAfter(next));
  }
}

TEST_CASE("thorough maintenance leaves one file without deletes and nothing else in the folder") {
  ChangedTable table;
  table.settings.snapshot_keep = 1;
  table.settings.snapshot_age = std::chrono::milliseconds(0);
  auto sink = table.Open();
  for (int n = 0; n < 12; ++n) REQUIRE(table.Commit(*sink, n));
  const auto due = sink->FindDue();
  REQUIRE(due);
  CHECK(due->files_to_rewrite > 8);
  CHECK(due->snapshots_to_expire == 11);
  ChangedTable::Finish(*sink, Tidying::kThorough);
  const TableFigures left = sink->figures();
  CHECK(left.data_files == 1);
  CHECK(left.delete_files == 0);
  CHECK(left.deleted_rows == 0);
  CHECK(left.snapshots == 1);
  int parquet = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(table.folder / "data" / "warehouse"))
    parquet += entry.path().extension() == ".parquet";
  CHECK(parquet == 1);
  REQUIRE(table.Commit(*sink, 12));  // the index knows where everything went
  CHECK(ById(table.Seen()["rows"]) == ModelAfter(13));
}

TEST_CASE("kill -9 during maintenance: the next run finds the rows and the offsets right") {
#ifdef __SANITIZE_THREAD__
  SKIP("ThreadSanitizer starts no threads behind a fork");
#endif
  const char* wanted = std::getenv("CDC_TEST_SEED");
  const uint32_t seed = wanted != nullptr ? static_cast<uint32_t>(std::strtoul(wanted, nullptr, 10)) : 7;
  INFO("seed " << seed);
  std::mt19937 dice(seed);
  ChangedTable table;
  table.settings.snapshot_keep = 5;
  table.settings.snapshot_age = std::chrono::milliseconds(0);
  int committed = 0, rewritten = 0;
  for (int kill = 0; kill < 40; ++kill) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto sink = table.Open();
      for (int n = ChangedTable::Committed(*sink);; ++n) {
        (void)table.Commit(*sink, n);
        for (int step = 0; step < 12; ++step) (void)sink->Maintain(Tidying::kThorough);
      }
    }
    REQUIRE(child > 0);
    std::this_thread::sleep_for(std::chrono::microseconds(20'000 + dice() % 150'000));
    ::kill(child, SIGKILL);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    auto sink = table.Open();
    const int now = ChangedTable::Committed(*sink);
    CHECK(now >= committed);
    committed = now;
    const auto loaded = table.catalog->LoadTable(IdentOf(table.settings));
    REQUIRE(loaded);
    if (const auto snapshot = loaded->metadata->current_snapshot()) {
      rewritten += *snapshot->FindSummary("operation") == "replace";
    }
    CHECK(sink->figures().rows == static_cast<int64_t>(ModelAfter(committed).size()));
  }
  CHECK(committed > 0);
  WARN("commits " << committed << ", kills behind a rewrite " << rewritten);
  {
    // An index that points to a wrong row would delete that one now.
    auto sink = table.Open();
    for (int n = committed; n < committed + 3; ++n) REQUIRE(table.Commit(*sink, n));
  }
  const json seen = table.Seen(true);
  CHECK(ById(seen["rows"]) == ModelAfter(committed + 3));
  CHECK(ById(seen["duckdb_rows"]) == ModelAfter(committed + 3));
}

TEST_CASE("a foreign writer's deletes during a rewrite are kept; the rewrite is dropped and done later") {
  ChangedTable table;
  auto sink = table.Open();
  for (int n = 0; n < 10; ++n) REQUIRE(table.Commit(*sink, n));
  for (int step = 0; step < 3; ++step) REQUIRE(sink->Maintain(Tidying::kThorough));
  REQUIRE(sink->figures().data_files > 8);  // under way, not done

  // One row of the newest data file, deleted by somebody who knows nothing of us.
  auto base = table.catalog->LoadTable(IdentOf(table.settings));
  REQUIRE(base);
  auto live = iceberg::LiveFiles::Load(*table.files, *base->metadata);
  REQUIRE(live);
  iceberg::LiveFiles::Entry newest;
  for (const auto& [path, entry] : live->data()) {
    if (newest == nullptr || entry->sequence_number > newest->sequence_number) newest = entry;
  }
  const std::string path = base->metadata->location + "/data/foreign.parquet";
  auto file = table.files->Create(path);
  REQUIRE(file);
  const std::vector<int64_t> first_row = {0};
  auto deletes = parquet::WritePositionDeletes(std::move(*file), path, newest->file.file_path, first_row);
  REQUIRE(deletes);
  iceberg::SnapshotChanges changes;
  changes.added_deletes.push_back(*deletes);
  auto staged = iceberg::StageSnapshot(*table.files, *base, *live, changes,
                                       {UnixMillis(SystemClock().wall()), std::nullopt});
  REQUIRE(staged);
  REQUIRE(table.catalog->CommitTable(*base, staged->commit));

  bool dropped = false;
  for (int step = 0; step < 1000 && !dropped; ++step) {
    const auto more = sink->Maintain(Tidying::kThorough);
    if (!more) CHECK(more.error().kind == ErrorKind::kConflict);
    dropped = !more;
  }
  CHECK(dropped);
  Model expected = ModelAfter(11);
  const json before = table.Seen();
  CHECK(before["rows"].size() == ModelAfter(10).size() - 1);
  for (const auto& [id, version] : ModelAfter(10)) {
    const bool kept = ById(before["rows"]).count(id) != 0;
    // Unless the next batch writes it again, it stays deleted.
    if (!kept && expected.count(id) != 0 && expected[id] == version) expected.erase(id);
  }
  REQUIRE(table.Commit(*sink, 10));
  table.clock.step_ms = 40'000;  // what failed may be tried again
  ChangedTable::Finish(*sink, Tidying::kThorough);
  CHECK(sink->figures().data_files == 1);
  CHECK(ById(table.Seen()["rows"]) == expected);
}

}  // namespace cdc::worker
