#include "lib/iceberg/value.h"

#include <bit>
#include <cstring>

namespace cdc::iceberg {
namespace {

static_assert(std::endian::native == std::endian::little, "single values are copied as they lie in memory");

template <typename T>
std::string Raw(T v) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &v, sizeof(T));
  return bytes;
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Bytes of the first `length` code points.
size_t PrefixBytes(std::string_view v, size_t length) {
  size_t at = 0;
  for (size_t points = 0; at < v.size(); ++points) {
    if (points == length) break;
    ++at;
    while (at < v.size() && IsContinuation(v[at])) ++at;
  }
  return at;
}

uint32_t DecodePoint(std::string_view point) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(point[i])); };
  switch (point.size()) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3: return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  }
}

void AppendPoint(uint32_t p, std::string* out) {
  const auto put = [&](uint32_t b) { out->push_back(static_cast<char>(b)); };
  if (p < 0x80) {
    put(p);
  } else if (p < 0x800) {
    put(0xC0 | p >> 6), put(0x80 | (p & 0x3F));
  } else if (p < 0x10000) {
    put(0xE0 | p >> 12), put(0x80 | (p >> 6 & 0x3F)), put(0x80 | (p & 0x3F));
  } else {
    put(0xF0 | p >> 18), put(0x80 | (p >> 12 & 0x3F)), put(0x80 | (p >> 6 & 0x3F)), put(0x80 | (p & 0x3F));
  }
}

constexpr uint32_t kLastPoint = 0x10FFFF;

}  // namespace

std::string SerializeBoolean(bool v) { return std::string(1, v ? '\1' : '\0'); }
std::string SerializeInt(int32_t v) { return Raw(v); }
std::string SerializeLong(int64_t v) { return Raw(v); }
std::string SerializeFloat(float v) { return Raw(v); }
std::string SerializeDouble(double v) { return Raw(v); }
std::string SerializeDecimal(Int128 unscaled) { return DecimalToBigEndian(unscaled); }

std::string TruncateStringLower(std::string_view v, size_t length) {
  return std::string(v.substr(0, PrefixBytes(v, length)));
}

std::optional<std::string> TruncateStringUpper(std::string_view v, size_t length) {
  std::string prefix = TruncateStringLower(v, length);
  if (prefix.size() == v.size()) return prefix;
  while (!prefix.empty()) {
    size_t last = prefix.size() - 1;
    while (last > 0 && IsContinuation(prefix[last])) --last;
    const uint32_t point = DecodePoint(std::string_view(prefix).substr(last));
    prefix.resize(last);
    if (point >= kLastPoint) continue;
    // Surrogates are no code points of their own.
    AppendPoint(point == 0xD7FF ? 0xE000 : point + 1, &prefix);
    return prefix;
  }
  return std::nullopt;
}

std::string TruncateBinaryLower(std::string_view v, size_t length) {
  return std::string(v.substr(0, length));
}

std::optional<std::string> TruncateBinaryUpper(std::string_view v, size_t length) {
  if (v.size() <= length) return std::string(v);
  std::string prefix(v.substr(0, length));
  while (!prefix.empty()) {
    if (static_cast<unsigned char>(prefix.back()) != 0xFF) {
      ++prefix.back();
      return prefix;
    }
    prefix.pop_back();
  }
  return std::nullopt;
}

}  // namespace cdc::iceberg
