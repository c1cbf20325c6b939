#include "lib/core/base64.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc {
namespace {

std::string Decode(std::string_view text, bool* ok) {
  std::string out(Base64DecodedBound(text.size()), '\0');
  size_t size = 0;
  *ok = DecodeBase64(text, out.data(), &size);
  out.resize(*ok ? size : 0);
  return out;
}

TEST_CASE("base64 of every length comes back") {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    bool ok = false;
    REQUIRE(Decode(EncodeBase64(bytes), &ok) == bytes);
    REQUIRE(ok);
    bytes += static_cast<char>(i * 37);
  }
}

TEST_CASE("text that is not base64 is refused") {
  for (const char* text : {"3.75", "-1.5", "abc", "abcde", "ab=c", "a===", "====", "ab c", "ab\n=", "_-8="}) {
    bool ok = true;
    Decode(text, &ok);
    INFO(text);
    CHECK_FALSE(ok);
  }
}

}  // namespace
}  // namespace cdc
