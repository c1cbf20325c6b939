#include "lib/expression/numeric_internal.h"

#include <string>

#include <catch2/catch_test_macros.hpp>

namespace cdc::expression {
namespace {

Numeric Of(std::string_view text) {
  Numeric number;
  REQUIRE(FromText(text, &number) == NumericError::kNone);
  return number;
}
std::string Text(const Numeric& number) {
  std::string text(TextSize(number), ' ');
  text.resize(static_cast<size_t>(ToText(number, text.data()) - text.data()));
  return text;
}
std::string Quotient(std::string_view a, std::string_view b) {
  Numeric out;
  const NumericError error = Divide(Of(a), Of(b), &out);
  return error == NumericError::kNone             ? Text(out)
         : error == NumericError::kDivisionByZero ? "zero"
                                                  : "digits";
}

TEST_CASE("Quotients have PostgreSQL's digits behind the point") {
  CHECK(Quotient("1", "3") == "0.33333333333333333333");
  CHECK(Quotient("10000", "3") == "3333.3333333333333333");
  CHECK(Quotient("2", "3") == "0.66666666666666666667");
  CHECK(Quotient("-2", "3") == "-0.66666666666666666667");
  CHECK(Quotient("0", "7.00") == "0.00000000000000000000");
  CHECK(Quotient("1", "0.00") == "zero");
}

TEST_CASE("Division is exact for divisors of 38 digits") {
  CHECK(Quotient("99999999999999999999999999999999999998", "99999999999999999999999999999999999999") ==
        "1.00000000000000000000");
  CHECK(Quotient("1", "99999999999999999999999999999999999999")
            .starts_with("0.000000000000000000000000000000000000010"));
}

TEST_CASE("More than 38 digits are refused, not cut off") {
  Numeric out;
  const Numeric large = Of("99999999999999999999999999999999999999");
  CHECK(Add(large, Of("1"), &out) == NumericError::kDigits);
  CHECK(Multiply(large, Of("2"), &out) == NumericError::kDigits);
  CHECK(Extend(large, 1, &out) == NumericError::kDigits);
  CHECK(FromText("100000000000000000000000000000000000000", &out) == NumericError::kDigits);
  CHECK(Subtract(large, Of("1"), &out) == NumericError::kNone);
}

TEST_CASE("Numbers of very different scales are compared exactly") {
  const Numeric large = Of("99999999999999999999999999999999999999"), small = Of("1e-38");
  CHECK(Compare(large, small) == 1);
  CHECK(Compare(small, large) == -1);
  CHECK(Compare({-large.unscaled, 0}, small) == -1);
  CHECK(Compare(Of("1.50"), Of("1.5")) == 0);
  CHECK(Compare(Of("0"), Of("0.000")) == 0);
}

TEST_CASE("Halves are rounded away from zero") {
  const auto rounded = [](std::string_view text, int digits) {
    Numeric out;
    REQUIRE(Round(Of(text), digits, &out) == NumericError::kNone);
    return Text(out);
  };
  CHECK(rounded("2.5", 0) == "3");
  CHECK(rounded("-2.5", 0) == "-3");
  CHECK(rounded("1.005", 2) == "1.01");
  CHECK(rounded("149.9", -2) == "100");
  CHECK(rounded("50", -2) == "100");
  CHECK(rounded("49", -3) == "0");
  CHECK(rounded("1.5", 3) == "1.500");
}

TEST_CASE("A numeric becomes the nearest double") {
  CHECK(ToDouble(Of("0.1")) == 0.1);
  CHECK(ToDouble(Of("123456789012345678901234567890.123")) == 123456789012345678901234567890.123);
  CHECK(ToDouble(Of("-9007199254740993")) == -9007199254740992.0);
}

}  // namespace
}  // namespace cdc::expression
