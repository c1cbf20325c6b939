#include <catch2/catch_test_macros.hpp>

#include "lib/event/temporal.h"
#include "tests/unit/event/decoded_table.h"

namespace cdc::event {
namespace {

Handling In(TimePrecision mode) {
  Handling handling;
  handling.time = mode;
  return handling;
}

void CheckRefused(const Declared& column, const Handling& handling, const std::string& value) {
  INFO(column[0].second << " " << value);
  for (const std::string& json :
       std::vector<std::string>{"{\"c\":" + value + "}", "{\"l\":[null," + value + "]}"}) {
    DecodedTable table({{"c", column[0].second}, {"l", column[0].second + "[]"}}, handling);
    CHECK(table.Decode(json) == RowOutcome::kBadValue);
    CHECK(table.error().find("infinity, or out of PostgreSQL's range") != std::string::npos);
    CHECK(table.batch->rows() == 0);
  }
}

void CheckKept(const Declared& column, const Handling& handling, const std::string& value, int64_t wanted) {
  INFO(column[0].second << " " << value);
  DecodedTable table({{"c", column[0].second}, {"l", column[0].second + "[]"}}, handling);
  REQUIRE(table.Decode("{\"c\":" + value + ",\"l\":[" + value + "]}") == RowOutcome::kWhole);
  const rows::Column& element = table.column(1).element();
  if (column[0].second == "date") {
    CHECK(table.column(0).fixed<int32_t>(0) == wanted);
    CHECK(element.fixed<int32_t>(0) == wanted);
  } else {
    CHECK(table.column(0).fixed<int64_t>(0) == wanted);
    CHECK(element.fixed<int64_t>(0) == wanted);
  }
}

TEST_CASE("dates end where PostgreSQL's end") {
  for (const TimePrecision mode : {TimePrecision::kAdaptive, TimePrecision::kConnect,
                                   TimePrecision::kMicroseconds, TimePrecision::kNanoseconds}) {
    const Handling handling = In(mode);
    for (const char* infinite :
         {"2146033979", "-2147472692", "-2147472691", "-622191234", "-625821272", "2147483647", "-2147483648",
          "2145042906", "-2440589", "9223372036854775807"}) {
      CheckRefused({{"c", "date"}}, handling, infinite);
    }
    CheckKept({{"c", "date"}}, handling, "2145042905", 2145042905);
    CheckKept({{"c", "date"}}, handling, "-2440588", -2440588);
    CheckKept({{"c", "date"}}, handling, "0", 0);
  }
  const Handling iso = In(TimePrecision::kIsoString);
  for (const char* infinite :
       {"\"-5877611-06-21Z\"", "\"-5877611-06-22Z\"", "\"+5877611-06-21Z\"", "\"+5877611-06-22Z\"",
        "\"infinity\"", "\"-infinity\"", "\"+5874898-01-01\"", "\"-4713-11-23Z\""}) {
    CheckRefused({{"c", "date"}}, iso, infinite);
  }
  CheckKept({{"c", "date"}}, iso, "\"+5874897-12-31Z\"", 2145042905);
  CheckKept({{"c", "date"}}, iso, "\"-4713-11-24Z\"", -2440588);
}

TEST_CASE("timestamps end where PostgreSQL's or 64 bits end") {
  const Handling micros = In(TimePrecision::kMicroseconds), millis = In(TimePrecision::kConnect),
                 nanos = In(TimePrecision::kNanoseconds), iso = In(TimePrecision::kIsoString);
  for (const char* infinite : {"9223372036825200000", "-9223372036832400000", "9223372036854775807",
                               "-9223372036854775808", "-210866803200000001", "-9222426057709551617"}) {
    CheckRefused({{"c", "timestamp"}}, micros, infinite);
  }
  CheckKept({{"c", "timestamp"}}, micros, "9223372036825199999", 9223372036825199999);
  CheckKept({{"c", "timestamp"}}, micros, "-210866803200000000", -210866803200000000);
  for (const char* infinite : {"9223372036825200", "-9223372036832400", "9223372036854775807",
                               "-210866803200001", "9224318015999999"}) {
    CheckRefused({{"c", "timestamp"}}, millis, infinite);
    CheckRefused({{"c", "timestamp(3)"}}, In(TimePrecision::kAdaptive), infinite);
  }
  CheckKept({{"c", "timestamp"}}, millis, "9223371331199999", 9223371331199999000);
  CheckKept({{"c", "timestamp"}}, millis, "-210866803200000", -210866803200000000);
  // Infinity is an end of 64 bits, and the year 9999 runs over it: not a whole microsecond any more.
  for (const char* infinite : {"9223372036854775807", "-9223372036854775808", "-4852202631933722624"})
    CheckRefused({{"c", "timestamp"}}, nanos, infinite);
  CheckKept({{"c", "timestamp"}}, nanos, "9223372036854775000", 9223372036854775);
  for (const char* infinite : {"\"+294247-01-10T04:00:25.200Z\"", "\"-290308-12-21T19:59:27.600Z\"",
                               "\"+294276-12-31T23:59:59.999999Z\"", "\"-4713-11-23T23:59:59Z\""}) {
    CheckRefused({{"c", "timestamp"}}, iso, infinite);
  }
  CheckKept({{"c", "timestamp"}}, iso, "\"+294247-01-10T04:00:25.199999Z\"", 9223372036825199999);
}

TEST_CASE("instants with a zone have the same ends") {
  for (const TimePrecision mode :
       {TimePrecision::kAdaptive, TimePrecision::kConnect, TimePrecision::kIsoString}) {
    for (const char* infinite : {"\"infinity\"", "\"-infinity\"", "\"+292278994-08-16T23:00:00Z\"",
                                 "\"+294276-12-31T23:59:59.999999Z\"", "\"-290308-12-21T19:59:27.600Z\"",
                                 "\"+294247-01-10T23:00:00-99:59:59\""}) {
      CheckRefused({{"c", "timestamptz"}}, In(mode), infinite);
    }
    CheckKept({{"c", "timestamptz"}}, In(mode), "\"+294247-01-01T23:59:59.999999Z\"", 9223371331199999999);
    CheckKept({{"c", "timestamptz"}}, In(mode), "\"-4713-11-24T00:00:00Z\"", -210866803200000000);
  }
}

TEST_CASE("infinity is not printed as a date either") {
  SourceColumn column, list;
  column.name = "d";
  column.wire = Wire::kIsoDate;
  column.type = rows::Type::Of(rows::TypeKind::kString);
  list.name = "l";
  list.wire = Wire::kArray;
  list.element = Wire::kDays;
  list.type = rows::Type::Of(rows::TypeKind::kString);
  DecodedTable table(std::vector<SourceColumn>{column, list});
  CHECK(table.Decode(R"({"d":"-5877611-06-21Z"})") == RowOutcome::kBadValue);
  CHECK(table.Decode(R"({"l":[1,2146033979]})") == RowOutcome::kBadValue);
  CHECK(table.error().find("infinity") != std::string::npos);
  REQUIRE(table.Decode(R"({"d":"2024-01-01","l":[1,null]})") == RowOutcome::kWhole);
  CHECK(table.column(1).bytes(0) == "[1,null]");
}

TEST_CASE("an array of several dimensions is no list") {
  DecodedTable table({{"t", "text[]"}, {"i", "int[]"}, {"u", "uuid[]"}, {"x", "text"}});
  for (const char* json :
       {R"({"t":["[Ljava.lang.String;@49f5e3a8","[Ljava.lang.String;@4edcccea"]})", R"({"t":["[[I@1f"]})",
        R"({"i":[null,null]})", R"({"i":[[1],[2]]})", R"({"u":["[Ljava.util.UUID;@49f5e3a8"]})",
        R"({"x":["[Ljava.lang.String;@49f5e3a8"]})"}) {
    INFO(json);
    CHECK(table.Decode(json) == RowOutcome::kBadValue);
    CHECK(table.batch->rows() == 0);
  }
  CHECK(table.Decode(R"({"i":[null,null]})") == RowOutcome::kBadValue);
  CHECK(table.error().find("several dimensions") != std::string::npos);
  CHECK(table.Decode(R"({"t":[null,null],"i":[null],"u":[null,null]})") == RowOutcome::kWhole);
  CHECK(table.Decode(R"({"t":["[L","[Ljava@","[I@","[","[Ljava.lang.String;@xyz"],"i":[null,1]})") ==
        RowOutcome::kWhole);
}

TEST_CASE("base64 is the same with JSON's escapes") {
  DecodedTable table({{"d", "numeric(10,2)"}, {"n", "numeric"}, {"b", "bytea"}});
  REQUIRE(
      table.Decode(R"({"d":"AQ\u003d\u003d","n":{"scale":1,"value":"\/w\u003d\u003d"},"b":"\/w=\u003d"})") ==
      RowOutcome::kWhole);
  CHECK(table.column(0).fixed<Int128>(0) == 1);
  CHECK(table.column(1).bytes(0) == "-0.1");
  CHECK(table.column(2).bytes(0) == "\xff");
}

}  // namespace
}  // namespace cdc::event
