#include "lib/event/big_decimal.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "lib/core/base64.h"
#include "lib/core/decimal.h"
#include "lib/event/json_cursor.h"

namespace cdc::event {
namespace {

/// Digits of the magnitude, most significant first; "0" for zero.
std::string MagnitudeDigits(std::string_view big_endian, bool negative) {
  std::vector<uint32_t> limbs;  // base 10^9, least significant first
  for (const char c : big_endian) {
    // Two's complement: −x = ~x + 1; the one is added after the loop.
    uint64_t carry = static_cast<uint8_t>(negative ? ~c : c);
    for (uint32_t& limb : limbs) {
      const uint64_t v = uint64_t{limb} * 256 + carry;
      limb = static_cast<uint32_t>(v % 1'000'000'000);
      carry = v / 1'000'000'000;
    }
    if (carry != 0) limbs.push_back(static_cast<uint32_t>(carry));
  }
  if (negative) {
    size_t i = 0;
    while (i < limbs.size() && limbs[i] == 999'999'999) limbs[i++] = 0;
    if (i == limbs.size()) limbs.push_back(0);
    ++limbs[i];
  }
  std::string digits;
  for (size_t i = limbs.size(); i-- > 0;) {
    std::string part = std::to_string(limbs[i]);
    if (!digits.empty()) part.insert(0, 9 - part.size(), '0');
    digits += part;
  }
  return digits.empty() ? "0" : digits;
}

}  // namespace

std::string BigDecimalText(std::string_view big_endian, int scale) {
  const bool negative = !big_endian.empty() && (big_endian.front() & 0x80) != 0;
  std::string digits = MagnitudeDigits(big_endian, negative);
  if (scale < 0) {
    if (digits != "0") digits.append(static_cast<size_t>(-scale), '0');
  } else if (scale > 0) {
    const auto fraction = static_cast<size_t>(scale);
    if (digits.size() <= fraction) digits.insert(0, fraction + 1 - digits.size(), '0');
    digits.insert(digits.size() - fraction, 1, '.');
    if (scale > kMaxDecimalPrecision) {
      digits.erase(digits.find_last_not_of('0') + 1);
      if (digits.back() == '.') digits.pop_back();
    }
  }
  return negative ? "-" + digits : digits;
}

bool VariableDecimalText(std::string_view object, std::string* text) {
  JsonCursor cursor(object);
  JsonString key, value;
  std::string_view scale;
  if (!cursor.Consume('{') || !cursor.ReadString(&key) || key.raw != "scale" || !cursor.Consume(':'))
    return false;
  if (!cursor.ReadNumber(&scale) || !cursor.Consume(',') || !cursor.ReadString(&key) || key.raw != "value")
    return false;
  if (!cursor.Consume(':') || !cursor.ReadString(&value) || !cursor.Consume('}') || !cursor.AtEnd())
    return false;
  int n = 0;
  const auto [end, error] = std::from_chars(scale.data(), scale.data() + scale.size(), n);
  if (error != std::errc() || end != scale.data() + scale.size() || n > 20'000 || n < -140'000) return false;
  std::string unescaped;
  if (value.has_escapes && !AppendUnescaped(value, &unescaped)) return false;
  const std::string_view encoded = value.has_escapes ? unescaped : value.raw;
  std::string bytes(Base64DecodedBound(encoded.size()), '\0');
  size_t size = 0;
  if (!DecodeBase64(encoded, bytes.data(), &size)) return false;
  *text = BigDecimalText({bytes.data(), size}, n);
  return true;
}

}  // namespace cdc::event
