#include "lib/iceberg/value.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::iceberg {
namespace {

TEST_CASE("single values have the specification's bytes") {
  CHECK(SerializeBoolean(true) == std::string("\x01"));
  CHECK(SerializeInt(1) == std::string("\x01\0\0\0", 4));
  CHECK(SerializeInt(-2) == std::string("\xfe\xff\xff\xff"));
  CHECK(SerializeLong(1) == std::string("\x01\0\0\0\0\0\0\0", 8));
  CHECK(SerializeFloat(1.0F) == std::string("\0\0\x80\x3f", 4));
  CHECK(SerializeDouble(1.0) == std::string("\0\0\0\0\0\0\xf0\x3f", 8));
  CHECK(SerializeDecimal(1420) == std::string("\x05\x8c"));
  CHECK(SerializeDecimal(-1) == std::string("\xff"));
}

TEST_CASE("text bounds are cut by code points, upper ones go up") {
  CHECK(TruncateStringLower("short") == "short");
  CHECK(TruncateStringUpper("short") == "short");
  CHECK(TruncateStringLower("abcdef", 3) == "abc");
  CHECK(TruncateStringUpper("abcdef", 3) == "abd");
  CHECK(TruncateStringLower("ääää", 2) == "ää");
  CHECK(TruncateStringUpper("ääää", 2) == "äå");
  CHECK(TruncateStringUpper("\x7f\x7fx", 2) == "\x7f\xc2\x80");
  // U+10FFFF cannot go up: the one before it does.
  CHECK(TruncateStringUpper("a\xf4\x8f\xbf\xbfx", 2) == "b");
  CHECK_FALSE(TruncateStringUpper("\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf", 1).has_value());
  // U+D7FF is followed by surrogates, which are no characters.
  CHECK(TruncateStringUpper("\xed\x9f\xbfx", 1) == "\xee\x80\x80");
  CHECK(TruncateStringUpper("") == "");
}

TEST_CASE("binary bounds are cut by bytes") {
  CHECK(TruncateBinaryLower("abcdef", 3) == "abc");
  CHECK(TruncateBinaryUpper("abcdef", 3) == "abd");
  CHECK(TruncateBinaryUpper("a\xff\xff\xff", 3) == "b");
  CHECK(TruncateBinaryUpper("\xff\xff", 2) == "\xff\xff");
  CHECK_FALSE(TruncateBinaryUpper("\xff\xff\xff", 2).has_value());
}

}  // namespace
}  // namespace cdc::iceberg
