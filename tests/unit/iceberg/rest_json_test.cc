#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "lib/iceberg/json_scan_internal.h"
#include "lib/iceberg/rest_json.h"

namespace cdc::iceberg {
namespace {

using Json = nlohmann::json;

rows::Schema IdAndTags() {
  rows::Schema schema;
  schema.fields = {{1, 0, "id", true, rows::Type::Of(rows::TypeKind::kLong)},
                   {2, 3, "tags", false, rows::Type::ListOf(rows::Type::Of(rows::TypeKind::kString))}};
  schema.identifier_field_ids = {1};
  return schema;
}

TEST_CASE("a data commit's body") {
  Snapshot snapshot;
  snapshot.snapshot_id = 9'007'199'254'740'993;  // no double
  snapshot.parent_snapshot_id = 4;
  snapshot.sequence_number = 5;
  snapshot.timestamp_ms = 6;
  snapshot.manifest_list = "s3://b/\"quoted\".avro";
  snapshot.summary = {{"operation", "append"}, {"cdc.offsets", R"({"a":1})"}};
  snapshot.schema_id = 0;
  const TableMetadata base;
  TableCommit commit;
  commit.requirements = {AssertTableUuid{"u"}, AssertRefSnapshotId{"main", 4}, AssertRefSnapshotId{"x", {}}};
  commit.updates = {AddSnapshot{snapshot}, SetSnapshotRef{"main", {snapshot.snapshot_id, "branch", 1, 2, 3}}};
  CHECK(Json::parse(CommitTableBody(commit, base)) == Json::parse(R"({
    "requirements": [{"type":"assert-table-uuid","uuid":"u"},
                     {"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":4},
                     {"type":"assert-ref-snapshot-id","ref":"x","snapshot-id":null}],
    "updates": [{"action":"add-snapshot","snapshot":{"snapshot-id":9007199254740993,"parent-snapshot-id":4,
                 "sequence-number":5,"timestamp-ms":6,"manifest-list":"s3://b/\"quoted\".avro","schema-id":0,
                 "summary":{"operation":"append","cdc.offsets":"{\"a\":1}"}}},
                {"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":9007199254740993,
                 "min-snapshots-to-keep":1,"max-snapshot-age-ms":2,"max-ref-age-ms":3}]})"));
}

TEST_CASE("the other updates and requirements") {
  TableMetadata base;
  base.last_column_id = 8;
  base.schemas.resize(2);
  base.schemas[1].schema_id = 4;
  TableCommit commit;
  commit.requirements = {AssertCurrentSchemaId{1}, AssertLastAssignedFieldId{7}};
  commit.updates = {AddSchema{IdAndTags()},  SetCurrentSchema{-1},    SetProperties{{{"a", "1"}}},
                    RemoveProperties{{"b"}}, RemoveSnapshots{{1, 2}}, RemoveSnapshotRef{"tag"}};
  const Json body = Json::parse(CommitTableBody(commit, base));
  CHECK(body["requirements"] == Json::parse(R"([{"type":"assert-current-schema-id","current-schema-id":1},
    {"type":"assert-last-assigned-field-id","last-assigned-field-id":7}])"));
  const Json& updates = body["updates"];
  CHECK(updates[0]["action"] == "add-schema");
  CHECK(updates[0]["schema"]["fields"][1]["type"]["element-id"] == 3);
  CHECK(updates[0]["schema"]["schema-id"] == 5);
  CHECK(updates[0]["last-column-id"] == 8);
  CHECK(updates[1] == Json({{"action", "set-current-schema"}, {"schema-id", -1}}));
  CHECK(updates[2] == Json({{"action", "set-properties"}, {"updates", {{"a", "1"}}}}));
  CHECK(updates[3] == Json({{"action", "remove-properties"}, {"removals", {"b"}}}));
  CHECK(updates[4] == Json({{"action", "remove-snapshots"}, {"snapshot-ids", {1, 2}}}));
  CHECK(updates[5] == Json({{"action", "remove-snapshot-ref"}, {"ref-name", "tag"}}));
}

TEST_CASE("a table's creation") {
  const Json body = Json::parse(CreateTableBody("t", IdAndTags(), "s3://b/t/", {{"p", "q"}}).value());
  CHECK(body["name"] == "t");
  CHECK(body["location"] == "s3://b/t");
  CHECK(body["schema"]["identifier-field-ids"] == Json({1}));
  CHECK(body["partition-spec"]["fields"] == Json::array());
  CHECK(body["write-order"]["fields"] == Json::array());
  CHECK(body["properties"]["p"] == "q");
  CHECK(body["properties"]["format-version"] == "2");
  CHECK_FALSE(Json::parse(CreateTableBody("t", IdAndTags(), "", {}).value()).contains("location"));
  rows::Schema twice = IdAndTags();
  twice.fields[1].name = "id";
  CHECK(CreateTableBody("t", twice, "", {}).error().kind == ErrorKind::kInvalidArgument);
}

std::string Metadata(const std::string& uuid, const std::string& snapshots, const std::string& current) {
  return R"({"format-version":2,"table-uuid":")" + uuid +
         R"(","location":"/t","last-sequence-number":2,"last-updated-ms":3,"last-column-id":1,
    "schemas":[{"type":"struct","schema-id":0,"fields":[]}],"current-schema-id":0,
    "partition-specs":[{"spec-id":0,"fields":[]}],"default-spec-id":0,"current-snapshot-id":)" +
         current + R"(,"snapshots":)" + snapshots + R"(,"refs":{},"foreign":{"snapshots":[1]}})";
}

