#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <map>

#include "lib/event/connect_schema.h"
#include "lib/event/envelope.h"
#include "lib/event/infer.h"
#include "lib/event/json_cursor.h"
#include "lib/event/pg_type.h"
#include "tests/support/result_printing.h"

namespace cdc::event {
namespace {

/// The value of the first captured record of a topic.
std::string FirstValue(const std::string& file, const std::string& topic) {
  std::ifstream in(std::string(CDC_TEST_DATA) + "/fixtures/" + file);
  for (std::string line; std::getline(in, line);) {
    if (line.find("\"" + topic + "\"") == std::string::npos) continue;
    JsonCursor cursor(line);
    cursor.Consume('{');
    do {
      JsonString key, text;
      std::string_view skipped;
      std::string value;
      if (!cursor.ReadString(&key) || !cursor.Consume(':')) break;
      if (key.raw != "value" || cursor.Peek() != '"') {
        cursor.SkipValue(&skipped);
        continue;
      }
      cursor.ReadString(&text);
      AppendUnescaped(text, &value);
      return value;
    } while (cursor.Consume(','));
  }
  return {};
}

TEST_CASE("the captured schema of all types maps to what Iceberg holds exactly") {
  const std::string value = FirstValue("schema_precise.jsonl", "university-server.public.all_types");
  EnvelopeParser parser;
  const auto envelope = parser.Parse(value);
  REQUIRE(envelope);
  const auto columns = ColumnsOfValueSchema(envelope->schema);
  REQUIRE(columns);
  std::map<std::string, std::string> types;
  std::vector<std::string> problems;
  for (const SourceColumn& column : *columns) {
    types[column.name] = rows::ToString(column.type);
    if (!column.problem.empty()) problems.push_back(column.name);
  }
  CHECK(problems == std::vector<std::string>{"c_numeric", "c_numeric_neg", "c_interval", "c_point"});
  CHECK(types["c_smallint"] == "int");
  CHECK(types["c_numeric_38_10"] == "decimal(38, 10)");
  CHECK(types["c_uuid"] == "uuid");
  CHECK(types["c_time3"] == "time");
  CHECK(types["c_timestamp0"] == "timestamp");
  CHECK(types["c_timestamptz"] == "timestamptz");
  CHECK(types["c_numeric_arr"] == "list<decimal(10, 2)>");
  CHECK(types["c_inet"] == "string");
  CHECK(types["c_bytea"] == "binary");
}

TEST_CASE("PostgreSQL's words are read as format_type and people write them") {
  const std::pair<const char*, const char*> cases[] = {{"integer", "int"},
                                                       {"BIGINT", "long"},
                                                       {"character varying(40)", "string"},
                                                       {"numeric(3,2)", "decimal(3, 2)"},
                                                       {"numeric( 12 , 4 )", "decimal(12, 4)"},
                                                       {"numeric(5,-2)", "decimal(7, 0)"},
                                                       {"numeric(3,5)", "decimal(5, 5)"},
                                                       {"numeric(2,38)", "decimal(38, 38)"},
                                                       {"numeric(2,39)", "string"},
                                                       {"numeric", "string"},
                                                       {"timestamp(3) without time zone", "timestamp"},
                                                       {"timestamp with time zone", "timestamptz"},
                                                       {"double precision", "double"},
                                                       {"integer[]", "list<int>"},
                                                       {"numeric(10,2)[]", "list<decimal(10, 2)>"},
                                                       {"bit(1)", "boolean"},
                                                       {"bit(8)", "binary"},
                                                       {"money", "decimal(38, 2)"},
                                                       {"time with time zone", "string"}};
  for (const auto& [words, type] : cases) {
    INFO(words);
    const auto column = ColumnOfPgType("c", words, {}, true);
    REQUIRE(column);
    CHECK(rows::ToString(column->type) == type);
  }
  CHECK_FALSE(ColumnOfPgType("c", "nummeric(3,2)", {}, true));
  CHECK(rows::ToString(ColumnOfPgType("c", "mood", {}, false)->type) == "string");
}

std::vector<SourceColumn> ColumnsOf(const std::string& fields) {
  return *ColumnsOfValueSchema(R"({"type":"struct","fields":[)" + fields + "]}");
}

TEST_CASE("a scale beyond the precision is the precision") {
  const auto columns = ColumnsOf(
      R"({"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","field":"d",
          "parameters":{"scale":"5","connect.decimal.precision":"3"}})");
  CHECK(columns[0].problem.empty());
  CHECK(rows::ToString(columns[0].type) == "decimal(5, 5)");
}

TEST_CASE("text is offered only where it helps") {
  const auto columns = ColumnsOf(
      R"({"type":"array","field":"n","items":{"type":"struct","name":"io.debezium.data.VariableScaleDecimal"}},
         {"type":"int32","name":"io.debezium.time.Date","field":"d"})");
  CHECK(columns[0].hint == "text[]");
  const auto as_list = Override(columns[0], *ColumnOfPgType("n", "text[]", {}, true), "text[]");
  REQUIRE(as_list);
  CHECK(rows::ToString(as_list->type) == "list<string>");
  const auto refused = Override(columns[1], *ColumnOfPgType("d", "text", {}, true), "text");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().hint.find("use \"text\"") == std::string::npos);
}

TEST_CASE("without a schema only JSON's own types are inferred") {
  Inference inference;
  inference.Add(R"({"id":1,"x":null,"f":1,"s":"ExMC","b":true,"l":[],"o":{"a":1}})");
  inference.Add(R"({"id":2,"x":null,"f":1.5,"l":[null,3]})");
  std::map<std::string, std::string> types;
  for (const SourceColumn& column : inference.columns()) types[column.name] = rows::ToString(column.type);
  CHECK(types == std::map<std::string, std::string>{{"id", "long"},
                                                    {"f", "double"},
                                                    {"s", "string"},
                                                    {"b", "boolean"},
                                                    {"o", "string"},
                                                    {"l", "list<long>"}});
}

}  // namespace
}  // namespace cdc::event
