#include "lib/core/decimal.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc {
namespace {

const std::string kLargest(38, '9');

TEST_CASE("decimals come back from text") {
  for (const char* text : {"0.00", "-0.01", "12345.67", "-99999999.99", "1.10"}) {
    const auto value = DecimalFromText(text, 2);
    REQUIRE(value);
    CHECK(DecimalToText(*value, 2) == text);
  }
  CHECK(DecimalToText(*DecimalFromText(kLargest, 0), 0) == kLargest);
  CHECK(DecimalToText(*DecimalFromText("1.5E+3", 1), 1) == "1500.0");
  CHECK(*DecimalFromText("250E-2", 2) == 250);
  CHECK(*DecimalFromText("-123400." + std::string(2046, '0'), 0) == -123400);
  CHECK(*DecimalFromText("0.00", 0) == 0);
  CHECK(*DecimalFromText("100.5000", 1) == 1005);
}

TEST_CASE("what is not exact or not a number is refused") {
  for (const char* text : {"", "-", ".", "1.234", "1e", "1e5x", "NaN", "12a", " 1", "1,5"}) {
    INFO(text);
    CHECK_FALSE(DecimalFromText(text, 2));
  }
  CHECK_FALSE(DecimalFromText(kLargest + "9", 0));
  CHECK_FALSE(DecimalFromText(kLargest, 1));
  CHECK_FALSE(RescaleDecimal(105, 2, 1));
  CHECK(*RescaleDecimal(150, 2, 1) == 15);
  CHECK(*RescaleDecimal(15, 1, 3) == 1500);
}

TEST_CASE("big-endian two's complement is minimal and comes back") {
  const std::pair<Int128, std::string> cases[] = {
      {0, std::string("\0", 1)},       {-1, "\xff"},   {127, "\x7f"},
      {128, std::string("\0\x80", 2)}, {-128, "\x80"}, {-129, "\xff\x7f"},
      {256, std::string("\x01\0", 2)}};
  for (const auto& [value, bytes] : cases) {
    CHECK(DecimalToBigEndian(value) == bytes);
    CHECK(*DecimalFromBigEndian(bytes) == value);
  }
  CHECK(*DecimalFromBigEndian(std::string(20, '\0') + "\x05") == 5);
  CHECK(*DecimalFromBigEndian(std::string(20, '\xff') + "\xfe") == -2);
  CHECK_FALSE(DecimalFromBigEndian("\x01" + std::string(16, '\0')));
  // 2^127 needs one bit more than there is.
  CHECK_FALSE(DecimalFromBigEndian(std::string("\0", 1) + "\x80" + std::string(15, '\0')));
}

}  // namespace
}  // namespace cdc