constexpr const char* kOne =
    R"({"sequence-number":1, "summary":{"operation":"append","x":"]}\\\""}, "snapshot-id" : 1,"timestamp-ms":1,"manifest-list":"/m1"})";
constexpr const char* kTwo =
    R"({"snapshot-id":2,"timestamp-ms":2,"manifest-list":"/m2","parent-snapshot-id":1})";

TEST_CASE("snapshots that are known are shared, new ones read") {
  const auto before = ParseTableMetadata(Metadata("u", std::string("[") + kOne + "]", "1"));
  REQUIRE(before.has_value());
  CHECK(before->snapshots[0]->summary.at("x") == "]}\\\"");
  CHECK(before->extra_json == R"({"foreign":{"snapshots":[1]}})");
  const std::string text = Metadata("u", std::string("[ ") + kOne + " , " + kTwo + " ]", "2");
  const auto after = ParseTableMetadata(text, &*before);
  REQUIRE(after.has_value());
  REQUIRE(after->snapshots.size() == 2);
  CHECK(after->snapshots[0] == before->snapshots[0]);
  CHECK(after->snapshots[1]->parent_snapshot_id == 1);
  CHECK(TableMetadataToJson(*after) == TableMetadataToJson(*ParseTableMetadata(text)));
  // Another table's ids mean nothing.
  const auto other = ParseTableMetadata(Metadata("v", std::string("[") + kOne + "]", "1"), &*before);
  CHECK(other->snapshots[0] != before->snapshots[0]);
}

TEST_CASE("metadata whose snapshots are none is refused") {
  for (const char* snapshots : {"{}", "[1]", "[{}]", R"(["snapshot-id"])", R"([{"snapshot-id":1}])", "[,]"}) {
    CAPTURE(snapshots);
    CHECK(ParseTableMetadata(Metadata("u", snapshots, "null")).error().kind == ErrorKind::kCorrupt);
  }
  CHECK(ParseTableMetadata(Metadata("u", "[]", "7")).error().kind == ErrorKind::kCorrupt);
  CHECK(ParseTableMetadata(Metadata("u", "null", "null")).has_value());
}

TEST_CASE("a table's answer, its config and credentials") {
  const std::string metadata = Metadata("u", "[]", "null");
  const auto answer = ParseTableAnswer(
      R"({"metadata-location":"/t/m\"1.json","metadata":)" + metadata +
          R"(,"config":{"token":"x","n":1,"none":null},"storage-credentials":[{"prefix":"s3://b","config":{"k":"v"}},3,
         {"prefix":"x"}]})",
      nullptr);
  REQUIRE(answer.has_value());
  CHECK(answer->metadata_location == "/t/m\"1.json");
  CHECK(answer->metadata->table_uuid == "u");
  CHECK(answer->config == std::map<std::string, std::string>{{"token", "x"}, {"n", "1"}});
  REQUIRE(answer->credentials.size() == 1);
  CHECK(answer->credentials[0].prefix == "s3://b");
  CHECK(ParseTableAnswer(R"({"metadata":)" + metadata + "}", nullptr).has_value());
}

TEST_CASE("what is no answer of a catalog is an outage, what contradicts itself is not") {
  const std::string whole = R"({"metadata-location":"/m","metadata":)" + Metadata("u", "[]", "null") + "}";
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK(ParseTableAnswer(whole.substr(0, size), nullptr).error().kind == ErrorKind::kTransient);
  }
  for (const char* text : {"<html></html>", "[]", "null", "{}", R"({"metadata-location":"/m"})"}) {
    CHECK(ParseTableAnswer(text, nullptr).error().kind == ErrorKind::kTransient);
  }
  CHECK(ParseTableAnswer(R"({"metadata":{"format-version":3,"location":"/t"}})", nullptr).error().kind ==
        ErrorKind::kUnsupported);
  CHECK(ParseTableAnswer(R"({"metadata":{"format-version":2}})", nullptr).error().kind ==
        ErrorKind::kCorrupt);
  CHECK(ParseCredentialsAnswer(R"({"storage-credentials":[{"prefix":"p","config":{}}]})")->size() == 1);
  CHECK(ParseCredentialsAnswer("{}").error().kind == ErrorKind::kTransient);
}

TEST_CASE("scanning finds members without looking into values") {
  std::vector<std::pair<std::string, std::string>> members;
  const auto scan = [&](std::string_view text) {
    members.clear();
    return ScanObject(text, [&](std::string_view key, std::string_view value) {
      members.emplace_back(key, value);
      return true;
    });
  };
  CHECK(scan(R"( { "a" : [1,{"b":"]"}] , "c\"" : "x\\" ,"d":-1.5e3} )"));
  REQUIRE(members.size() == 3);
  CHECK(members[0].second == R"([1,{"b":"]"}])");
  CHECK(members[1].first == R"(c\")");
  CHECK(members[2].second == "-1.5e3");
  CHECK(scan("{}"));
  for (const char* text : {"", "{", "{]", R"({"a")", R"({"a":)", R"({"a":})", R"({"a":1)", R"({"a":1,)",
                           R"({"a":1} x)", R"({"a":"x\"})", R"({"a":[[1]})", R"({,})", R"([])"}) {
    CAPTURE(text);
    CHECK_FALSE(scan(text));
  }
}

}  // namespace
}  // namespace cdc::iceberg
