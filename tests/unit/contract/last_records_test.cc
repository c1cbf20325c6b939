#include "lib/contract/last_records.h"

#include <catch2/catch_test_macros.hpp>
#include <set>

namespace cdc::contract {

TEST_CASE("last records survive the trip, garbage does not pass") {
  const TopicLastRecords records = {{"t", {{2, {7, 0xab}}, {10, {0, 0xffffffffffffffff}}}}};
  const char* text = R"({"t":{"2":[7,"00000000000000ab"],"10":[0,"ffffffffffffffff"]}})";
  CHECK(EncodeLastRecords(records) == text);
  CHECK(*DecodeLastRecords(text) == records);
  CHECK(DecodeLastRecords("{}")->empty());
  for (const char* bad :
       {"", "[]", R"({"t":3})", R"({"t":{"0":7}})", R"({"t":{"0":[7]}})", R"({"t":{"0":[7,1]}})",
        R"({"t":{"x":[7,"00000000000000ab"]}})", R"({"t":{"-1":[7,"00000000000000ab"]}})",
        R"({"t":{"0":[-7,"00000000000000ab"]}})", R"({"t":{"0":["7","00000000000000ab"]}})",
        R"({"t":{"0":[7,"ab"]}})", R"({"t":{"0":[7,"00000000000000ax"]}})",
        R"({"t":{"0":[7,"00000000000000ab",1]}})"}) {
    INFO(bad);
    const auto read = DecodeLastRecords(bad);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().kind == ErrorKind::kCorrupt);
  }
}

// It is written in tables: these values were computed from the definition by another program.
TEST_CASE("a record's fingerprint stays what it is") {
  CHECK(Fingerprint(R"({"id":1})", R"({"op":"c"})", 1700000000123) == 0x93889d676e2c500b);
  CHECK(Fingerprint(std::nullopt, "", -1) == 0x514b4cf5f9009724);
  CHECK(Fingerprint("", std::nullopt, -1) == 0xa3a001d6b8a15839);
  CHECK(Fingerprint(std::nullopt, std::nullopt, -1) == 0x8a4a2ab41714dfe3);
}

TEST_CASE("records that differ in anything have other fingerprints") {
  const std::set<uint64_t> all = {
      Fingerprint("k", "v", 1),          Fingerprint("k", "v", 2),          Fingerprint("k", "w", 1),
      Fingerprint("l", "v", 1),          Fingerprint("kv", "", 1),          Fingerprint("", "kv", 1),
      Fingerprint("v", "k", 1),          Fingerprint(std::nullopt, "v", 1), Fingerprint("", "v", 1),
      Fingerprint("k", std::nullopt, 1), Fingerprint("k", "", 1),           Fingerprint("k", "v", -1)};
  CHECK(all.size() == 12);
}

}  // namespace cdc::contract
