/// What another engine commits between ours, while a worker runs and while none does: its rows hold the
/// table, anything else is gone along with.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "lib/iceberg/expire.h"
#include "lib/iceberg/snapshot_writer.h"
#include "lib/parquet/data_file_writer.h"
#include "lib/parquet/position_deletes.h"
#include "tests/component/worker/changed_table.h"
#include "tests/support/python_script.h"

namespace cdc::worker {
namespace {

struct SharedTable : ChangedTable {
  void Elsewhere(const std::string& action, const std::string& what) const {
    const auto done = RunPython("tests/component/worker/write_rows.py",
                                {pipeline.catalog().string(), "university.t", action, what});
    INFO(done.output);
    REQUIRE(done.exit == 0);
  }
  /// A row of the first data file gets `version`, as engines do it that merge on read. Batch 0 has put id n
  /// at position n.
  void Update(int64_t id, int64_t version) const {
    const auto base = catalog->LoadTable(IdentOf(settings));
    REQUIRE(base);
    const auto live = iceberg::LiveFiles::Load(*files, *base->metadata);
    REQUIRE(live);
    REQUIRE(live->data().size() == 1);
    const auto columns = std::make_shared<const rows::Schema>(*base->metadata->CurrentSchema());
    rows::Batch row(columns);
    row.column(0).AppendLong(id);
    row.column(1).AppendLong(version);
    const std::string data = base->metadata->location + "/data/", path = data + "00000-foreign.parquet";
    auto writer = parquet::DataFileWriter::Make(*files->Create(path), path, columns);
    REQUIRE(writer);
    REQUIRE((*writer)->Write(row, std::vector<uint32_t>{0}));
    iceberg::SnapshotChanges changes;
    changes.added_data.push_back(*(*writer)->Close());
    const std::string deletes = data + "00000-foreign-deletes.parquet";
    changes.added_deletes.push_back(*parquet::WritePositionDeletes(
        *files->Create(deletes), deletes, live->data().begin()->first, std::vector<int64_t>{id}));
    const auto staged = iceberg::StageSnapshot(*files, *base, *live, changes,
                                               {UnixMillis(SystemClock().wall()), std::nullopt});
    REQUIRE(staged);
    REQUIRE(catalog->CommitTable(*base, staged->commit));
  }
  /// Rewrites nothing on top of our snapshots, then expires all of them.
  void ExpireOurs() const {
    auto base = catalog->LoadTable(IdentOf(settings));
    REQUIRE(base);
    const auto live = iceberg::LiveFiles::Load(*files, *base->metadata);
    REQUIRE(live);
    iceberg::SnapshotChanges changes;
    changes.operation = "replace";
    const auto staged = iceberg::StageSnapshot(*files, *base, *live, changes,
                                               {UnixMillis(SystemClock().wall()), std::nullopt});
    REQUIRE(staged);
    base = catalog->CommitTable(*base, staged->commit);
    REQUIRE(base);
    std::vector<int64_t> ours;
    for (const auto& snapshot : base->metadata->snapshots) ours.push_back(snapshot->snapshot_id);
    ours.pop_back();
    REQUIRE(catalog->CommitTable(*base, iceberg::ExpiryCommit(*base->metadata, ours)));
  }
  /// What the metadata from before has of our snapshots is as good as they are.
  void DeleteOlderMetadata() const {
    const auto present = catalog->LoadTable(IdentOf(settings));
    REQUIRE(present);
    for (const auto& old : present->metadata->metadata_log) REQUIRE(files->Delete(old.metadata_file));
  }
  Result<std::unique_ptr<IcebergSink>> TryOpen() {
    IcebergSink::Ports ports{*catalog, *files, clock, [](Millis) {}, log::Logger()};
    return IcebergSink::Open(settings, R"({"cluster":"c","topic":"t"})", ports);
  }
};

}  // namespace

TEST_CASE("rows that another engine adds hold the table, whether a worker runs meanwhile or not") {
  SharedTable table;
  {
    auto sink = table.Open();
    REQUIRE(table.Commit(*sink, 0));
    table.Elsewhere("append", "7");  // there already
    const auto refused = table.Commit(*sink, 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kUnsupported);
    CHECK(refused.error().message.find("another writer added rows") != std::string::npos);
  }
  const auto again = table.TryOpen();
  REQUIRE_FALSE(again);
  CHECK(again.error().kind == ErrorKind::kUnsupported);
  CHECK(again.error().hint.find("cdc adopt") != std::string::npos);
}

TEST_CASE("rows that another engine deletes by writing their file anew stay deleted, all others are found") {
  SharedTable table;
  Model expected = ModelAfter(2);
  auto sink = table.Open();
  REQUIRE(table.Commit(*sink, 0));
  table.Elsewhere("delete", "4999");  // no row: nothing to commit
  table.Elsewhere("delete", "3999");
  REQUIRE(table.Commit(*sink, 1));
  if (expected[3999] == 3999) expected.erase(3999);  // unless the batch wrote it again
  REQUIRE(sink->Close());
  sink.reset();
  CHECK(ById(table.Seen()["rows"]) == expected);

  const int64_t gone = expected.begin()->first;
  table.Elsewhere("delete", std::to_string(gone));
  expected.erase(gone);
  sink = table.Open();
  Apply(2, &expected, nullptr);
  REQUIRE(table.Commit(*sink, 2));
  CHECK(ById(table.Seen()["rows"]) == expected);
}

TEST_CASE("a row that another engine updates is one row still, and our next change of it wins") {
  const bool running = GENERATE(true, false);
  SharedTable table;
  auto sink = table.Open();
  REQUIRE(table.Commit(*sink, 0));
  if (!running) sink.reset();
  table.Update(3999, -1);
  if (!running) sink = table.Open();
  for (int n = 1; n < 4; ++n) REQUIRE(table.Commit(*sink, n));
  Model expected = ModelAfter(4);
  if (ModelAfter(1)[3999] == expected[3999]) expected[3999] = -1;  // no batch has touched it
  CHECK(ById(table.Seen()["rows"]) == expected);
}

TEST_CASE("after others have expired every snapshot of ours the offsets are those of the last orderly end") {
  SharedTable table;
  {
    auto sink = table.Open();
    REQUIRE(table.Commit(*sink, 0));
    REQUIRE(sink->Close());
    REQUIRE(table.Commit(*sink, 1));
  }  // killed
  table.ExpireOurs();
  table.DeleteOlderMetadata();
  auto sink = table.Open();
  REQUIRE(sink->marker());
  CHECK(sink->marker()->offsets.at("t").at(0) == 1);
  for (int n = 1; n < 3; ++n) REQUIRE(table.Commit(*sink, n));
  CHECK(ById(table.Seen()["rows"]) == ModelAfter(3));
}

TEST_CASE("after others have expired every snapshot of ours an append-only table has no row twice") {
  SharedTable table;
  table.settings.append = true;
  const auto commit = [&](IcebergSink& sink, int64_t id) {
    Fold fold(sink.shape().schema);
    fold.batch().column(0).AppendLong(id);
    fold.batch().column(1).AppendLong(id);
    Marker marker;
    marker.offsets["t"][0] = id + 1;
    marker.last_records["t"][0] = {id, 7};
    return sink.Commit({fold, marker});
  };
  {
    auto sink = table.TryOpen();
    REQUIRE(sink);
    REQUIRE((*sink)->Create(table.schema, {}));
    REQUIRE(commit(**sink, 0));
    REQUIRE((*sink)->Close());
    REQUIRE(commit(**sink, 1));
  }  // killed
  table.ExpireOurs();
  table.DeleteOlderMetadata();
  auto sink = table.TryOpen();
  REQUIRE(sink);
  REQUIRE((*sink)->marker());
  CHECK((*sink)->marker()->offsets.at("t").at(0) == 2);
  CHECK((*sink)->marker()->last_records.at("t").at(0).offset == 1);
}

TEST_CASE("a key column that another engine renames holds the table with its name") {
  SharedTable table;
  {
    auto sink = table.Open();
    REQUIRE(table.Commit(*sink, 0));
  }
  table.Elsewhere("rename", "id");
  const auto refused = table.TryOpen();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kUnsupported);
  CHECK(refused.error().message.find("'id'") != std::string::npos);
}

}  // namespace cdc::worker
