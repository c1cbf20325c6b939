/// Another engine replaces a table, rolls it back or makes it anew with the properties it had: the offsets
/// that those properties mirror are of other rows then. And what other engines may do without that being so.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "lib/iceberg/expire.h"
#include "lib/iceberg/snapshot_writer.h"
#include "lib/parquet/data_file_writer.h"
#include "tests/component/worker/changed_table.h"
#include "tests/support/python_script.h"

namespace cdc::worker {
namespace {

struct ForeignHands : ChangedTable {
  Result<std::unique_ptr<IcebergSink>> TryOpen() {
    IcebergSink::Ports ports{*catalog, *files, clock, [](Millis) {}, log::Logger()};
    return IcebergSink::Open(settings, R"({"cluster":"c","topic":"t"})", ports);
  }
  iceberg::LoadedTable Load() const {
    auto loaded = catalog->LoadTable(IdentOf(settings));
    REQUIRE(loaded);
    return *loaded;
  }
  int64_t Head() const { return *Load().metadata->current_snapshot_id; }
  /// `n` batches, and an orderly end behind each of the first `closed`.
  void Fill(int n, int closed) {
    auto sink = Open();
    for (int i = 0; i < n; ++i) {
      REQUIRE(Commit(*sink, i));
      if (i < closed) REQUIRE(sink->Close());
    }
  }
  void Do(iceberg::TableCommit commit) const {
    const auto base = Load();
    commit.requirements.push_back(iceberg::AssertTableUuid{base.metadata->table_uuid});
    const auto done = catalog->CommitTable(base, commit);
    REQUIRE(done);
  }
  /// On top of what is there: `operation`, adding a file of `rows` rows unless that is 0.
  void Add(int rows, const std::string& operation) const {
    const auto base = Load();
    const auto live = iceberg::LiveFiles::Load(*files, *base.metadata);
    REQUIRE(live);
    iceberg::SnapshotChanges changes;
    changes.operation = operation;
    if (rows > 0) {
      const auto columns = std::make_shared<const rows::Schema>(*base.metadata->CurrentSchema());
      rows::Batch batch(columns);
      std::vector<uint32_t> all;
      for (int i = 0; i < rows; ++i) {
        for (size_t c = 0; c < batch.column_count(); ++c) batch.column(c).AppendLong(i);
        all.push_back(static_cast<uint32_t>(i));
      }
      const std::string path =
          base.metadata->location + "/data/00000-" + iceberg::NewUuid() + "-foreign.parquet";
      auto writer = parquet::DataFileWriter::Make(*files->Create(path), path, columns);
      REQUIRE(writer);
      REQUIRE((*writer)->Write(batch, all));
      changes.added_data.push_back(*(*writer)->Close());
    }
    const auto staged = iceberg::StageSnapshot(*files, base, *live, changes,
                                               {UnixMillis(SystemClock().wall()), std::nullopt});
    REQUIRE(staged);
    REQUIRE(catalog->CommitTable(base, staged->commit));
  }
  /// CREATE OR REPLACE TABLE: the table stays itself with all its properties, its line of snapshots begins
  /// anew.
  void Replace(int rows) const {
    Do({{}, {iceberg::RemoveSnapshotRef{std::string(iceberg::kMainBranch)}}});
    if (rows >= 0) Add(rows, "append");
  }
  void RollBack(int64_t snapshot) const {
    iceberg::SnapshotRef head;
    head.snapshot_id = snapshot;
    Do({{}, {iceberg::SetSnapshotRef{std::string(iceberg::kMainBranch), head}}});
  }
  /// All snapshots but the newest one.
  void ExpireOthers() const {
    const auto base = Load();
    std::vector<int64_t> others;
    for (const auto& snapshot : base.metadata->snapshots) {
      if (snapshot->snapshot_id != base.metadata->current_snapshot_id)
        others.push_back(snapshot->snapshot_id);
    }
    REQUIRE(catalog->CommitTable(base, iceberg::ExpiryCommit(*base.metadata, others)));
  }
  void DeleteOldMetadata() const {
    const auto present = Load();
    for (const auto& old : present.metadata->metadata_log) REQUIRE(files->Delete(old.metadata_file));
  }
  void CheckHeld() {
    const auto refused = TryOpen();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kUnsupported);
    INFO(refused.error().message);
    for (const char* way : {"cdc reset t", "cdc adopt t", "cdc rewind t"})
      CHECK(refused.error().hint.find(way) != std::string::npos);
  }
  void CheckRowsHeld() {
    const auto refused = TryOpen();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kUnsupported);
    CHECK(refused.error().message.find("another writer added rows") != std::string::npos);
  }
  int CheckOffset() {
    const auto sink = TryOpen();
    REQUIRE(sink);
    return Committed(**sink);
  }
};

}  // namespace

TEST_CASE("a table that was replaced is held, whatever it holds now") {
  ForeignHands table;
  const int rows = GENERATE(-1, 0, 3), closed = GENERATE(0, 2);
  table.settings.append = GENERATE(false, true);
  if (table.settings.append) {
    auto sink = table.TryOpen();
    REQUIRE((*sink)->Create(table.schema, {}));
    Fold fold((*sink)->shape().schema);
    fold.batch().column(0).AppendLong(1);
    fold.batch().column(1).AppendLong(1);
    Marker marker;
    marker.offsets["t"][0] = 1;
    REQUIRE((*sink)->Commit({fold, marker}));
    if (closed > 0) REQUIRE((*sink)->Close());
  } else {
    table.Fill(2, closed);
  }
  table.Replace(rows);
  SECTION("as it is") {}
  SECTION("and written on") { table.Add(2, "append"); }
  SECTION("and its snapshots expired") {
    if (rows < 0) table.Add(1, "append");
    table.Add(0, "replace");
    table.ExpireOthers();
    if (closed == 0 && !table.settings.append) return;  // nothing tells that it was ours: rows, no marker
  }
  SECTION("and its snapshots expired and old metadata deleted") {
    if (rows < 0) table.Add(1, "append");
    table.Add(0, "replace");
    table.ExpireOthers();
    table.DeleteOldMetadata();
    if (closed == 0 && !table.settings.append) return;
  }
  table.CheckHeld();
}

