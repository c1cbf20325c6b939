#include "lib/iceberg/snapshot_writer.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <map>
#include <random>
#include <set>

#include "lib/iceberg/expire.h"
#include "tests/unit/iceberg/new_table.h"

namespace cdc::iceberg {
namespace {

/// Counts whole files read.
struct CountingReads final : storage::FileSystem {
  explicit CountingReads(storage::FileSystem& real_files) : real(real_files) {}
  Result<std::unique_ptr<storage::Writer>> Create(const std::string& path) override {
    return real.Create(path);
  }
  Result<std::unique_ptr<storage::Reader>> Open(const std::string& path) override { return real.Open(path); }
  Status Delete(const std::string& path) override { return real.Delete(path); }
  Result<std::vector<storage::FileInfo>> List(const std::string& folder) override {
    return real.List(folder);
  }
  Result<std::string> ReadAll(const std::string& path) override {
    ++reads;
    return real.ReadAll(path);
  }
  storage::FileSystem& real;
  std::atomic<int> reads{0};
};

std::map<std::string, std::string> Describe(const LiveFiles& live) {
  std::map<std::string, std::string> all;
  for (const auto* map : {&live.data(), &live.deletes()}) {
    for (const auto& [path, e] : *map) {
      all[path] = fmt::format("{} {} {} {} {}", e->snapshot_id, e->sequence_number, e->file_sequence_number,
                              e->file.record_count, e->file.referenced_data_file.value_or("-"));
    }
  }
  return all;
}

void CheckSame(const LiveFiles& ours, const LiveFiles& read) {
  CHECK(Describe(ours) == Describe(read));
  CHECK(ours.snapshot_id() == read.snapshot_id());
  CHECK(ours.totals().records == read.totals().records);
  CHECK(ours.totals().bytes == read.totals().bytes);
  CHECK(ours.totals().data_files == read.totals().data_files);
  CHECK(ours.totals().delete_files == read.totals().delete_files);
  CHECK(ours.totals().position_deletes == read.totals().position_deletes);
}

TEST_CASE("random commits: memory and files agree, and manifests stay few") {
  const auto seed = GENERATE_COPY(values<unsigned>({1, 2, 3}));
  std::mt19937 random(seed);
  NewTable t;
  size_t most = 0;
  for (int i = 0; i < 150; ++i) {
    SnapshotChanges changes;
    std::vector<DataFile> data;
    for (const auto& [path, entry] : t.live.data()) data.push_back(entry->file);
    const unsigned what = random() % 10;
    if (what < 9) changes.added_data.push_back(t.Data(1 + random() % 50));
    if (what >= 5 && !data.empty()) {
      const DataFile& victim = data[random() % data.size()];
      for (const auto& old : t.live.DeletesOf(victim.file_path))
        changes.removed_paths.push_back(old->file.file_path);
      changes.added_deletes.push_back(t.Deletes(victim, 1));
    }
    if (what == 0 && i > 0 && i % 3 == 0 && random() % 5 == 0) changes.remove_all = true;
    t.Commit(changes);
    most = std::max(most, t.live.manifests().size());
  }
  auto read = LiveFiles::Load(*t.files, *t.table.metadata);
  REQUIRE(Ok(read));
  CheckSame(t.live, *read);
  for (const auto& [path, entry] : t.live.data()) {
    CHECK(t.live.DeletesOf(path).size() <= 1);
    CHECK(t.live.DeletesOf(path).size() == read->DeletesOf(path).size());
  }
  // 150 commits of one or two manifests each.
  CHECK(most <= 40);
}

TEST_CASE("manifests of a thousand appends stay few, and carried ones are not written again") {
  NewTable t;
  size_t written = 0;
  for (int i = 0; i < 1000; ++i) {
    auto staged = StageSnapshot(*t.files, t.table, t.live, {{t.Data(1)}, {}, {}, false, {}, {}, {}}, {1, {}});
    REQUIRE(Ok(staged));
    written += staged->written.size() - 1;
    // The table itself is not needed here: only the plan of manifests.
    auto next = ApplyCommit(*t.table.metadata, staged->commit, 1);
    REQUIRE(Ok(next));
    t.table.metadata = std::make_shared<const TableMetadata>(std::move(*next));
    t.live.Advance(*staged);
  }
  CHECK(t.live.totals().data_files == 1000);
  CHECK(t.live.manifests().size() <= 4 * 8);
  CHECK(written < 1400);
}

TEST_CASE("deleted files are named once, with explicit numbers, by the snapshot that deletes them") {
  NewTable t;
  const DataFile first = t.Data(5);
  const DataFile second = t.Data(6);
  t.Commit({{first, second}, {}, {}, false, {}, {}, {}});
  const int64_t added_by = *t.table.metadata->current_snapshot_id;
  t.Commit({{}, {}, {first.file_path}, false, {}, {}, {}});
  const SnapshotPtr snapshot = t.table.metadata->current_snapshot();
  CHECK(*snapshot->FindSummary("operation") == "delete");
  CHECK(*snapshot->FindSummary("deleted-records") == "5");
  const auto list = DecodeManifestList(t.files->ReadAll(snapshot->manifest_list).value()).value();
  REQUIRE(list.size() == 1);
  const auto entries = DecodeManifest(t.files->ReadAll(list[0].manifest_path).value(), list[0]).value();
  REQUIRE(entries.size() == 2);
  for (const ManifestEntry& entry : entries) {
    const bool deleted = entry.file.file_path == first.file_path;
    CHECK(entry.status == (deleted ? EntryStatus::kDeleted : EntryStatus::kExisting));
    CHECK(entry.snapshot_id == (deleted ? snapshot->snapshot_id : added_by));
    CHECK(entry.sequence_number == 1);
    CHECK(entry.file_sequence_number == 1);
  }
  CHECK(list[0].deleted_rows_count == 5);
  CHECK(list[0].existing_rows_count == 6);
  CHECK(list[0].min_sequence_number == 1);
  // The next snapshot of a table without live files has no manifests at all.
  t.Commit({{}, {}, {}, true, {}, {}, {}});
  t.Commit({{}, {}, {}, false, {}, {}, {}});
  CHECK(t.live.manifests().empty());
}

TEST_CASE("wrong changes are refused and leave no files") {
  NewTable t;
  const DataFile data = t.Data(5);
  t.Commit({{data}, {}, {}, false, {}, {}, {}});
  const auto before = t.files->List(t.table.metadata->location).value().size();
  const auto kind = [&](const SnapshotChanges& changes) {
    return StageSnapshot(*t.files, t.table, t.live, changes, {1, {}}).error().kind;
  };
  CHECK(kind({{data}, {}, {}, false, {}, {}, {}}) == ErrorKind::kInvalidArgument);
  CHECK(kind({{}, {}, {"/none"}, false, {}, {}, {}}) == ErrorKind::kInvalidArgument);
  const DataFile twice = t.Data(1);
  CHECK(kind({{twice, twice}, {}, {}, false, {}, {}, {}}) == ErrorKind::kInvalidArgument);
  CHECK(StageSnapshot(*t.files, t.table, LiveFiles(), {}, {1, {}}).error().kind == ErrorKind::kConflict);
  auto partitioned = std::make_shared<TableMetadata>(*t.table.metadata);
  partitioned->partitioned = true;
  LoadedTable other = t.table;
  other.metadata = partitioned;
  CHECK(StageSnapshot(*t.files, other, t.live, {}, {1, {}}).error().kind == ErrorKind::kUnsupported);
  CHECK(t.files->List(t.table.metadata->location).value().size() == before);
  auto staged = StageSnapshot(*t.files, t.table, t.live, {{twice}, {}, {}, false, {}, {}, {}}, {1, 42});
  REQUIRE(Ok(staged));
  CHECK(staged->snapshot.snapshot_id == 42);
  DiscardStaged(*t.files, *staged);
  CHECK(t.files->List(t.table.metadata->location).value().size() == before);
}

TEST_CASE("a missing manifest is damage, not an empty table") {
  NewTable t;
  t.Commit({{t.Data(1)}, {}, {}, false, {}, {}, {}});
  REQUIRE(Ok(t.files->Delete(t.live.manifests()[0]->file.manifest_path)));
  CHECK(LiveFiles::Load(*t.files, *t.table.metadata).error().kind == ErrorKind::kCorrupt);
}

TEST_CASE("random expiry never touches what a kept snapshot lists") {
  std::mt19937 random(7);
  NewTable t;
  std::set<std::string> deleted;
  for (int i = 0; i < 60; ++i) {
    SnapshotChanges changes;
    changes.added_data.push_back(t.Data(1));
    if (!t.live.data().empty() && random() % 2 == 0)
      changes.removed_paths.push_back(t.live.data().begin()->first);
    t.Commit(changes);
    if (i % 10 != 9) continue;
    const auto expired = PlanExpiry(*t.table.metadata, {int64_t{1} << 60, 1, 4, ""}, 0);
    auto unreachable = FindUnreachable(*t.files, *t.table.metadata, expired);
    REQUIRE(Ok(unreachable));
    // With a second reference the history is no straight line any more, and every kept snapshot is read.
    TableMetadata tagged = *t.table.metadata;
    tagged.refs["tag"] = SnapshotRef{*tagged.current_snapshot_id, "tag", {}, {}, {}};
    auto thorough = FindUnreachable(*t.files, tagged, expired);
    REQUIRE(Ok(thorough));
    CHECK(*unreachable == *thorough);
    // What is remembered says the same without reading, less what went the time before.
    CountingReads counted(*t.files);
    auto remembered = FindUnreachable(counted, *t.table.metadata, expired, t.departed);
    REQUIRE(Ok(remembered));
    CHECK(counted.reads == 0);
    std::set<std::string> going(remembered->begin(), remembered->end());
    CHECK(going.size() == remembered->size());
    for (const std::string& path : going) CHECK(deleted.count(path) == 0);
    going.insert(deleted.begin(), deleted.end());
    for (const std::string& path : *unreachable) CHECK(going.count(path) == 1);
    for (const std::string& path : *remembered)
      CHECK(std::count(unreachable->begin(), unreachable->end(), path) == 1);
    // Of a line that is none, or of which something is not known, nothing is believed.
    const auto read_all = FindUnreachable(*t.files, tagged, expired, t.departed);
    REQUIRE(Ok(read_all));
    CHECK(*read_all == *thorough);
    auto committed = t.catalog->CommitTable(t.table, ExpiryCommit(*t.table.metadata, expired));
    REQUIRE(Ok(committed));
    t.table = *committed;
    for (const std::string& path : *unreachable) {
      deleted.insert(path);
      REQUIRE(Ok(t.files->Delete(path)));
    }
    CHECK(t.table.metadata->snapshots.size() == 4);
    for (const SnapshotPtr& snapshot : t.table.metadata->snapshots) {
      TableMetadata then = *t.table.metadata;
      then.current_snapshot_id = snapshot->snapshot_id;
      auto live = LiveFiles::Load(*t.files, then);
      REQUIRE(Ok(live));
      for (const auto& [path, entry] : live->data()) CHECK(deleted.count(path) == 0);
    }
  }
  CHECK(deleted.size() > 50);
}

TEST_CASE("what left with commits beyond the limit, or with another writer's, is read") {
  NewTable t;
  std::vector<DataFile> files;
  for (int i = 0; i < 6; ++i) {
    SnapshotChanges changes;
    files.push_back(t.Data(1));
    changes.added_data.push_back(files.back());
    if (i > 0) changes.removed_paths.push_back(files[static_cast<size_t>(i) - 1].file_path);
    // Nothing is noted of this one: as if somebody else had committed it.
    const DepartedFiles before = t.departed;
    t.Commit(changes);
    if (i == 2) t.departed = before;
  }
  const auto& snapshots = t.table.metadata->snapshots;
  const auto gone = [&](size_t count, const DepartedFiles& known, int* reads) {
    std::vector<int64_t> expired;
    for (size_t i = 0; i < count; ++i) expired.push_back(snapshots[i]->snapshot_id);
    CountingReads counted(*t.files);
    auto found = FindUnreachable(counted, *t.table.metadata, expired, known);
    REQUIRE(Ok(found));
    *reads = counted.reads;
    return std::set<std::string>(found->begin(), found->end());
  };
  int reads = 0;
  CHECK(gone(1, t.departed, &reads).count(files[0].file_path) == 1);
  CHECK(reads == 0);
  CHECK(gone(2, t.departed, &reads) == gone(2, DepartedFiles(), &reads));
  const auto three = gone(3, t.departed, &reads);
  CHECK(reads > 0);
  CHECK(three.count(files[1].file_path) == 1);
  CHECK(three.count(files[2].file_path) == 1);
  CHECK(three.count(files[3].file_path) == 0);

  t.departed.ForgetUpTo(snapshots[1]->snapshot_id);
  gone(1, t.departed, &reads);
  CHECK(reads > 0);
  DepartedFiles small(1);
  const LiveFiles before = t.live;
  auto staged = StageSnapshot(*t.files, t.table, t.live, {{}, {}, {files[5].file_path}, false, {}, {}, {}},
                              {1'700'000'000'000, {}});
  REQUIRE(Ok(staged));
  small.Note(before, *staged, t.table.metadata->location);
  CHECK(small.byte_size() == 0);
  CHECK_FALSE(small.Of(staged->snapshot, t.table.metadata->location));
}

TEST_CASE("what expiry reads does not grow with the snapshots that are kept") {
  const auto reads = [](int snapshots) {
    NewTable t;
    for (int i = 0; i < snapshots; ++i) {
      SnapshotChanges changes;
      changes.added_data.push_back(t.Data(1));
      if (!t.live.data().empty()) changes.removed_paths.push_back(t.live.data().begin()->first);
      t.Commit(changes);
    }
    CountingReads counted(*t.files);
    const auto expired = PlanExpiry(*t.table.metadata, {int64_t{1} << 60, 1, snapshots - 5, ""}, 0);
    REQUIRE(expired.size() == 5);
    REQUIRE(Ok(FindUnreachable(counted, *t.table.metadata, expired)));
    return counted.reads.load();
  };
  CHECK(reads(80) <= reads(20) + 2);
}

TEST_CASE("a file that a foreign writer brought back is not taken from it") {
  NewTable t;
  const DataFile file = t.Data(1);
  t.Commit({{file}, {}, {}, false, {}, {}, {}});
  t.Commit({{t.Data(1)}, {}, {file.file_path}, false, {}, {}, {}});
  t.Commit({{t.Data(1)}, {}, {}, false, {}, {}, {}});
  t.Commit({{file}, {}, {}, false, {}, {}, {}});
  TableMetadata metadata = *t.table.metadata;
  Snapshot foreign = *metadata.snapshots.back();
  foreign.summary["engine-name"] = "spark";
  metadata.snapshots.back() = std::make_shared<StoredSnapshot>(foreign);
  const auto unreachable = FindUnreachable(
      *t.files, metadata, {metadata.snapshots[0]->snapshot_id, metadata.snapshots[1]->snapshot_id});
  REQUIRE(Ok(unreachable));
  CHECK(std::count(unreachable->begin(), unreachable->end(), file.file_path) == 0);
}

/// Not part of the suite: `iceberg_test "[performance]"`.
TEST_CASE("commit time with a long history", "[.performance]") {
  NewTable t;
  for (int i = 0; i < 1000; ++i) {
    t.Commit({{t.Data(1)}, {}, {}, false, {{"cdc.offsets", std::string(100, 'x')}}, {}, {}});
  }
  const auto start = std::chrono::steady_clock::now();
  constexpr int kCommits = 50;
  for (int i = 0; i < kCommits; ++i) t.Commit({{t.Data(1)}, {}, {}, false, {}, {}, {}});
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  WARN("ms per commit: " << took.count() / kCommits << ", manifests: " << t.live.manifests().size());
}

}  // namespace
}  // namespace cdc::iceberg
