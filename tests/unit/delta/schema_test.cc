#include "lib/delta/schema.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/result_printing.h"

namespace cdc::delta {
namespace {

using rows::Type;
using rows::TypeKind;

TableSchema Every() {
  auto logical = std::make_shared<rows::Schema>();
  int id = 0;
  for (const TypeKind kind :
       {TypeKind::kBoolean, TypeKind::kInt, TypeKind::kLong, TypeKind::kFloat, TypeKind::kDouble,
        TypeKind::kDate, TypeKind::kTime, TypeKind::kTimestamp, TypeKind::kTimestamptz, TypeKind::kString,
        TypeKind::kUuid, TypeKind::kBinary}) {
    ++id;
    logical->fields.push_back({id, 0, "c" + std::to_string(id), id == 3, Type::Of(kind)});
    logical->fields.push_back(
        {id + 100, id + 200, "l" + std::to_string(id), false, Type::ListOf(Type::Of(kind))});
  }
  logical->fields.push_back({90, 0, "d", false, Type::Decimal(38, 10)});
  logical->fields.push_back({91, 92, "ld", false, Type::ListOf(Type::Decimal(5, 2))});
  TableSchema schema;
  for (const rows::Field& field : logical->fields) schema.physical.push_back(field.name);
  schema.last_id = logical->max_field_id();
  schema.logical = logical;
  return schema;
}

}  // namespace

TEST_CASE("every type is read back, also those that Delta stores as another one") {
  const TableSchema schema = Every();
  const auto read = DecodeSchema(EncodeSchema(schema), {});
  REQUIRE(read);
  CHECK(read->logical->fields == schema.logical->fields);
  CHECK(read->physical == schema.physical);
  CHECK(read->last_id == schema.last_id);
  const auto json = nlohmann::json::parse(EncodeSchema(schema));
  CHECK(json["fields"][20]["type"] == "string");  // uuid
  CHECK(json["fields"][14]["type"] == "timestamp_ntz");
  CHECK(json["fields"][15]["type"] ==
        nlohmann::json::parse(R"({"type":"array","elementType":"timestamp_ntz","containsNull":true})"));
  CHECK(json["fields"][24]["type"] == "decimal(38,10)");
  for (const auto& field : json["fields"]) {
    CHECK(field["nullable"] == true);
    CHECK_FALSE(field["metadata"].contains("delta.columnMapping.id"));
  }
  CHECK(HasTimestampNtz(*schema.logical));
}

TEST_CASE("with column mapping files have names of their own") {
  TableSchema schema = Every();
  schema.mapped = true;
  schema.physical[0] = "col-1";
  const auto read = DecodeSchema(EncodeSchema(schema), {{kMappingMode, "name"}, {kMaxColumnId, "500"}});
  REQUIRE(read);
  CHECK(read->mapped);
  CHECK(read->physical == schema.physical);
  CHECK(read->last_id == 500);
  rows::Schema projection;
  projection.fields = {schema.logical->fields[12], schema.logical->fields[0]};
  const auto stored = StoredSchema(projection, *read);
  CHECK(stored->fields[0].name == "c7");
  CHECK(stored->fields[0].type.kind == TypeKind::kString);  // a time
  CHECK(stored->fields[1].name == "col-1");
}

TEST_CASE("a column of another writer gets an id, and one of an unknown type is refused") {
  const char* foreign = R"({"type":"struct","fields":[
    {"name":"a","type":"long","nullable":false,"metadata":{"cdc.id":4}},
    {"name":"b","type":"string","nullable":true,"metadata":{}}]})";
  const auto read = DecodeSchema(foreign, {{kLastId, "9"}});
  REQUIRE(read);
  CHECK(read->logical->fields[1].id == 10);
  CHECK(read->last_id == 10);
  for (const char* type :
       {"\"byte\"", "\"variant\"", "{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":\"string\"}"}) {
    const std::string text = std::string(R"({"type":"struct","fields":[{"name":"a","type":)") + type +
                             R"(,"nullable":true,"metadata":{}}]})";
    CHECK(DecodeSchema(text, {}).error().kind == ErrorKind::kUnsupported);
  }
  CHECK(DecodeSchema("{", {}).error().kind == ErrorKind::kCorrupt);
}

}  // namespace cdc::delta
