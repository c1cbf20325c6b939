#include "lib/contract/record_ranges.h"

#include <catch2/catch_test_macros.hpp>
#include <random>
#include <set>

namespace cdc::contract {
namespace {

RecordRanges Decoded(const std::string& json) {
  auto decoded = RecordRanges::Decode(json);
  REQUIRE(decoded.has_value());
  return *decoded;
}

TEST_CASE("record ranges are what a set of offsets is") {
  std::mt19937 dice(7);
  RecordRanges ranges;
  std::set<int64_t> model;
  for (int step = 0; step < 3000; ++step) {
    const int64_t offset = dice() % 60;
    if (dice() % 3 == 0) {
      ranges.Remove(2, offset);
      model.erase(offset);
    } else {
      const int64_t last = offset + static_cast<int64_t>(dice() % 4 == 0 ? dice() % 9 : 0);
      ranges.Add(2, offset, last);
      for (int64_t o = offset; o <= last; ++o) model.insert(o);
    }
    for (int64_t o = 0; o < 70; ++o) REQUIRE(ranges.Has(2, o) == model.contains(o));
    REQUIRE(Decoded(ranges.Encode()) == ranges);
    size_t runs = 0;
    for (const int64_t o : model) runs += !model.contains(o - 1);
    REQUIRE(ranges.range_count() == runs);
  }
  CHECK_FALSE(ranges.Has(1, *model.begin()));
}

TEST_CASE("record ranges are written in a short form") {
  RecordRanges ranges;
  CHECK(ranges.Encode() == "{}");
  CHECK(ranges.empty());
  ranges.Add(0, 5, 9);
  ranges.Add(0, 12);
  ranges.Add(11, 0);
  CHECK(ranges.Encode() == R"({"0":"5-9,12","11":"0"})");
  for (const char* wrong : {"", "[]", R"({"x":"1"})", R"({"0":[1]})", R"({"0":"9-5"})", R"({"0":"1,,2"})",
                            R"({"-1":"1"})", R"({"0":"-3"})"}) {
    INFO(wrong);
    CHECK_FALSE(RecordRanges::Decode(wrong).has_value());
  }
}

TEST_CASE("record ranges forget what is read again, and the oldest of too many") {
  RecordRanges ranges = Decoded(R"({"0":"1-4,8-12","1":"3"})");
  ranges.KeepBelow({{0, 9}});
  CHECK(ranges.Encode() == R"({"0":"1-4,8"})");
  ranges = Decoded(R"({"0":"1,3,5,7","1":"2"})");
  ranges.Bound(3);
  CHECK(ranges.Encode() == R"({"0":"5,7","1":"2"})");
}

}  // namespace
}  // namespace cdc::contract
