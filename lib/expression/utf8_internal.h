#pragma once

/// \file lib/expression/utf8_internal.h
/// Walking over the characters of a text.

#include <cstdint>
#include <string_view>

namespace cdc::expression {

inline bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

/// Bytes of the character at `at`.
inline size_t CharacterSize(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && IsContinuation(text[end])) ++end;
  return end - at;
}

inline int64_t CharacterCount(std::string_view text) {
  int64_t count = 0;
  for (const char c : text) count += IsContinuation(c) ? 0 : 1;
  return count;
}

inline bool IsAscii(std::string_view text) {
  uint8_t all = 0;
  for (const char c : text) all = static_cast<uint8_t>(all | static_cast<uint8_t>(c));
  return all < 0x80;
}

/// Byte offset behind the first `count` characters; the text's size if it has fewer.
inline size_t OffsetOf(std::string_view text, int64_t count) {
  size_t at = 0;
  while (count > 0 && at < text.size()) {
    at += CharacterSize(text, at);
    --count;
  }
  return at;
}

}  // namespace cdc::expression