TEST_CASE("a replaced table without its key column is held as a replaced one") {
  ForeignHands table;
  table.Fill(1, 1);
  table.Replace(-1);
  const auto done = RunPython("tests/component/worker/write_rows.py",
                              {table.pipeline.catalog().string(), "university.t", "rename", "id"});
  REQUIRE(done.exit == 0);
  table.CheckHeld();
}

TEST_CASE("a table rolled back to a snapshot of ours goes on from that one's offsets") {
  ForeignHands table;
  table.Fill(1, 1);
  const int64_t first = table.Head();
  table.Fill(0, 0);
  {
    auto sink = table.Open();
    REQUIRE(table.Commit(*sink, 1));
    REQUIRE(sink->Close());
  }
  table.RollBack(first);
  CHECK(table.CheckOffset() == 1);
  auto sink = table.Open();
  REQUIRE(table.Commit(*sink, 1));
  REQUIRE(table.Commit(*sink, 2));
  CHECK(ById(table.Seen()["rows"]) == ModelAfter(3));
}

TEST_CASE("a table rolled back to before our first snapshot is held") {
  ForeignHands table;
  table.Open();
  table.Add(0, "append");
  const int64_t before = table.Head();
  table.Fill(1, 1);
  table.RollBack(before);
  table.CheckHeld();
  table.ExpireOthers();
  table.CheckHeld();
  table.DeleteOldMetadata();
  table.CheckHeld();
}

TEST_CASE(
    "a table rolled back to a foreign snapshot older than the mirrored one is held without its history") {
  ForeignHands table;
  table.Fill(1, 1);
  table.Add(0, "replace");
  const int64_t foreign = table.Head();
  {
    auto sink = table.Open();
    REQUIRE(table.Commit(*sink, 1));
    REQUIRE(sink->Close());
  }
  table.RollBack(foreign);
  CHECK(table.CheckOffset() == 1);  // by the snapshot below
  table.ExpireOthers();
  CHECK(table.CheckOffset() == 1);  // by the metadata from before
  table.DeleteOldMetadata();
  table.CheckHeld();
}

TEST_CASE("a history that others expired is found in older metadata, and else by what is left of it") {
  ForeignHands table;
  table.Fill(3, 1);
  const int foreign = GENERATE(1, 4);
  for (int i = 0; i < foreign; ++i) table.Add(0, "replace");
  table.ExpireOthers();
  CHECK(table.CheckOffset() == 3);  // not the one of the last orderly end
  table.DeleteOldMetadata();
  CHECK(table.CheckOffset() == 1);
  auto sink = table.Open();
  for (int n = 1; n < 5; ++n) REQUIRE(table.Commit(*sink, n));
  CHECK(ById(table.Seen()["rows"]) == ModelAfter(5));
}

TEST_CASE("rows that others added are found although ours were expired") {
  ForeignHands table;
  table.Fill(1, 1);
  table.Add(2, "append");
  table.ExpireOthers();
  table.CheckRowsHeld();
}

TEST_CASE("a branch that was written by others becomes the main one") {
  ForeignHands table;
  table.Fill(2, 1);
  const bool rows = GENERATE(false, true);
  table.Add(rows ? 2 : 0, rows ? "append" : "replace");
  const int64_t ahead = table.Head();
  table.RollBack(*table.Load().metadata->current_snapshot()->parent_snapshot_id);
  table.RollBack(ahead);
  if (rows)
    table.CheckRowsHeld();
  else
    CHECK(table.CheckOffset() == 2);
}

TEST_CASE("a table made anew with the properties of the old one is held") {
  ForeignHands table;
  table.Fill(2, 2);
  const auto old = table.Load();
  REQUIRE(table.catalog->DropTable(IdentOf(table.settings)));
  auto properties = old.metadata->properties;
  if (GENERATE(false, true)) {  // as older versions wrote them
    properties.erase("cdc.offsets.table-uuid");
    properties.erase("cdc.offsets.sequence-number");
  }
  REQUIRE(table.catalog->CreateTable(IdentOf(table.settings), table.schema, "", properties));
  const int snapshots = GENERATE(0, 1, 3);
  for (int i = 0; i < snapshots; ++i) table.Add(i, "append");
  table.CheckHeld();
  if (snapshots == 0) return;
  table.ExpireOthers();
  table.DeleteOldMetadata();
  table.CheckHeld();
}

TEST_CASE("an older metadata file that is registered again counts with its own offsets") {
  ForeignHands table;
  table.Fill(1, 1);
  const auto old = table.Load();
  {
    auto sink = table.Open();
    REQUIRE(table.Commit(*sink, 1));
    REQUIRE(sink->Close());
  }
  REQUIRE(table.catalog->DropTable(IdentOf(table.settings)));
  const auto done =
      RunPython("tests/component/worker/write_rows.py",
                {table.pipeline.catalog().string(), "university.t", "register", old.metadata_location});
  INFO(done.output);
  REQUIRE(done.exit == 0);
  CHECK(table.CheckOffset() == 1);
}

}  // namespace cdc::worker
