#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "lib/parquet/bounds_internal.h"

namespace cdc::parquet {
namespace {

std::optional<std::string> UpperOf(std::initializer_list<std::string_view> values) {
  BytesBounds<true> bounds;
  for (const std::string_view v : values) bounds.Add(v);
  return bounds.upper();
}

TEST_CASE("text bounds are cut at 16 code points and stay valid") {
  CHECK(UpperOf({"0123456789abcdef"}) == "0123456789abcdef");
  CHECK(UpperOf({"0123456789abcdefg"}) == "0123456789abcdeg");
  CHECK(UpperOf({"0123456789abcdefg", "1"}) == "1");
  CHECK(UpperOf({}) == std::nullopt);
  CHECK(UpperOf({""}) == "");
}

TEST_CASE("values that differ after the kept prefix leave a valid upper bound") {
  std::string head(64, 'z');
  SECTION("one byte a code point") {}
  SECTION("four bytes a code point") {
    head.clear();
    for (int i = 0; i < 17; ++i) head += "\xF0\x9F\x98\x80";
  }
  const auto upper = UpperOf({head, head + "more"});
  REQUIRE(upper.has_value());
  CHECK(*upper > head + "more");
}

TEST_CASE("bounds are the smallest and the largest value, also where values begin alike or end in zeros") {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    BytesBounds<false> bounds;
    std::vector<std::string> values(1 + random() % 12);
    for (std::string& v : values) {
      v.assign(random() % 20, '\xA0');
      for (int changed = 0; changed < 2 && !v.empty(); ++changed)
        v[random() % v.size()] = "\0\x01\xA1\xFE"[random() % 4];
      bounds.Add(v);
    }
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    REQUIRE(bounds.lower() == iceberg::TruncateBinaryLower(*least));
    REQUIRE(bounds.upper() == iceberg::TruncateBinaryUpper(*most));
  }
}

TEST_CASE("text bounds are the smallest and the largest value, where they differ in late bytes as well") {
  std::mt19937 random(12);
  const char* const letters[] = {"a", "b", "\xC3\xA9", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x81"};
  for (int round = 0; round < 2000; ++round) {
    BytesBounds<true> bounds;
    std::vector<std::string> values(1 + random() % 12);
    for (std::string& v : values) {
      // Four to eighteen letters, most of them alike: 16 letters may be 64 bytes.
      const uint32_t count = 4 + random() % 15, changed = random() % count;
      for (uint32_t i = 0; i < count; ++i) v += letters[i == changed ? random() % 5 : 3];
      bounds.Add(v);
    }
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    REQUIRE(bounds.lower() == iceberg::TruncateStringLower(*least));
    REQUIRE(bounds.upper() == iceberg::TruncateStringUpper(*most));
  }
}

TEST_CASE("numbers have the bounds of their signs, in whatever order they come") {
  for (const std::vector<int32_t>& values :
       {std::vector{5, -7, 0}, std::vector{-7, 5}, std::vector{0, 5, -7}, std::vector{-7, 0, 5}}) {
    OrderedBounds<int32_t> narrow;
    OrderedBounds<Int128> decimal;
    for (const int32_t v : values) {
      narrow.Add(v);
      decimal.Add(v);
    }
    CHECK(narrow.lower() == iceberg::SerializeInt(-7));
    CHECK(narrow.upper() == iceberg::SerializeInt(5));
    CHECK(decimal.lower() == iceberg::SerializeDecimal(-7));
    CHECK(decimal.upper() == iceberg::SerializeDecimal(5));
  }
}

TEST_CASE("binary bounds are cut at 16 bytes") {
  BytesBounds<false> bounds;
  bounds.Add(std::string(17, '\xFF'));
  CHECK(bounds.lower() == std::string(16, '\xFF'));
  CHECK(bounds.upper() == std::nullopt);
}

TEST_CASE("float bounds leave out NaN and tell the zeros apart") {
  OrderedBounds<double> bounds;
  bounds.Add(std::numeric_limits<double>::quiet_NaN());
  CHECK(bounds.lower() == std::nullopt);
  bounds.Add(0.0);
  bounds.Add(-0.0);
  const double negative = -0.0;
  const double positive = 0.0;
  CHECK(bounds.lower() == std::string(reinterpret_cast<const char*>(&negative), 8));
  CHECK(bounds.upper() == std::string(reinterpret_cast<const char*>(&positive), 8));
  CHECK(bounds.nan_count() == 1);
}

}  // namespace
}  // namespace cdc::parquet
