#include <limits>

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
  CHECK(TruncateText("short") == "short");
  CHECK(TruncateText("0123456789abcdefg") == "0123456789abcdef");
  CHECK(TruncateText("öööööööööööööööööö") == "öööööööööööööööö");
  CHECK(UpperOf({"0123456789abcdef"}) == "0123456789abcdef");
  CHECK(UpperOf({"0123456789abcdefg"}) == "0123456789abcdeg");
  CHECK(UpperOf({"0123456789abcdefg", "1"}) == "1");
  CHECK(UpperOf({}) == std::nullopt);
  CHECK(UpperOf({""}) == "");
}

TEST_CASE("a text bound is raised past characters that cannot be raised") {
  CHECK(TextAbove("ab\x7F") == "ab\xC2\x80");
  CHECK(TextAbove("a\xED\x9F\xBF") == "a\xEE\x80\x80");  // U+D7FF: surrogates are skipped
  CHECK(TextAbove("a\xF4\x8F\xBF\xBF") == "b");          // U+10FFFF: the one before it is raised
  CHECK(TextAbove("\xF4\x8F\xBF\xBF") == std::nullopt);
  CHECK(TextAbove("a\xC3") == std::nullopt);  // no UTF-8
}

TEST_CASE("values that differ after the kept prefix leave a valid upper bound") {
  const std::string head(64, 'z');
  const auto upper = UpperOf({head, head + "more"});
  REQUIRE(upper);
  CHECK(*upper > head + "more");
}

TEST_CASE("binary bounds are cut at 16 bytes") {
  CHECK(BytesAbove({"\x01\xFF\xFF", 3}) == "\x02");
  CHECK(BytesAbove("\xFF\xFF") == std::nullopt);
  BytesBounds<false> bounds;
  bounds.Add(std::string(17, '\xFF'));
  CHECK(bounds.lower() == std::string(16, '\xFF'));
  CHECK(bounds.upper() == std::nullopt);
}

TEST_CASE("float bounds leave out NaN and tell the zeros apart") {
  FloatBounds<double> bounds;
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
