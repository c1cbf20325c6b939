#include "cli/record_line.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::cli {
namespace {

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

TEST_CASE("A record's parts are taken apart") {
  auto record = ParseRecordLine(
      R"({"topic":"t","partition":3,"offset":9,"timestamp":1700000000123,"key":"{\"id\":1}","value":"a\u00e9\ud83d\ude00",)"
      R"("headers":[["h","1"],["h",null]]})");
  REQUIRE(record.has_value());
  CHECK(record->topic == "t");
  CHECK(record->partition == 3);
  CHECK(record->timestamp_ms == 1700000000123);
  CHECK(record->key == "{\"id\":1}");
  CHECK(record->value == "aé😀");
  CHECK(record->headers == Headers{{"h", "1"}, {"h", std::nullopt}});
}

TEST_CASE("Nulls stay null, empty stays empty") {
  auto tombstone = ParseRecordLine(R"({"key":"","value":null,"headers":null})");
  REQUIRE(tombstone.has_value());
  CHECK(tombstone->key == "");
  CHECK(tombstone->value == std::nullopt);
  CHECK(tombstone->headers.empty());
  CHECK(tombstone->partition == std::nullopt);
  CHECK(ParseRecordLine(R"({"value":"","headers":[]})")->value == "");
}

TEST_CASE("Any other object is an event, byte for byte") {
  for (const char* line : {
           R"({"before":null, "after":{"id":1,"value":"x"},"op":"c"})",
           R"({"schema":{},"payload":{"headers":[1]}})",
           R"({})",
           R"({"key":"k"})",                                // no value: not a record
           R"({"key":1,"value":{"a":[null]},"__op":"c"})",  // a row with such columns
           R"({"headers":[[1],{"a":2}],"value":1.5,"id":2})",
       }) {
    INFO(line);
    auto event = ParseRecordLine(line);
    REQUIRE(event.has_value());
    CHECK(event->value == line);
    CHECK(event->key == std::nullopt);
    CHECK(event->headers.empty());
    CHECK(event->topic == std::nullopt);
  }
}

TEST_CASE("What is neither is refused with the reason") {
  for (const char* line : {
           "",
           "nonsense",
           "[1]",
           "1",
           "null",
           "\"text\"",
           R"({"value":"x")",
           R"({"value":"x"} more)",
           R"({"value":"\ud800"})",
           R"({"value":{"a":1}})",
           R"({"value":5})",
           R"({"value":["a"]})",
           R"({"value":"x","key":true})",
           R"({"value":"x","partition":"1"})",
           R"({"value":"x","partition":-1})",
           R"({"value":"x","partition":4294967296})",
           R"({"value":"x","headers":{"a":"b"}})",
           R"({"value":"x","headers":["a"]})",
           R"({"value":"x","headers":[["a"]]})",
           R"({"value":"x","headers":[["a","b","c"]]})",
           R"({"value":"x","headers":[[null,"b"]]})",
           R"({"value":"x","headers":[["a",1]]})",
           R"({"value":"x","headers":[["a",["b"]]]})",
           R"({"value":"x","timestamp":18446744073709551615,"key":1.5})",
       }) {
    INFO(line);
    auto refused = ParseRecordLine(line);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::kBadValue);
    CHECK_FALSE(refused.error().message.empty());
  }
}

}  // namespace
}  // namespace cdc::cli
