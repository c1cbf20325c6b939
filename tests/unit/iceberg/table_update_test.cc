#include "lib/iceberg/table_update.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/sqlite/fixture.h"

namespace cdc::iceberg {
namespace {

using testing::Ok;

Snapshot SnapshotOf(int64_t id, int64_t sequence_number) {
  Snapshot snapshot;
  snapshot.snapshot_id = id;
  snapshot.sequence_number = sequence_number;
  snapshot.timestamp_ms = 1000 + sequence_number;
  return snapshot;
}

TableCommit Append(int64_t id, int64_t sequence_number, std::optional<int64_t> parent) {
  return {{AssertTableUuid{"u"}, AssertRefSnapshotId{"main", parent}},
          {AddSnapshot{SnapshotOf(id, sequence_number)}, SetSnapshotRef{"main", {id, "branch", {}, {}, {}}}}};
}

TableMetadata Empty() {
  TableMetadata metadata;
  metadata.table_uuid = "u";
  metadata.last_updated_ms = 500;
  return metadata;
}

TEST_CASE("a data commit moves main, the log and the sequence number") {
  const auto one = ApplyCommit(Empty(), Append(10, 1, {}), 400);
  REQUIRE(Ok(one));
  CHECK(one->current_snapshot_id == 10);
  CHECK(one->last_sequence_number == 1);
  CHECK(one->last_updated_ms == 1001);  // never back
  const auto two = ApplyCommit(*one, Append(11, 2, 10), 2000);
  REQUIRE(Ok(two));
  CHECK(two->snapshot_log.size() == 2);
  CHECK(two->snapshot_log.back().timestamp_ms == 2000);
}

TEST_CASE("every broken requirement is a conflict") {
  const TableMetadata one = ApplyCommit(Empty(), Append(10, 1, {}), 0).value();
  const auto kind = [&](const TableCommit& commit) { return ApplyCommit(one, commit, 0).error().kind; };
  CHECK(kind(Append(11, 2, {})) == ErrorKind::kConflict);
  CHECK(kind(Append(11, 2, 9)) == ErrorKind::kConflict);
  CHECK(kind(Append(11, 1, 10)) == ErrorKind::kConflict);
  CHECK(kind(Append(10, 2, 10)) == ErrorKind::kConflict);
  CHECK(kind({{AssertTableUuid{"other"}}, {}}) == ErrorKind::kConflict);
  CHECK(kind({{AssertCurrentSchemaId{3}}, {}}) == ErrorKind::kConflict);
  CHECK(kind({{AssertLastAssignedFieldId{3}}, {}}) == ErrorKind::kConflict);
  CHECK(kind({{AssertRefSnapshotId{"none", 10}}, {}}) == ErrorKind::kConflict);
}

TEST_CASE("updates that make no sense are refused") {
  const TableMetadata one = ApplyCommit(Empty(), Append(10, 1, {}), 0).value();
  const auto kind = [&](Update update) {
    return ApplyCommit(one, {{}, {std::move(update)}}, 0).error().kind;
  };
  CHECK(kind(RemoveSnapshots{{10}}) == ErrorKind::kInvalidArgument);
  CHECK(kind(SetSnapshotRef{"main", {5, "branch", {}, {}, {}}}) == ErrorKind::kInvalidArgument);
  CHECK(kind(SetCurrentSchema{7}) == ErrorKind::kInvalidArgument);
  CHECK(kind(SetCurrentSchema{-1}) == ErrorKind::kInvalidArgument);
}

TEST_CASE("removing snapshots takes their log and statistics along") {
  TableMetadata m = ApplyCommit(Empty(), Append(10, 1, {}), 0).value();
  m = ApplyCommit(m, Append(11, 2, 10), 0).value();
  m = ApplyCommit(m, Append(12, 3, 11), 0).value();
  m.statistics_json = R"([{"snapshot-id":10,"a":1},{"snapshot-id":12}])";
  const auto left = ApplyCommit(m, {{}, {RemoveSnapshots{{10, 11}}}}, 0);
  REQUIRE(Ok(left));
  CHECK(left->snapshots.size() == 1);
  CHECK(left->snapshot_log.size() == 1);
  CHECK(left->statistics_json == R"([{"snapshot-id":12}])");
}

TEST_CASE("properties and schemas change, equal schemas are not stored twice") {
  rows::Schema schema;
  schema.fields = {{1, 0, "id", true, rows::Type::Of(rows::TypeKind::kInt)}};
  const auto done = ApplyCommit(Empty(),
                                {{},
                                 {SetProperties{{{"a", "1"}, {"b", "2"}}}, RemoveProperties{{"a"}},
                                  AddSchema{schema}, SetCurrentSchema{-1}}},
                                0);
  REQUIRE(Ok(done));
  CHECK(done->properties == std::map<std::string, std::string>{{"b", "2"}});
  CHECK(done->current_schema_id == 0);
  CHECK(done->last_column_id == 1);
  schema.fields[0].type = rows::Type::Of(rows::TypeKind::kLong);
  const auto wider = ApplyCommit(*done, {{}, {AddSchema{schema}, SetCurrentSchema{-1}}}, 0);
  REQUIRE(Ok(wider));
  CHECK(wider->current_schema_id == 1);
  const auto same = ApplyCommit(*wider, {{}, {AddSchema{schema}, SetCurrentSchema{-1}}}, 0);
  CHECK(same->schemas.size() == 2);
}

}  // namespace
}  // namespace cdc::iceberg
