#include <string>

#include "tests/unit/expression/expression_fixture.h"

namespace cdc::expression {
namespace {

std::string ParseError(const std::string& text) {
  const auto tree = Parse(text);
  INFO(text);
  REQUIRE(tree.has_error());
  CHECK(tree.error().kind == ErrorKind::kInvalidConfig);
  return tree.error().message;
}

TEST_CASE("A parse error says where it is, what is expected and what was found") {
  CHECK(ParseError("a +") ==
        "line 1, column 4: expected a column, a value, a function or '(', found the end of the expression");
  CHECK(ParseError("lower(a") == "line 1, column 8: expected ',' or ')', found the end of the expression");
  CHECK(ParseError("a b") ==
        "line 1, column 3: expected an operator or the end of the expression, found 'b'");
  CHECK(ParseError("case when a\n  1 end") == "line 2, column 3: expected 'then', found '1'");
  CHECK(ParseError("cast(a integer)") == "line 1, column 8: expected 'as', found 'integer'");
  CHECK(ParseError("a is 5") ==
        "line 1, column 6: expected null, true, false, unknown or distinct from, found '5'");
  CHECK(ParseError("") ==
        "line 1, column 1: expected a column, a value, a function or '(', found the end of the expression");
}

TEST_CASE("Columns of an error's position count characters") {
  CHECK(ParseError("'ÄÖ😀' # 1").starts_with("line 1, column 7: '#'"));
}

TEST_CASE("What is not closed is named where it begins") {
  CHECK(ParseError("a || 'x") == "line 1, column 6: the text that begins here is not closed");
  CHECK(ParseError("\"a").starts_with("line 1, column 1: the name"));
}

TEST_CASE("A comment ends with its line") {
  CHECK(Parse("a -- the first\n + 1 -- and one").has_value());
  CHECK(ParseError("a -- the first + 1\n 2").starts_with("line 2, column 2"));
}

TEST_CASE("Comparisons are not chained") {
  CHECK(ParseError("1 < 2 < 3") == "line 1, column 7: comparisons cannot be chained");
  CHECK(Parse("1 < 2 and 2 < 3").has_value());
}

TEST_CASE("A reserved word is no column unless it is quoted") {
  CHECK(ParseError("from || 'x'").starts_with("line 1, column 1: expected a column"));
  CHECK(Parse("\"from\" || 'x'").has_value());
}

TEST_CASE("An unknown type is an error with the nearest one as a hint") {
  const auto tree = Parse("a::integr");
  REQUIRE(tree.has_error());
  CHECK(tree.error().message == "line 1, column 4: type \"integr\" is not supported");
  CHECK(tree.error().hint == "did you mean integer?");
  CHECK(ParseError("a::numeric(40)") == "line 1, column 12: expected a number from 1 to 38, found '40'");
  CHECK(ParseError("a::numeric(4, 5)") == "line 1, column 15: expected a number from 0 to 4, found '5'");
}

TEST_CASE("Deep nesting is refused, not a crash") {
  CHECK(ParseError(std::string(100'000, '(')).find("nested too deeply") != std::string::npos);
  CHECK(ParseError(std::string(100'000, '-') + "1").find("expected") != std::string::npos);  // a comment
  std::string signs;
  for (int i = 0; i < 100'000; ++i) signs += "- ";
  CHECK(ParseError(signs + "1").find("nested too deeply") != std::string::npos);
  std::string long_chain = "1";
  for (int i = 0; i < 5000; ++i) long_chain += " + 1";
  CHECK(ParseError(long_chain).find("too many operators") != std::string::npos);
}

}  // namespace
}  // namespace cdc::expression
