#include "lib/iceberg/metadata.h"

#include <catch2/catch_test_macros.hpp>

#include "lib/iceberg/schema_json.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::iceberg {
namespace {

using testing::Ok;

constexpr const char* kForeign = R"json({
  "format-version": 2, "table-uuid": "u", "location": "/w/t", "last-sequence-number": 3, "last-updated-ms": 30,
  "last-column-id": 4, "current-schema-id": 1, "default-spec-id": 0, "last-partition-id": 999,
  "schemas": [
    {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "s", "required": false,
      "type": {"type": "struct", "fields": []}}]},
    {"type": "struct", "schema-id": 1, "identifier-field-ids": [1], "fields": [
      {"id": 1, "name": "id", "required": true, "type": "long", "doc": "the \"key\"", "initial-default": 1},
      {"id": 2, "name": "l", "required": false,
       "type": {"type": "list", "element-id": 3, "element": "decimal(9,2)", "element-required": false}}]}],
  "partition-specs": [{"spec-id": 0, "fields": []}], "sort-orders": [{"order-id": 0, "fields": []}],
  "default-sort-order-id": 0, "properties": {"a": "b"}, "current-snapshot-id": 12,
  "snapshots": [
    {"snapshot-id": 10, "timestamp-ms": 10, "sequence-number": 1, "manifest-list": "/l1",
     "summary": {"operation": "append", "cdc.offsets": "{\"t\":{\"0\":1}}"}, "schema-id": 0},
    {"snapshot-id": 11, "parent-snapshot-id": 10, "timestamp-ms": 20, "sequence-number": 2, "manifest-list": "/ä\n",
     "summary": {"operation": "replace"}, "first-row-id": 7},
    {"snapshot-id": 12, "parent-snapshot-id": 11, "timestamp-ms": 30, "sequence-number": 3, "manifest-list": "/l3",
     "summary": {"operation": "append"}},
    {"snapshot-id": 99, "timestamp-ms": 5, "sequence-number": 1, "manifest-list": "/loose",
     "summary": {"operation": "append", "x": "y"}}],
  "snapshot-log": [{"snapshot-id": 12, "timestamp-ms": 30}],
  "metadata-log": [{"metadata-file": "/m", "timestamp-ms": 20}],
  "refs": {"main": {"snapshot-id": 12, "type": "branch", "min-snapshots-to-keep": 5},
           "v1": {"snapshot-id": 10, "type": "tag", "max-ref-age-ms": 9}},
  "statistics": [{"snapshot-id": 10, "statistics-path": "/p"}], "something-new": {"deep": [1, 2.5]}})json";

TEST_CASE("foreign metadata is understood and what is not survives being written") {
  auto once = ParseTableMetadata(kForeign);
  REQUIRE(Ok(once));
  const std::string text = TableMetadataToJson(*once);
  auto twice = ParseTableMetadata(text);
  REQUIRE(Ok(twice));
  CHECK(TableMetadataToJson(*twice) == text);
  CHECK(text.find(R"("something-new":{"deep":[1,2.5]})") != std::string::npos);
  CHECK(text.find(R"("first-row-id":7)") != std::string::npos);
  CHECK(text.find(R"("statistics-path":"/p")") != std::string::npos);
  CHECK(text.find(R"("initial-default":1)") != std::string::npos);
  CHECK(text.find(R"("max-ref-age-ms":9)") != std::string::npos);
  CHECK(twice->FindSnapshot(11)->manifest_list == "/ä\n");
  CHECK(twice->refs.at("main").min_snapshots_to_keep == 5);

  auto schema = twice->CurrentSchema();
  REQUIRE(Ok(schema));
  CHECK(schema->identifier_field_ids == std::vector<int>{1});
  CHECK(schema->fields[1].type == rows::Type::ListOf(rows::Type::Decimal(9, 2)));
  CHECK(schema->fields[1].element_id == 3);
}

