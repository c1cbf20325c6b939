#include "lib/core/printable.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace cdc {
namespace {

/// \return bytes of the code point at the beginning of `text`; 0: not UTF-8
size_t Decode(std::string_view text, uint32_t* code_point) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  const size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (size == 0 || size > text.size() || first > 0xf4) return 0;
  constexpr uint32_t kFirstBits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  *code_point = first & kFirstBits[size];
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    *code_point = *code_point << 6 | (byte(i) & 0x3f);
  }
  const bool surrogate = *code_point >= 0xd800 && *code_point <= 0xdfff;
  return *code_point < kLeast[size] || *code_point > 0x10ffff || surrogate ? 0 : size;
}

/// Unicode's bidirectional controls, and the line and paragraph separators.
bool IsHidden(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

std::string Printable(std::string_view text) {
  if (IsPlain(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    uint32_t code_point = 0;
    const size_t size = Decode(text, &code_point);
    char shown[16];
    if (size == 0) {
      std::snprintf(shown, sizeof shown, "\\x%02x", static_cast<unsigned>(static_cast<uint8_t>(text[0])));
      out += shown;
    } else if (IsHidden(code_point)) {
      std::snprintf(shown, sizeof shown, code_point < 0x80 ? "\\x%02x" : "\\u{%04x}", code_point);
      out += shown;
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return out;
}

}  // namespace cdc
