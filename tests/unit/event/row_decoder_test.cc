#include "lib/event/row_decoder.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/event/decoded_table.h"

namespace cdc::event {
namespace {

using rows::Cell;

using Table = DecodedTable;

TEST_CASE("members are found in any order, and what is absent is null") {
  Table table({{"id", "int"}, {"name", "text"}, {"n", "bigint"}});
  CHECK(table.Decode(R"({"id":1,"name":"ç","n":-9223372036854775808})") == RowOutcome::kWhole);
  CHECK(table.Decode(R"({"n":5,"id":2})") == RowOutcome::kWhole);
  CHECK(table.Decode(R"({ "name" : null , "id" : 3 })") == RowOutcome::kWhole);
  REQUIRE(table.batch->rows() == 3);
  CHECK(table.column(0).fixed<int32_t>(1) == 2);
  CHECK(table.column(1).bytes(0) == "ç");
  CHECK(table.column(1).cell(1) == Cell::kNull);
  CHECK(table.column(2).fixed<int64_t>(0) == INT64_MIN);
  CHECK(table.column(2).cell(2) == Cell::kNull);
}

TEST_CASE("a bad value leaves no trace of its row") {
  Table table({{"id", "int"}, {"list", "int[]"}, {"amount", "numeric(5,2)"}, {"at", "timestamptz"}});
  REQUIRE(table.Decode(R"({"id":1,"list":[1,2],"amount":"AQ==","at":"2024-01-01T00:00:00Z"})") ==
          RowOutcome::kWhole);
  for (const char* json : {R"({"id":2147483648})",
                           R"({"id":"1"})",
                           R"({"id":1.5})",
                           R"({"id":true})",
                           R"({"id":1,"id":2})",
                           R"({"id":2,"list":[3,"x"]})",
                           R"({"id":2,"list":[3,[4]]})",
                           R"({"id":2,"list":[3)",
                           R"({"id":2,"list":{}})",
                           R"({"id":2,"amount":"free text"})",
                           R"({"id":2,"amount":"3.75"})",
                           R"({"id":2,"amount":3.75})",
                           R"({"id":2,"amount":""})",
                           R"({"id":2,"amount":"D0JA"})",
                           R"({"id":2,"at":"infinity"})",
                           R"({"id":2,"at":5})",
                           R"({"id":2)",
                           R"({"id":2,})",
                           R"([])",
                           R"({"id" 2})"}) {
    INFO(json);
    CHECK(table.Decode(json) == RowOutcome::kBadValue);
    CHECK_FALSE(table.decoder->error().empty());
    REQUIRE(table.batch->rows() == 1);
    REQUIRE(table.column(1).element().size() == 2);
  }
  CHECK(table.Decode(R"({"id":3})") == RowOutcome::kWhole);
}

TEST_CASE("a member nobody knows is a new column, unless it is null") {
  Table table(Declared{{"id", "int"}});
  CHECK(table.Decode(R"({"id":1,"new":null})") == RowOutcome::kWhole);
  CHECK(table.Decode(R"({"id":2,"new":"x"})") == RowOutcome::kUnknownColumn);
  CHECK(table.batch->rows() == 1);
}

TEST_CASE("values of every kind are exact") {
  Table table({{"d", "numeric(10,2)"},
               {"f", "double precision"},
               {"r", "real"},
               {"day", "date"},
               {"t", "time"},
               {"t3", "time(3)"},
               {"ts", "timestamp"},
               {"ts3", "timestamp(3)"},
               {"u", "uuid"},
               {"b", "bytea"},
               {"x", "numeric"}});
  REQUIRE(table.Decode(R"({"d":"/av0HAE=","f":"-Infinity","r":0.1,"day":-719162,"t":86399999999,"t3":47655123,
      "ts":-1,"ts3":253402300799999,"u":"123e4567-e89b-12d3-a456-426614174000","b":"AP8Q","x":{"scale":35,"value":"PIE/ZjbZhPJZW2o3KlPQ"}})") ==
          RowOutcome::kWhole);
  CHECK(DecimalToText(table.column(0).fixed<Int128>(0), 2) == "-99999999.99");
  CHECK(table.column(1).fixed<double>(0) == -std::numeric_limits<double>::infinity());
  CHECK(table.column(2).fixed<float>(0) == 0.1f);
  CHECK(table.column(3).fixed<int32_t>(0) == -719162);
  CHECK(table.column(4).fixed<int64_t>(0) == 86399999999);
  CHECK(table.column(5).fixed<int64_t>(0) == 47655123000);
  CHECK(table.column(6).fixed<int64_t>(0) == -1);
  CHECK(table.column(7).fixed<int64_t>(0) == 253402300799999000);
  CHECK(table.column(9).bytes(0) == std::string_view("\0\xff\x10", 3));
  CHECK(table.column(10).bytes(0).substr(0, 20) == "3.141592653589793238");
  // The most negative real and the smallest positive ones.
  CHECK(table.Decode(R"({"r":-3.4028235E38,"f":4.9E-324})") == RowOutcome::kWhole);
  CHECK(table.Decode(R"({"r":1.4E-45})") == RowOutcome::kWhole);
  CHECK(table.column(2).fixed<float>(2) > 0);
  // PostgreSQL's infinite timestamp and date.
  CHECK(table.Decode(R"({"ts":9223372036825200000})") == RowOutcome::kBadValue);
  CHECK(table.Decode(R"({"day":2147483647})") == RowOutcome::kBadValue);
  // 24:00:00 is no time of day elsewhere.
  CHECK(table.Decode(R"({"t":86400000000})") == RowOutcome::kBadValue);
}

TEST_CASE("the marks of unchanged TOAST values are never values") {
  Table table({{"s", "text"}, {"b", "bytea"}, {"a", "text[]"}, {"i", "int[]"}, {"j", "jsonb"}});
  std::string bytes;
  for (const char c : std::string("__debezium_unavailable_value")) bytes += std::to_string(int{c}) + ",";
  bytes.pop_back();
  const std::string json =
      R"({"s":"__debezium_unavailable_value","b":"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==",
      "a":["__debezium_unavailable_value"],"i":[)" +
      bytes + R"(],"j":"__debezium_unavailable_value"})";
  REQUIRE(table.Decode(json) == RowOutcome::kWithGaps);
  for (size_t i = 0; i < 5; ++i) CHECK(table.column(i).cell(0) == Cell::kUnavailable);
  CHECK(table.Decode(R"({"s":"__debezium_unavailable_value!","a":["__debezium","x"],"i":[95]})") ==
        RowOutcome::kWhole);
}

TEST_CASE("other handling modes of the connector are declared, not guessed") {
  Handling handling;
  handling.decimal = DecimalHandling::kString;
  handling.time = TimePrecision::kConnect;
  handling.binary = BinaryHandling::kHex;
  Table table({{"d", "numeric(10,2)"}, {"ts", "timestamp"}, {"b", "bytea"}}, handling);
  REQUIRE(table.Decode(R"({"d":"-1.5","ts":1709212455123,"b":"00ff"})") == RowOutcome::kWhole);
  CHECK(table.column(0).fixed<Int128>(0) == -150);
  CHECK(table.column(1).fixed<int64_t>(0) == 1709212455123000);
  CHECK(table.column(2).bytes(0) == std::string_view("\0\xff", 2));
  CHECK(table.Decode(R"({"d":"NAN"})") == RowOutcome::kBadValue);
}

}  // namespace
}  // namespace cdc::event
