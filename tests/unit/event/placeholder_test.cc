#include "lib/event/placeholder.h"

#include <catch2/catch_test_macros.hpp>

#include "lib/event/name_uuid.h"
#include "tests/unit/event/decoded_table.h"

namespace cdc::event {
namespace {

using rows::Cell;

constexpr const char* kMark = "__debezium_unavailable_value";

/// The mark's bytes as elements, each between `before` and `after`.
std::string PerByte(std::string_view mark, const std::string& before = "", const std::string& after = "") {
  std::string json = "[";
  for (const char c : mark) json += before + std::to_string(int{static_cast<signed char>(c)}) + after + ",";
  json.back() = ']';
  return json;
}

TEST_CASE("UUIDs of names are Java's") {
  CHECK(NameUuid(kMark) == "b68a35a7-17ad-35b3-af2a-ae46edb4545a");
  // RFC 1321, appendix A.5, with version 3 and its variant set.
  CHECK(NameUuid("") == "d41d8cd9-8f00-3204-a980-0998ecf8427e");
  CHECK(NameUuid("12345678901234567890123456789012345678901234567890123456789012345678901234567890") ==
        "57edf4a2-2be3-3955-ac49-da2e2107b67a");
  CHECK(NameUuid("message digest") == "f96b697d-7cb7-338d-925a-2f31aaf161d0");
}

TEST_CASE("every form of the mark is known as it stands in the JSON") {
  const Placeholder placeholder;
  for (const std::string json :
       {R"("__debezium_unavailable_value")", R"("__debezium\u005funavailable_value")",
        R"("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==")",
        R"("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ\u003d\u003d")",
        R"("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ")",
        R"("5f5f646562657a69756d5f756e617661696c61626c655f76616c7565")",
        R"("5F5F646562657A69756D5F756E617661696C61626C655F76616C7565")",
        R"("b68a35a7-17ad-35b3-af2a-ae46edb4545a")",
        R"("{\"__debezium_unavailable_value\":\"__debezium_unavailable_value\"}")",
        R"({"__debezium_unavailable_value":"__debezium_unavailable_value"})",
        R"({ "__debezium_unavailable_value" : "__debezium_unavailable_value" })",
        R"(["__debezium_unavailable_value"])", R"([ "__debezium_unavailable_value" ])",
        R"(["X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="])", R"(["b68a35a7-17ad-35b3-af2a-ae46edb4545a"])",
        R"(["5f5f646562657a69756d5f756e617661696c61626c655f76616c7565"])",
        R"([{"__debezium_unavailable_value":"__debezium_unavailable_value"}])"}) {
    INFO(json);
    CHECK(placeholder.IsValue(json));
  }
  CHECK(placeholder.IsValue(PerByte(kMark)));
  CHECK(placeholder.IsValue(PerByte(kMark, "", ".0")));
  CHECK(placeholder.IsValue(PerByte(kMark, "\"", "\"")));
  CHECK(placeholder.IsValue(PerByte(kMark, "\"", ".00\"")));
  CHECK(placeholder.IsValue(PerByte(kMark, " ", " ")));
}

TEST_CASE("what only resembles the mark is a value") {
  const Placeholder placeholder;
  for (const std::string json :
       {R"("__debezium_unavailable_value!")", R"("__debezium_unavailable_valu\u0065s")", R"("")", R"("\\")",
        R"("__debezium\\u005funavailable_value")", "[]", "{}", "[95]", "[null]", "[95,null]", "null", "95",
        "true", R"(["__debezium_unavailable_value","x"])", R"({"__debezium_unavailable_value":"x"})",
        R"({"__debezium_unavailable_value":null})", R"({"a":"__debezium_unavailable_value"})",
        R"("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=")", R"([["__debezium_unavailable_value"]])"}) {
    INFO(json);
    CHECK_FALSE(placeholder.IsValue(json));
  }
  const std::string bytes = PerByte(kMark);
  CHECK_FALSE(placeholder.IsValue(bytes.substr(0, bytes.size() - 1) + ",1]"));
  CHECK_FALSE(placeholder.IsValue(bytes.substr(0, bytes.rfind(',')) + "]"));
  CHECK_FALSE(placeholder.IsValue(PerByte(kMark, "", ".5")));
}

TEST_CASE("decimals stand for the mark's bytes at the scale of their column") {
  const Placeholder placeholder("abcdefgh");
  std::string at_two = "[", variable = "[";
  for (const char* encoded : {"JeQ=", "Jkg=", "Jqw=", "JxA=", "J3Q=", "J9g=", "KDw=", "KKA="})
    at_two += std::string("\"") + encoded + "\",";
  for (const char* encoded : {"YQ==", "Yg==", "Yw==", "ZA==", "ZQ==", "Zg==", "Zw==", "aA=="})
    variable += std::string(R"({"scale":0,"value":")") + encoded + "\"},";
  at_two.back() = variable.back() = ']';
  JsonCursor cursor(at_two);
  CHECK(placeholder.IsNested(cursor, 2));
  CHECK(cursor.AtEnd());
  JsonCursor other(at_two);
  CHECK_FALSE(placeholder.IsNested(other, 0));
  JsonCursor objects(variable);
  CHECK(placeholder.IsNested(objects, 0));
}

TEST_CASE("a mark of one's own has the same forms, and bytes beyond ASCII are signed") {
  const Placeholder own("gelöscht/unverändert");
  CHECK(own.IsValue("\"gelöscht/unverändert\""));
  CHECK(own.IsValue("\"gel\\u00f6scht\\/unver\\u00e4ndert\""));
  CHECK(own.IsValue(PerByte("gelöscht/unverändert")));
  CHECK(PerByte("ö") == "[-61,-74]");
  CHECK(own.IsValue("\"" + NameUuid("gelöscht/unverändert") + "\""));
  CHECK_FALSE(own.IsValue(R"("__debezium_unavailable_value")"));

  const Placeholder quoted(R"(a "quoted" \ mark)");
  CHECK(quoted.IsValue(R"("a \"quoted\" \\ mark")"));
  CHECK(quoted.IsValue(R"("{\"a \\\"quoted\\\" \\\\ mark\":\"a \\\"quoted\\\" \\\\ mark\"}")"));

  // The connector takes bytes, too; what is no text of them is replaced as Java does.
  const Placeholder bytes("hex:6162ff6364e28263646566");
  CHECK(
      bytes.IsValue("\"ab\xef\xbf\xbd"
                    "cd\xef\xbf\xbd"
                    "cdef\""));
  CHECK(bytes.IsValue("\"YWL/Y2TigmNkZWY=\""));
  CHECK(bytes.IsValue("\"6162ff6364e28263646566\""));
  CHECK(bytes.IsValue("\"YWL_Y2TigmNkZWY=\""));
  CHECK(bytes.IsValue("[97,98,-1,99,100,-30,-126,99,100,101,102]"));
}

TEST_CASE("a short mark is no number by chance") {
  const Placeholder placeholder("x");
  CHECK(placeholder.IsValue(R"("x")"));
  CHECK(placeholder.IsValue(R"(["x"])"));
  CHECK(placeholder.IsValue("[120]"));
  CHECK(placeholder.IsValue(R"("eA==")"));
  CHECK_FALSE(placeholder.IsValue(R"("78")"));
  CHECK_FALSE(placeholder.IsValue("[120.0]"));
  CHECK_FALSE(placeholder.IsValue(R"(["120"])"));
}

TEST_CASE("the mark is never a value, whatever the column is to become") {
  const std::string bytes = PerByte(kMark);
  const std::pair<const char*, std::string> cases[] = {
      {"text", R"({"m":{"__debezium_unavailable_value":"__debezium_unavailable_value"}})"},
      {"text", R"({"m":["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]})"},
      {"text", R"({"m":["X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="]})"},
      {"text", "{\"m\":" + bytes + "}"},
      {"text", R"({"m":"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="})"},
      {"text[]", R"({"m":["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]})"},
      {"uuid[]", R"({"m":["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]})"},
      {"uuid", R"({"m":"b68a35a7-17ad-35b3-af2a-ae46edb4545a"})"},
      {"bytea[]", R"({"m":["X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="]})"},
      {"bytea", R"({"m":"__debezium_unavailable_value"})"},
      {"smallint[]", "{\"m\":" + bytes + "}"},
      {"bigint[]", "{\"m\":" + bytes + "}"},
      {"date[]", "{\"m\":" + bytes + "}"},
      {"timestamp[]", "{\"m\":" + bytes + "}"},
      {"time[]", "{\"m\":" + bytes + "}"},
      {"real[]", "{\"m\":" + PerByte(kMark, "", ".0") + "}"},
      {"float8[]", "{\"m\":" + PerByte(kMark, "", ".0") + "}"},
      {"numeric(10,2)[]", R"({"m":"__debezium_unavailable_value"})"},
      {"numeric(10,2)", R"({"m":"__debezium_unavailable_value"})"},
      {"timestamptz", R"({"m":"__debezium_unavailable_value"})"}};
  for (const auto& [words, json] : cases) {
    INFO(words << " " << json);
    DecodedTable table(Declared{{"m", words}});
    REQUIRE(table.Decode(json) == RowOutcome::kWithGaps);
    CHECK(table.column(0).cell(0) == Cell::kUnavailable);
  }
}

TEST_CASE("a list is never made of marks and other elements") {
  DecodedTable table(Declared{{"m", "text[]"}});
  CHECK(table.Decode(R"({"m":["__debezium_unavailable_value","x"]})") == RowOutcome::kBadValue);
}

}  // namespace
}  // namespace cdc::event