TEST_CASE("history is walked from main's head through parents") {
  const TableMetadata metadata = ParseTableMetadata(kForeign).value();
  CHECK(metadata.NewestAncestorWith("cdc.offsets")->snapshot_id == 10);
  CHECK(metadata.NewestAncestorWith("operation")->snapshot_id == 12);
  CHECK(metadata.NewestAncestorWith("x") == nullptr);  // in no branch
  CHECK(metadata.HistoryContains(11));
  CHECK_FALSE(metadata.HistoryContains(99));
}

TEST_CASE("an optional column of a type that we do not have is told apart") {
  TableMetadata metadata = ParseTableMetadata(kForeign).value();
  CHECK(metadata.ForeignColumns().empty());
  metadata.current_schema_id = 0;
  REQUIRE(metadata.CurrentSchema().has_value());
  CHECK(metadata.CurrentSchema()->fields.empty());
  REQUIRE(metadata.ForeignColumns().size() == 1);
  CHECK(metadata.ForeignColumns()[0].name == "s");
  CHECK(metadata.ForeignColumns()[0].ids == std::vector<int>{1});
}

TEST_CASE("a current schema with a required column of a foreign type is refused, an old one is not") {
  std::string text = kForeign;
  text.replace(text.find("false"), 5, "true");
  TableMetadata metadata = ParseTableMetadata(text).value();
  REQUIRE(metadata.CurrentSchema().has_value());
  metadata.current_schema_id = 0;
  const auto refused = metadata.CurrentSchema();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::kUnsupported);
  CHECK(refused.error().message.find("column s") != std::string::npos);
  metadata.current_schema_id = 7;
  CHECK(metadata.CurrentSchema().error().kind == ErrorKind::kCorrupt);
}

TEST_CASE("what is no metadata is an error, never an exception") {
  for (const char* text :
       {"", "[]", "{", "{}", R"({"format-version":"2"})", R"({"format-version":2,"location":1})"}) {
    CHECK(ParseTableMetadata(text).error().kind == ErrorKind::kCorrupt);
  }
  CHECK(ParseTableMetadata(R"({"format-version":3,"location":"/x"})").error().kind ==
        ErrorKind::kUnsupported);
  const std::string whole = kForeign;
  for (size_t size = 0; size < whole.size(); size += 7)
    CHECK_FALSE(ParseTableMetadata(whole.substr(0, size)).has_value());
}

TEST_CASE("schemas of all our types make the round trip") {
  using rows::Type;
  using rows::TypeKind;
  rows::Schema schema;
  schema.schema_id = 4;
  int id = 0;
  for (const TypeKind kind :
       {TypeKind::kBoolean, TypeKind::kInt, TypeKind::kLong, TypeKind::kFloat, TypeKind::kDouble,
        TypeKind::kDate, TypeKind::kTime, TypeKind::kTimestamp, TypeKind::kTimestamptz, TypeKind::kString,
        TypeKind::kUuid, TypeKind::kBinary}) {
    schema.fields.push_back({++id, 0, "c" + std::to_string(id), false, Type::Of(kind)});
    const int element = ++id;
    schema.fields.push_back({++id, element, "c" + std::to_string(id), false, Type::ListOf(Type::Of(kind))});
  }
  schema.fields.push_back({++id, 0, "d", true, Type::Decimal(38, 10)});
  schema.identifier_field_ids = {id};
  auto parsed = ParseSchema(SchemaToJson(schema));
  REQUIRE(Ok(parsed));
  CHECK(parsed->fields == schema.fields);
  CHECK(parsed->identifier_field_ids == schema.identifier_field_ids);
  CHECK(parsed->schema_id == 4);
}

TEST_CASE("uuids are version 4") {
  const std::string uuid = NewUuid();
  CHECK(uuid.size() == 36);
  CHECK(uuid[14] == '4');
  CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
  CHECK(uuid != NewUuid());
}

}  // namespace
}  // namespace cdc::iceberg
