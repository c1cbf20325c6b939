#include "lib/expression/numeric_internal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace cdc::expression {
namespace {

constexpr int kMaxDigits = kMaxDecimalPrecision;
/// PostgreSQL's NUMERIC_MIN_SIG_DIGITS and NUMERIC_MAX_DISPLAY_SCALE.
constexpr int kQuotientDigits = 16, kMaxScale = 1000;

constexpr std::array<Int128, kMaxDigits + 1> MakePowers() {
  std::array<Int128, kMaxDigits + 1> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr std::array<Int128, kMaxDigits + 1> kPowers = MakePowers();
Int128 Power(int n) { return kPowers[static_cast<size_t>(n)]; }

UInt128 Magnitude(Int128 v) { return v < 0 ? UInt128{0} - static_cast<UInt128>(v) : static_cast<UInt128>(v); }

bool Fits(Int128 v) { return v < Power(kMaxDigits) && v > -Power(kMaxDigits); }

/// v × 10^n; false: more than 38 digits.
bool Shift(Int128 v, int n, Int128* out) {
  if (v == 0) {
    *out = 0;
    return true;
  }
  if (n > kMaxDigits || !DecimalFits(v, kMaxDigits - n)) return false;
  *out = v * Power(n);
  return true;
}

int DigitCount(UInt128 v) {
  int n = 0;
  while (n < kMaxDigits && v >= static_cast<UInt128>(Power(n))) ++n;
  return n;
}

bool Align(const Numeric& a, const Numeric& b, Int128* left, Int128* right, int32_t* scale) {
  *scale = std::max(a.scale, b.scale);
  return Shift(a.unscaled, *scale - a.scale, left) && Shift(b.unscaled, *scale - b.scale, right);
}

/// v ÷ 10^n, half away from zero.
Int128 Cut(Int128 v, int n) {
  if (n > kMaxDigits) return 0;
  const Int128 power = Power(n), rest = v % power, whole = v / power;
  if (Magnitude(rest) * 2 < static_cast<UInt128>(power)) return whole;
  return whole + (v < 0 ? -1 : 1);
}

/// Weight and value of the first digit to the base of 10,000, which is how PostgreSQL keeps a numeric.
struct Head {
  int weight = 0, first = 0;
};
Head HeadOf(const Numeric& a) {
  const UInt128 v = Magnitude(a.unscaled);
  if (v == 0) return {};
  const int digits = DigitCount(v), exponent = digits - 1 - a.scale;
  const int weight = exponent >= 0 ? exponent / 4 : -((3 - exponent) / 4);
  const int leading = exponent - weight * 4 + 1;
  int first = 0;
  if (digits >= leading) {
    first = static_cast<int>(v / static_cast<UInt128>(Power(digits - leading)));
  } else {
    first = static_cast<int>(v * static_cast<UInt128>(Power(leading - digits)));
  }
  return {weight, first};
}

/// PostgreSQL's rule for the digits behind the point of a quotient.
int QuotientScale(const Numeric& a, const Numeric& b) {
  const Head dividend = HeadOf(a), divisor = HeadOf(b);
  const int weight = dividend.weight - divisor.weight - (dividend.first <= divisor.first ? 1 : 0);
  return std::min(kMaxScale, std::max({kQuotientDigits - weight * 4, a.scale, b.scale, 0}));
}

/// One more digit of a quotient: rest × 10 ÷ divisor, where rest × 10 may not fit 128 bits.
int NextDigit(UInt128 divisor, UInt128* rest) {
  if (divisor <= static_cast<UInt128>(Power(37))) {
    const UInt128 ten = *rest * 10;
    *rest = ten % divisor;
    return static_cast<int>(ten / divisor);
  }
  int digit = 0;
  UInt128 sum = 0;
  for (int i = 0; i < 10; ++i) {
    sum += *rest;
    if (sum < divisor) continue;
    sum -= divisor;
    ++digit;
  }
  *rest = sum;
  return digit;
}

/// (a × 10^shift) ÷ b, half away from zero; false: more than 38 digits.
bool LongDivide(UInt128 a, UInt128 b, int shift, UInt128* out) {
  constexpr int kStep = 18;
  UInt128 quotient = a / b, rest = a % b;
  while (shift > 0) {
    const bool wide = shift >= kStep && b <= static_cast<UInt128>(Power(kMaxDigits - kStep));
    const int step = wide ? kStep : 1;
    if (quotient >= static_cast<UInt128>(Power(kMaxDigits - step))) return false;
    quotient *= static_cast<UInt128>(Power(step));
    if (wide) {
      const UInt128 next = rest * static_cast<UInt128>(Power(kStep));
      quotient += next / b;
      rest = next % b;
    } else {
      quotient += static_cast<UInt128>(NextDigit(b, &rest));
    }
    shift -= step;
  }
  *out = quotient + (rest >= b - rest ? 1 : 0);
  return *out < static_cast<UInt128>(Power(kMaxDigits));
}

/// By way of its text, which is read with one rounding.
template <typename T>
T Read(const Numeric& a) {
  std::array<char, 64> text{};
  char* const end = ToText({a.unscaled, 0}, text.data());
  std::snprintf(end, static_cast<size_t>(text.data() + text.size() - end), "e-%d", a.scale);
  T value = 0;
  std::from_chars(text.data(), text.data() + std::strlen(text.data()), value);
  return value;
}

NumericError Checked(Int128 unscaled, int32_t scale, Numeric* out) {
  if (!Fits(unscaled)) return NumericError::kDigits;
  *out = {unscaled, scale};
  return NumericError::kNone;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

bool IsNotFinite(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  char lower[9] = {};
  if (text.size() > 8) return false;
  for (size_t i = 0; i < text.size(); ++i) lower[i] = static_cast<char>(text[i] | 0x20);
  const std::string_view word(lower, text.size());
  return word == "nan" || word == "inf" || word == "infinity";
}

/// "E-5" at the start of `text`; false: no such form. Absurd exponents are held at ±100,000.
bool ReadExponent(std::string_view text, int* out) {
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  const bool down = text.starts_with('-');
  if (down || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    *out = std::min(100'000, *out * 10 + (c - '0'));
  }
  if (down) *out = -*out;
  return true;
}

}  // namespace

NumericError Add(const Numeric& a, const Numeric& b, Numeric* out) {
  Int128 left = 0, right = 0;
  int32_t scale = 0;
  if (!Align(a, b, &left, &right, &scale)) return NumericError::kDigits;
  Int128 sum = 0;
  if (__builtin_add_overflow(left, right, &sum)) return NumericError::kDigits;
  return Checked(sum, scale, out);
}

NumericError Subtract(const Numeric& a, const Numeric& b, Numeric* out) {
  return Add(a, {-b.unscaled, b.scale}, out);
}

NumericError Multiply(const Numeric& a, const Numeric& b, Numeric* out) {
  Int128 product = 0;
  if (__builtin_mul_overflow(a.unscaled, b.unscaled, &product)) return NumericError::kDigits;
  return Checked(product, a.scale + b.scale, out);
}

NumericError Divide(const Numeric& a, const Numeric& b, Numeric* out) {
  if (b.unscaled == 0) return NumericError::kDivisionByZero;
  const int scale = QuotientScale(a, b);
  UInt128 quotient = 0;
  if (!LongDivide(Magnitude(a.unscaled), Magnitude(b.unscaled), scale - a.scale + b.scale, &quotient))
    return NumericError::kDigits;
  const auto whole = static_cast<Int128>(quotient);
  *out = {(a.unscaled < 0) != (b.unscaled < 0) ? -whole : whole, scale};
  return NumericError::kNone;
}

NumericError Remainder(const Numeric& a, const Numeric& b, Numeric* out) {
  if (b.unscaled == 0) return NumericError::kDivisionByZero;
  Int128 left = 0, right = 0;
  int32_t scale = 0;
  if (!Align(a, b, &left, &right, &scale)) return NumericError::kDigits;
  *out = {left % right, scale};
  return NumericError::kNone;
}

int Compare(const Numeric& a, const Numeric& b) {
  Int128 left = a.unscaled, right = b.unscaled;
  if (a.scale != b.scale) {
    // A number that does not fit at the other's scale is larger than every one that does.
    if (!Shift(a.unscaled, std::max(0, b.scale - a.scale), &left)) return a.unscaled < 0 ? -1 : 1;
    if (!Shift(b.unscaled, std::max(0, a.scale - b.scale), &right)) return b.unscaled < 0 ? 1 : -1;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

NumericError Round(const Numeric& a, int32_t digits, Numeric* out) {
  digits = std::clamp(digits, -2000, 2000);
  if (digits >= a.scale) return Extend(a, digits, out);
  const Int128 cut = Cut(a.unscaled, a.scale - digits);
  if (digits >= 0) return Checked(cut, digits, out);
  Int128 whole = 0;
  if (!Shift(cut, -digits, &whole)) return NumericError::kDigits;
  return Checked(whole, 0, out);
}

NumericError Floor(const Numeric& a, Numeric* out) {
  if (a.scale > kMaxDigits) {
    *out = {a.unscaled < 0 ? -1 : 0, 0};
    return NumericError::kNone;
  }
  const Int128 power = Power(a.scale), whole = a.unscaled / power;
  return Checked(whole - (a.unscaled % power < 0 ? 1 : 0), 0, out);
}

NumericError Ceil(const Numeric& a, Numeric* out) {
  Numeric negative{};
  const NumericError error = Floor({-a.unscaled, a.scale}, &negative);
  *out = {-negative.unscaled, 0};
  return error;
}

NumericError Extend(const Numeric& a, int32_t scale, Numeric* out) {
  Int128 unscaled = 0;
  if (!Shift(a.unscaled, scale - a.scale, &unscaled)) return NumericError::kDigits;
  *out = {unscaled, scale};
  return NumericError::kNone;
}

NumericError Fit(const Numeric& a, int precision, int32_t scale, Numeric* out) {
  const NumericError error = Round(a, scale, out);
  if (error != NumericError::kNone) return error;
  return DecimalFits(out->unscaled, precision) ? NumericError::kNone : NumericError::kDigits;
}

bool ToInteger(const Numeric& a, int64_t* out) {
  const Int128 whole = Cut(a.unscaled, a.scale);
  *out = static_cast<int64_t>(whole);
  return *out == whole;
}

double ToDouble(const Numeric& a) {
  constexpr int kExactPower = 22;  // 10^22 is the last power of ten that a double holds exactly
  constexpr Int128 kExact = Int128{1} << 53;
  if (a.scale <= kExactPower && a.unscaled <= kExact && a.unscaled >= -kExact) {
    if (a.scale == 0) return static_cast<double>(a.unscaled);
    return static_cast<double>(a.unscaled) / static_cast<double>(Power(a.scale));
  }
  return Read<double>(a);
}

float ToFloat(const Numeric& a) { return Read<float>(a); }

NumericError FromDouble(double v, int digits, Numeric* out) {
  if (!std::isfinite(v)) return NumericError::kNotFinite;
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.*g", digits, v);
  return FromText({text.data(), static_cast<size_t>(size)}, out);
}

NumericError FromText(std::string_view text, Numeric* out) {
  text = Trimmed(text);
  if (IsNotFinite(text)) return NumericError::kNotFinite;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  Int128 value = 0;
  int32_t scale = 0;
  bool point = false, any = false, too_long = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    if (point) ++scale;
    if (!DecimalFits(value, kMaxDigits - 1)) {
      too_long = true;
    } else {
      value = value * 10 + (c - '0');
    }
  }
  int exponent = 0;
  if (!any || !ReadExponent(text.substr(i), &exponent)) return NumericError::kSyntax;
  if (too_long) return NumericError::kDigits;
  if (negative) value = -value;
  scale -= exponent;
  if (scale < 0)
    return Shift(value, -scale, &out->unscaled) ? (out->scale = 0, NumericError::kNone)
                                                : NumericError::kDigits;
  *out = {value, scale};
  return NumericError::kNone;
}

int DigitCount(const Numeric& a) { return DigitCount(Magnitude(a.unscaled)); }

size_t TextSize(const Numeric& a) { return static_cast<size_t>(std::max(a.scale, 0)) + kMaxDigits + 4; }

char* ToText(const Numeric& a, char* out) {
  std::array<char, kMaxDigits + 2> digits;
  int count = 0;
  UInt128 rest = Magnitude(a.unscaled);
  // 64 bits at a time: a division of 128 bits costs much more.
  while (rest > 0) {
    constexpr uint64_t kChunk = 1'000'000'000'000'000'000;
    auto low = static_cast<uint64_t>(rest % kChunk);
    rest /= kChunk;
    for (int i = 0; i < 18 && (rest > 0 || low > 0); ++i, low /= 10)
      digits[static_cast<size_t>(count++)] = static_cast<char>('0' + low % 10);
  }
  if (a.unscaled < 0) *out++ = '-';
  if (count <= a.scale) *out++ = '0';
  const int shown = std::max(count, static_cast<int>(a.scale));
  for (int at = shown - 1; at >= 0; --at) {
    if (at == a.scale - 1) *out++ = '.';
    *out++ = at < count ? digits[static_cast<size_t>(at)] : '0';
  }
  return out;
}

}  // namespace cdc::expression
