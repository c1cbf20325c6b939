#include "jobs/sink/iceberg/table_properties.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::iceberg_sink {
namespace {

rows::Schema TwoColumns() {
  rows::Schema schema;
  schema.fields = {{1, 0, "id", true, rows::Type::Of(rows::TypeKind::kLong)},
                   {2, 0, "name", false, rows::Type::Of(rows::TypeKind::kString)}};
  schema.identifier_field_ids = {2};
  return schema;
}

TEST_CASE("absent columns are kept as a table property of any names") {
  iceberg::TableMetadata metadata;
  CHECK(AbsentIn(metadata).empty());
  const std::vector<std::string> names = {"a \"b\"", "ü,["};
  metadata.properties = AbsentProperty(names).updates;
  CHECK(AbsentIn(metadata) == names);
  for (auto& [key, value] : metadata.properties) value = "{]";
  CHECK(AbsentIn(metadata).empty());
}

TEST_CASE("the key is the property's, and the schema's identifier fields where there is none") {
  iceberg::TableMetadata metadata;
  CHECK(KeyIn(metadata, TwoColumns()) == std::vector<std::string>{"name"});
  metadata.properties[kPropertyKey] = R"(["id","name"])";
  CHECK(KeyIn(metadata, TwoColumns()) == std::vector<std::string>{"id", "name"});
  metadata.properties[kPropertyKey] = "[]";  // a table without a key says so
  CHECK(KeyIn(metadata, TwoColumns()).empty());
}

TEST_CASE("own names are read back as they were noted, and are unknown where they cannot be read") {
  iceberg::TableMetadata metadata;
  CHECK_FALSE(OwnNamesIn(metadata));
  const OwnNames own = {{"source_table", "from \"here\""}, {"op", "_op"}};
  metadata.properties[kPropertyOwn] = OwnNamesText(own);
  CHECK(OwnNamesIn(metadata) == own);
  metadata.properties[kPropertyOwn] = "[1]";
  CHECK_FALSE(OwnNamesIn(metadata));
}

TEST_CASE("a row identity is read back whole, or not at all") {
  iceberg::TableMetadata metadata;
  CHECK_FALSE(IdentityNoteIn(metadata));
  metadata.properties[kPropertyIdentity] = IdentityText({{"sum"}, {"gone", "x,y"}, 7});
  const auto note = IdentityNoteIn(metadata);
  REQUIRE(note);
  CHECK(note->derived == std::vector<std::string>{"sum"});
  CHECK(note->absent == std::vector<std::string>{"gone", "x,y"});
  CHECK(note->last_field_id == 7);
  for (const char* damaged : {R"({"derived":[],"absent":[]})", R"({"derived":[1],"absent":[],"ids":7})",
                              R"({"derived":[],"ids":7})", "7", "{"}) {
    metadata.properties[kPropertyIdentity] = damaged;
    CHECK_FALSE(IdentityNoteIn(metadata));
  }
}

}  // namespace
}  // namespace cdc::iceberg_sink
