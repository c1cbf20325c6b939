#pragma once

/// \file lib/expression/failure_internal.h
/// Why a value cannot be computed, in a form that costs nothing while nobody asks.

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/expression/numeric_internal.h"
#include "lib/expression/syntax.h"

namespace cdc::expression {

enum class Reason : uint8_t {
  kNone,
  kDivisionByZero,
  kSmallintRange,
  kIntegerRange,
  kBigintRange,
  kDateRange,
  kTimestampRange,
  kOverflow,  ///< of a floating-point number
  kUnderflow,
  kDigits,      ///< numeric: more than 38
  kPrecision,   ///< numeric(p,s): does not fit
  kNotFinite,   ///< NaN or Infinity as numeric or integer
  kSyntax,      ///< text is no value of `type`
  kTextRange,   ///< text is a value that `type` does not hold
  kFieldRange,  ///< text has a month 13 or the like
  kNegativeLength,
  kPatternEnd,
  kTooLong,
};

struct Failure {
  Reason reason = Reason::kNone;
  TypeWord type = TypeWord::kText;
  std::string_view detail;  ///< what was read; valid as long as the input is
};

Reason ReasonOf(NumericError error);
/// In PostgreSQL's words.
std::string Describe(const Failure& failure);

}  // namespace cdc::expression
