#pragma once

/// \file lib/expression/numeric_internal.h
/// PostgreSQL's numeric: a number with a scale of its own, here of at most 38 digits. Results have the scales
/// that PostgreSQL gives them; what is cut off is rounded half away from zero.

#include <cstdint>
#include <string_view>

#include "lib/core/decimal.h"

namespace cdc::expression {

/// unscaled × 10^-scale. The scale is not negative and may be larger than 38.
struct Numeric {
  Int128 unscaled = 0;
  int32_t scale = 0;
};

enum class NumericError : uint8_t { kNone, kDigits, kDivisionByZero, kSyntax, kNotFinite };

NumericError Add(const Numeric& a, const Numeric& b, Numeric* out);
NumericError Subtract(const Numeric& a, const Numeric& b, Numeric* out);
NumericError Multiply(const Numeric& a, const Numeric& b, Numeric* out);
NumericError Divide(const Numeric& a, const Numeric& b, Numeric* out);
/// The sign is a's.
NumericError Remainder(const Numeric& a, const Numeric& b, Numeric* out);
/// -1, 0 or 1.
int Compare(const Numeric& a, const Numeric& b);

/// round(a, digits); digits below zero round before the point.
NumericError Round(const Numeric& a, int32_t digits, Numeric* out);
/// The largest whole number not above a (Floor), the smallest not below (Ceil).
NumericError Floor(const Numeric& a, Numeric* out);
NumericError Ceil(const Numeric& a, Numeric* out);
/// The same number with a larger or equal scale.
NumericError Extend(const Numeric& a, int32_t scale, Numeric* out);
/// At most `precision` digits, `scale` of them behind the point, rounded; kDigits where it does not fit.
NumericError Fit(const Numeric& a, int precision, int32_t scale, Numeric* out);
/// Rounded to a whole number; false: not a 64-bit one.
bool ToInteger(const Numeric& a, int64_t* out);

/// The nearest double.
double ToDouble(const Numeric& a);
/// The nearest real; 0 where it is nearer than the smallest.
float ToFloat(const Numeric& a);
/// \param digits significant ones that are kept: 15 of a double, 6 of a real, as PostgreSQL casts them
NumericError FromDouble(double v, int digits, Numeric* out);
/// White space around it is passed over.
NumericError FromText(std::string_view text, Numeric* out);

/// Decimal digits of the unscaled number; 0 of 0.
int DigitCount(const Numeric& a);
/// Bytes that ToText() of `a` needs at most.
size_t TextSize(const Numeric& a);
/// \return the end of what was written
char* ToText(const Numeric& a, char* out);

}  // namespace cdc::expression
