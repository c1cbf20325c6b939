#include "jobs/source/table_shape.h"

#include <catch2/catch_test_macros.hpp>
#include "tests/support/result_printing.h"

namespace cdc::source {
namespace {

std::vector<event::SourceColumn> Columns(const std::vector<std::pair<std::string, std::string>>& declared) {
  std::vector<event::SourceColumn> columns;
  for (const auto& [name, words] : declared) columns.push_back(*event::ColumnOfPgType(name, words, {}, true));
  return columns;
}

TEST_CASE("a new table has required keys, optional columns and metadata columns last") {
  const auto schema = NewTableSchema(Columns({{"a", "int"}, {"b", "text"}, {"c", "int[]"}}), {"b", "a"},
                                     {{"ingestion_time", std::string(kIngestionTime)}}, {});
  REQUIRE(schema);
  CHECK(schema->fields[0].required);
  CHECK_FALSE(schema->fields[2].required);
  CHECK(schema->fields[3].name == "ingestion_time");
  CHECK(schema->identifier_field_ids == std::vector<int>{schema->fields[1].id, schema->fields[0].id});
  CHECK(schema->fields[2].element_id > 0);
}

TEST_CASE("a key that Iceberg cannot identify by is still a key; one that is not there is refused") {
  CHECK(NewTableSchema(Columns({{"a", "int"}, {"f", "real"}}), {"a", "f"}, {}, {})
            ->identifier_field_ids.empty());
  CHECK_FALSE(NewTableSchema(Columns({{"a", "int"}}), {"missing"}, {}, {}));
}

TEST_CASE("a column that tables.toml renames has its own name in the events and the other in the table") {
  Declarations declared;
  declared.columns = {{"V", "int"}};
  declared.names = {{"V", "v_2"}};
  const auto columns = *ColumnsOfObjects({R"({"id":1,"V":2})"}, declared, nullptr);
  REQUIRE(columns.size() == 2);
  CHECK(columns[1].name == "V");
  CHECK(columns[1].column() == "v_2");
  const auto table = *NewTableSchema(columns, {"v_2"}, {}, {});
  CHECK(table.fields[1].name == "v_2");
  CHECK(table.fields[1].required);
  CHECK(ChangesFor(table, columns).empty());
  // As the table has it, where nobody else knows.
  declared.columns.clear();
  CHECK(rows::ToString(ColumnsOfNames({"V"}, {}, declared, &table)->front().type) == "int");
}

TEST_CASE("the table follows what can be followed") {
  const auto table = *NewTableSchema(
      Columns({{"i", "int"}, {"d", "numeric(10,2)"}, {"r", "real"}, {"s", "text"}}), {"i"}, {}, {});
  CHECK(ChangesFor(table, Columns({{"i", "smallint"}, {"s", "varchar(3)"}})).empty());
  const auto wider = ChangesFor(
      table, Columns({{"i", "bigint"}, {"d", "numeric(14,4)"}, {"r", "double precision"}, {"n", "date"}}));
  REQUIRE(wider.promotions.size() == 2);
  CHECK(wider.promotions[0].second == rows::Type::Of(rows::TypeKind::kLong));
  CHECK(wider.promotions[1].second == rows::Type::Of(rows::TypeKind::kDouble));
  CHECK(wider.additions.size() == 1);
  // Another scale, another kind: for these the rows are written anew (type_change.h).
  CHECK(ChangesFor(table, Columns({{"d", "text"}, {"s", "int"}})).empty());
}

TEST_CASE("columns that cannot be kept are all named with the lines that help") {
  const char* schema = R"({"type":"struct","fields":[{"type":"struct","field":"after","fields":[
      {"type":"int32","optional":false,"field":"id"},
      {"type":"struct","name":"io.debezium.data.VariableScaleDecimal","optional":true,"field":"n"},
      {"type":"int64","name":"io.debezium.time.MicroDuration","optional":true,"field":"v"}]}]})";
  Declarations declared;
  declared.table = "t";
  const auto refused = ColumnsOfSchema(schema, declared);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kUnsupported);
  CHECK(refused.error().hint.find("\"n\" = \"text\"") != std::string::npos);
  CHECK(refused.error().hint.find("\"v\" = \"bigint\"") != std::string::npos);
  declared.columns = {{"n", "numeric(20,4)"}, {"v", "bigint"}};
  const auto accepted = ColumnsOfSchema(schema, declared);
  REQUIRE(accepted);
  CHECK(rows::ToString((*accepted)[1].type) == "decimal(20, 4)");
}

TEST_CASE("without a schema a declaration wins, then the database, then the table, then JSON") {
  Declarations declared;
  declared.columns = {{"a", "numeric(5,2)"}};
  declared.database = {{"a", "text"}, {"b", "date"}};
  const auto table = *NewTableSchema(Columns({{"c", "timestamp"}}), {}, {}, {});
  const auto columns = ColumnsOfObjects({R"({"a":"AQ==","b":1,"c":2,"d":3,"e":null})"}, declared, &table);
  REQUIRE(columns);
  REQUIRE(columns->size() == 4);
  CHECK(rows::ToString((*columns)[0].type) == "decimal(5, 2)");
  CHECK(rows::ToString((*columns)[1].type) == "date");
  CHECK(rows::ToString((*columns)[2].type) == "timestamp");
  CHECK(rows::ToString((*columns)[3].type) == "long");
}

}  // namespace
}  // namespace cdc::source
