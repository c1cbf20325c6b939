#include "lib/core/printable.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc {

TEST_CASE("text that a terminal shows as it is stays as it is") {
  CHECK(Printable("").empty());
  CHECK(Printable("plain text, 1 2 3") == "plain text, 1 2 3");
  CHECK(Printable("Ünïcödé 日本 🙂") == "Ünïcödé 日本 🙂");
}

TEST_CASE("what would move a cursor, forge a line or turn the text is shown by its number") {
  CHECK(Printable("a\nb\r\nc\td") == "a\\x0ab\\x0d\\x0ac\\x09d");
  CHECK(Printable("\x1b[2J\x07\x7f") == "\\x1b[2J\\x07\\x7f");
  CHECK(Printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(Printable("\xc2\x9b" "31m") == "\\u{009b}31m");      // C1: CSI in one character
  CHECK(Printable("\xe2\x80\xae" "abc") == "\\u{202e}abc");  // right-to-left override
  CHECK(Printable("\xe2\x81\xa6") == "\\u{2066}");
  CHECK(Printable("\xe2\x80\xa8") == "\\u{2028}");           // line separator
}

TEST_CASE("bytes that are not UTF-8 are shown one by one") {
  CHECK(Printable("\xff") == "\\xff");
  CHECK(Printable("\xc3") == "\\xc3");              // cut
  CHECK(Printable("\xc0\xaf") == "\\xc0\\xaf");     // a longer form than needed
  CHECK(Printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
  CHECK(Printable("\xf5\x80\x80\x80") == "\\xf5\\x80\\x80\\x80");
}

}  // namespace cdc
