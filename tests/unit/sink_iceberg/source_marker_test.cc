#include "jobs/sink/iceberg/source_marker.h"

#include <catch2/catch_test_macros.hpp>

#include "lib/contract/names.h"
#include "tests/support/result_printing.h"

namespace cdc::iceberg_sink {
namespace {

const MarkerSource kSource{WaysOut("t"), "db.t", "topic", "{\"cluster\":\"c\"}"};

/// A table of one snapshot.
iceberg::TableMetadata TableWith(std::map<std::string, std::string> summary) {
  iceberg::Snapshot snapshot;
  snapshot.snapshot_id = 5;
  snapshot.summary = std::move(summary);
  snapshot.summary["operation"] = "append";
  iceberg::TableMetadata metadata;
  metadata.table_uuid = "uuid";
  metadata.snapshots = {std::make_shared<iceberg::StoredSnapshot>(snapshot)};
  metadata.current_snapshot_id = 5;
  return metadata;
}

Result<std::optional<Marker>> Read(const iceberg::TableMetadata& metadata, bool has_data = true,
                                   const MarkerSource& source = kSource) {
  const auto files = storage::MakeLocalFileSystem();
  return ReadMarker(metadata, *files, "t", source, has_data, [] { return false; });
}

Marker Some() {
  Marker marker;
  marker.offsets = {{"topic", {{0, 17}, {3, 4}}}};
  marker.valid_through_ms = 1'700'000'000'123;
  marker.source_lsn = 99;
  return marker;
}

TEST_CASE("a marker is read back from the summary that it was written into") {
  const auto read = Read(TableWith(SummaryOf(Some(), kSource.source_json, "p")));
  REQUIRE(read);
  REQUIRE(*read);
  CHECK((*read)->offsets == Some().offsets);
  CHECK((*read)->valid_through_ms == Some().valid_through_ms);
  CHECK((*read)->source_lsn == 99);
  CHECK((*read)->replayed.empty());
}

TEST_CASE("a marker of another topic or cluster is refused, with the ways out") {
  const auto table = TableWith(SummaryOf(Some(), kSource.source_json, "p"));
  for (const MarkerSource& other : {MarkerSource{WaysOut("t"), "db.t", "topic", "{\"cluster\":\"d\"}"},
                                    MarkerSource{WaysOut("t"), "db.t", "another", kSource.source_json}}) {
    const auto read = Read(table, true, other);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::kUnsupported);
    CHECK(read.error().hint.find("cdc adopt t") != std::string::npos);
  }
}

TEST_CASE("data without a marker is refused, an empty table is not") {
  CHECK(Read(TableWith({})).error().kind == ErrorKind::kUnsupported);
  const auto empty = Read(TableWith({}), false);
  REQUIRE(empty);
  CHECK_FALSE(*empty);
}

TEST_CASE("a commit that leaves the offsets alone says the same as the newest one of ours") {
  auto summary = SummaryOf(Some(), kSource.source_json, "p");
  iceberg::TableMetadata table = TableWith(summary);
  CHECK(NewestSummary(table) == summary);  // without its "operation"
  const auto mirrored = MirrorOf(table, *table.snapshots.front());
  CHECK_FALSE(mirrored.empty());
  table.properties = mirrored;
  CHECK(MirrorOf(table, *table.snapshots.front()).empty());
}

}  // namespace
}  // namespace cdc::iceberg_sink
