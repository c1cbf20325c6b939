#include "lib/core/decimal.h"

#include <algorithm>
#include <array>

namespace cdc {
namespace {

constexpr std::array<Int128, kMaxDecimalPrecision + 1> MakePowers() {
  std::array<Int128, kMaxDecimalPrecision + 1> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr std::array<Int128, kMaxDecimalPrecision + 1> kPowers = MakePowers();

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<Int128> DecimalFromBigEndian(std::string_view bytes) {
  if (bytes.empty()) return Int128{0};
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t sign = byte(0) & 0x80 ? 0xff : 0x00;
  size_t first = 0;
  while (bytes.size() - first > 16) {
    if (byte(first) != sign) return std::nullopt;
    ++first;
  }
  if (first > 0 && (byte(first) & 0x80) != (sign & 0x80)) return std::nullopt;
  UInt128 value = sign ? ~UInt128{0} : UInt128{0};
  for (size_t i = first; i < bytes.size(); ++i) value = value << 8 | byte(i);
  return static_cast<Int128>(value);
}

std::string DecimalToBigEndian(Int128 unscaled) {
  std::string out;
  Int128 rest = unscaled;
  do {
    out += static_cast<char>(rest & 0xff);
    rest >>= 8;
  } while (!((rest == 0 && !(out.back() & 0x80)) || (rest == -1 && (out.back() & 0x80))));
  std::reverse(out.begin(), out.end());
  return out;
}

bool DecimalFits(Int128 unscaled, int precision) {
  const Int128 limit = kPowers[static_cast<size_t>(precision)];
  return unscaled < limit && unscaled > -limit;
}

std::optional<Int128> RescaleDecimal(Int128 unscaled, int from_scale, int to_scale) {
  while (from_scale > to_scale) {
    if (unscaled == 0) return Int128{0};
    if (unscaled % 10 != 0) return std::nullopt;
    unscaled /= 10;
    --from_scale;
  }
  const int up = to_scale - from_scale;
  if (unscaled == 0) return Int128{0};
  if (up > kMaxDecimalPrecision) return std::nullopt;
  if (!DecimalFits(unscaled, kMaxDecimalPrecision - up)) return std::nullopt;
  return unscaled * kPowers[static_cast<size_t>(up)];
}

std::optional<Int128> DecimalFromText(std::string_view text, int scale) {
  // PostgreSQL's negative scales arrive padded with thousands of zeros behind the point.
  if (text.find('.') != std::string_view::npos && text.find_first_of("eE") == std::string_view::npos) {
    text = text.substr(0, text.find_last_not_of('0') + 1);
  }
  size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
  Int128 value = 0;
  int fraction = 0, digits = 0;
  bool point = false;
  for (; i < text.size() && (IsDigit(text[i]) || (text[i] == '.' && !point)); ++i) {
    if (text[i] == '.') {
      point = true;
      continue;
    }
    ++digits;
    fraction += point ? 1 : 0;
    if (!DecimalFits(value, kMaxDecimalPrecision - 1)) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  if (digits == 0) return std::nullopt;
  int exponent = 0;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    bool down = false;
    if (++i < text.size() && (text[i] == '-' || text[i] == '+')) down = text[i++] == '-';
    const size_t start = i;
    for (; i < text.size() && IsDigit(text[i]); ++i) {
      if (exponent > 100000) return std::nullopt;
      exponent = exponent * 10 + (text[i] - '0');
    }
    if (i == start) return std::nullopt;
    if (down) exponent = -exponent;
  }
  if (i != text.size()) return std::nullopt;
  return RescaleDecimal(negative ? -value : value, fraction - exponent, scale);
}

std::string DecimalToText(Int128 unscaled, int scale) {
  UInt128 rest = unscaled < 0 ? UInt128{0} - static_cast<UInt128>(unscaled) : static_cast<UInt128>(unscaled);
  std::string out;
  for (int digits = 0; rest != 0 || digits <= scale; ++digits) {
    if (digits == scale && scale > 0) out += '.';
    out += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (unscaled < 0) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace cdc
