#include "lib/core/percent.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc {
namespace {

TEST_CASE("what is encoded is read back, whatever it is") {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  for (const bool keep_slash : {false, true}) CHECK(PercentDecode(PercentEncode(all, keep_slash)) == all);
  CHECK(PercentEncode("a/b c~ä") == "a%2Fb%20c~%C3%A4");
  CHECK(PercentEncode("a/b", true) == "a/b");
  CHECK(PercentEncode("AZaz09-._~") == "AZaz09-._~");
  CHECK(PercentEncode(std::string_view("\0\x7F", 2)) == "%00%7F");
  CHECK(PercentDecode("a%2fb%2F+") == "a/b/+");
}

TEST_CASE("a percent sign without its digits is malformed") {
  for (const char* text : {"%", "a%", "%2", "a%2", "%zz", "%2x", "%-1"}) {
    CAPTURE(text);
    CHECK_FALSE(PercentDecode(text));
  }
}

}  // namespace
}  // namespace cdc
