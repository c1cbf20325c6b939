#include "lib/parquet/bounds_internal.h"

namespace cdc::parquet {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The code point that begins at `at` and reaches to the end of `text`; nothing if that is no UTF-8.
std::optional<uint32_t> CodePointAt(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t size = lead < 0x80   ? 1
                      : lead < 0xC0 ? 0
                      : lead < 0xE0 ? 2
                      : lead < 0xF0 ? 3
                      : lead < 0xF8 ? 4
                                    : 0;
  if (size == 0 || at + size != text.size()) return std::nullopt;
  uint32_t point = size == 1 ? lead : lead & (0x7Fu >> size);
  for (size_t i = 1; i < size; ++i) point = (point << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  return point;
}

void AppendUtf8(std::string& out, uint32_t point) {
  const auto tail = [&](int shift) { out.push_back(static_cast<char>(0x80u | ((point >> shift) & 0x3Fu))); };
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0u | (point >> 6)));
    tail(0);
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xE0u | (point >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0u | (point >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

std::string_view TruncateText(std::string_view text) {
  size_t points = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsContinuation(text[i])) continue;
    if (points++ == kBoundLength) return text.substr(0, i);
  }
  return text;
}

std::optional<std::string> TextAbove(std::string_view prefix) {
  while (!prefix.empty()) {
    size_t at = prefix.size() - 1;
    while (at > 0 && IsContinuation(prefix[at])) --at;
    const std::optional<uint32_t> point = CodePointAt(prefix, at);
    if (!point) return std::nullopt;
    if (*point < 0x10FFFF) {
      std::string above(prefix.substr(0, at));
      AppendUtf8(above, *point == 0xD7FF ? 0xE000 : *point + 1);  // surrogates are no characters
      return above;
    }
    prefix = prefix.substr(0, at);
  }
  return std::nullopt;
}

std::optional<std::string> BytesAbove(std::string_view prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.remove_suffix(1);
  if (prefix.empty()) return std::nullopt;
  std::string above(prefix);
  above.back() = static_cast<char>(static_cast<unsigned char>(above.back()) + 1);
  return above;
}

}  // namespace cdc::parquet
