#include "lib/event/json_cursor.h"

#include <catch2/catch_test_macros.hpp>
#include <iterator>
#include <random>

#include "lib/event/envelope.h"
#include "tests/support/result_printing.h"

namespace cdc::event {
namespace {

std::string Unescaped(const std::string& json, bool* ok, bool lenient = false) {
  JsonCursor cursor(json, lenient);
  JsonString string;
  std::string out;
  *ok = cursor.ReadString(&string) && cursor.AtEnd() && AppendUnescaped(string, &out);
  return out;
}

TEST_CASE("strings of every length and with every escape are read") {
  bool ok = false;
  // Lengths around the sixteen bytes that are looked at together.
  for (size_t size = 0; size < 70; ++size) {
    for (size_t at = 0; at <= size; at += 7) {
      std::string text(size, 'x');
      text.insert(at, "\\\"é\\n");
      std::string want(size, 'x');
      want.insert(at, "\"é\n");
      REQUIRE(Unescaped("\"" + text + "\"", &ok) == want);
      REQUIRE(ok);
    }
  }
  CHECK(Unescaped(R"("\u00e7\uD83D\uDE00\/\b\f\r\t\\")", &ok) == "ç😀/\b\f\r\t\\");
  CHECK(ok);
}

TEST_CASE("bad strings are refused") {
  for (const char* json :
       {"\"abc", "\"a\\\"", R"("\x")", R"("\u12")", R"("\uD83D")", R"("\uDE00")", R"("\uD83Dx")", "\"a\nb\"",
        "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "abc", ""}) {
    bool ok = true;
    Unescaped(json, &ok);
    INFO(json);
    CHECK_FALSE(ok);
  }
  bool ok = false;
  CHECK(Unescaped("\"a\nb\"", &ok, true) == "a\nb");
  CHECK(ok);
}

TEST_CASE("a number ends before the first character that is none of a number's") {
  // Lengths around the eight digits that are looked at together, and every byte behind them.
  for (size_t size = 1; size < 30; ++size) {
    for (int byte = 0; byte < 256; ++byte) {
      const std::string digits(size, static_cast<char>('0' + size % 10));
      const char behind = static_cast<char>(byte);
      const bool more = std::string_view("0123456789+-.eE").find(behind) != std::string_view::npos;
      const std::string json = digits + behind + "7777777777";
      JsonCursor cursor(json);
      std::string_view read;
      REQUIRE(cursor.ReadNumber(&read));
      REQUIRE(read == (more ? json : digits));
    }
  }
}

TEST_CASE("words are read whole or not at all") {
  for (const std::string_view word : {"null", "true", "false"}) {
    for (size_t size = 0; size <= word.size(); ++size) {
      const std::string json(word.substr(0, size));
      JsonCursor cursor(json);
      std::string_view read;
      REQUIRE(cursor.ReadWord(&read) == (size == word.size()));
      if (size == word.size()) REQUIRE(read == word);
    }
  }
  std::string_view read;
  for (const char* other : {"nil", "NULL", "truth", "falsy", "x", "0"})
    CHECK_FALSE(JsonCursor(other).ReadWord(&read));
}

TEST_CASE("values are skipped whole, whatever stands in their strings") {
  const std::string nested =
      R"({"a":[1,{"b":"}]\"{","c":["]"]}],"long":"0123456789abcdef{[0123456789","d":-1.5e3})";
  for (const std::string& value : {nested, std::string("[]"), std::string("{}"), std::string("\"x\\\\\""),
                                   std::string("null"), std::string("true"), std::string("-12.5E+3")}) {
    JsonCursor cursor(value + ",7");
    std::string with_tail = value + ",7";
    JsonCursor tail(with_tail);
    std::string_view got;
    REQUIRE(tail.SkipValue(&got));
    CHECK(got == value);
    CHECK(tail.Consume(','));
  }
}

TEST_CASE("an object ends where it ends, wherever that falls in the blocks that are looked at") {
  std::mt19937 random(5);
  const char* const pieces[] = {"[", "]", "{", "}", "\\\"", "\\\\", "x", "é", "0123456789"};
  for (int round = 0; round < 4000; ++round) {
    // Brackets and quotes in strings, of any length; then a bracket of its own on each side.
    std::string text;
    for (uint32_t n = random() % 60; n > 0; --n) text += pieces[random() % std::size(pieces)];
    const std::string value = "{\"a\":\"" + text + "\",\"b\":[{}," + std::to_string(random()) + "]}";
    const std::string message = value + "," + std::string(random() % 200, ']');
    JsonCursor cursor(message);
    std::string_view got;
    INFO(message);
    REQUIRE(cursor.SkipValue(&got));
    REQUIRE(got == value);
    JsonCursor cut(std::string_view(message).substr(0, value.size() - 1));
    REQUIRE_FALSE(cut.SkipValue(&got));
  }
}

TEST_CASE("a value that nests deeper than any event is refused") {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']');
  };
  std::string_view value;
  CHECK(JsonCursor(nested(500), true).SkipValue(&value));
  for (const int depth : {501, 20'000, 1'000'000}) {
    const std::string text = nested(depth);
    CHECK_FALSE(JsonCursor(text, true).SkipValue(&value));
    EnvelopeParser parser;
    CHECK_FALSE(parser.Parse(R"({"schema":)" + text + R"(,"payload":{"op":"c","after":{"id":1}}})"));
  }
}

TEST_CASE("values that do not end are refused") {
  const std::string whole = R"({"a":[1,{"b":"}]\"{","c":["]"]}],"long":"0123456789abcdef{[0123456789"})";
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    JsonCursor cursor(cut);
    std::string_view got;
    INFO(cut);
    CHECK_FALSE(cursor.SkipValue(&got));
  }
}

}  // namespace
}  // namespace cdc::event
