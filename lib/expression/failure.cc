#include "lib/expression/failure_internal.h"

#include "lib/expression/value_type_internal.h"

namespace cdc::expression {
namespace {

/// Bytes of a value that a message shows.
constexpr size_t kShown = 200;

std::string Quoted(std::string_view detail) {
  std::string_view shown = detail.substr(0, kShown);
  // Not half a character.
  if (shown.size() < detail.size()) {
    while (!shown.empty() && (static_cast<uint8_t>(detail[shown.size()]) & 0xC0) == 0x80)
      shown.remove_suffix(1);
  }
  return "\"" + std::string(shown) + (shown.size() < detail.size() ? "…\"" : "\"");
}

}  // namespace

Reason ReasonOf(NumericError error) {
  switch (error) {
    case NumericError::kNone: return Reason::kNone;
    case NumericError::kDigits: return Reason::kDigits;
    case NumericError::kDivisionByZero: return Reason::kDivisionByZero;
    case NumericError::kSyntax: return Reason::kSyntax;
    case NumericError::kNotFinite: return Reason::kNotFinite;
  }
  return Reason::kNone;
}

std::string Describe(const Failure& failure) {
  const std::string type(NameOf(failure.type));
  switch (failure.reason) {
    case Reason::kNone: return "";
    case Reason::kDivisionByZero: return "division by zero";
    case Reason::kSmallintRange: return "smallint out of range";
    case Reason::kIntegerRange: return "integer out of range";
    case Reason::kBigintRange: return "bigint out of range";
    case Reason::kDateRange: return "date out of range";
    case Reason::kTimestampRange: return "timestamp out of range";
    case Reason::kOverflow: return "value out of range: overflow";
    case Reason::kUnderflow: return "value out of range: underflow";
    case Reason::kDigits: return "a numeric of more than 38 digits is not supported";
    case Reason::kPrecision: return "numeric field overflow";
    case Reason::kNotFinite: return "NaN and Infinity are no values of numeric or integer columns";
    case Reason::kSyntax: return "invalid input syntax for type " + type + ": " + Quoted(failure.detail);
    case Reason::kTextRange: return "value " + Quoted(failure.detail) + " is out of range for type " + type;
    case Reason::kFieldRange: return "date/time field value out of range: " + Quoted(failure.detail);
    case Reason::kNegativeLength: return "negative substring length not allowed";
    case Reason::kPatternEnd: return "LIKE pattern must not end with escape character";
    case Reason::kTooLong: return "the text would be longer than 1 GB";
  }
  return "";
}

}  // namespace cdc::expression
