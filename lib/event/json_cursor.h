#pragma once

/// \file lib/event/json_cursor.h
/// A forward-only JSON reader for change events: no tree, no allocation, one pass (docs/decisions/0002).

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::event {

/// A JSON string as it stands in the message.
struct JsonString {
  std::string_view raw;      ///< between the quotes
  bool has_escapes = false;  ///< `raw` holds backslashes
  bool ascii = true;         ///< no byte above 0x7f
};

/// Whether two texts of `size` bytes are the same. For short ones, where calling memcmp costs more than
/// comparing.
inline bool SameBytes(const char* a, const char* b, size_t size) {
  const auto same8 = [&](size_t at) {
    uint64_t x, y;
    std::memcpy(&x, a + at, 8);
    std::memcpy(&y, b + at, 8);
    return x == y;
  };
  if (size < 8) {
    for (size_t i = 0; i < size; ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }
  for (size_t at = 0; at + 8 < size; at += 8) {
    if (!same8(at)) return false;
  }
  return same8(size - 8);
}

/// Walks over one JSON text (RFC 8259) that must outlive it. Every reading function returns false on
/// malformed input and leaves the cursor where it cannot be used any further; the caller then rejects the
/// message. What is skipped is checked for balance and termination only. Not thread-safe.
class JsonCursor {
 public:
  /// \param lenient take control characters inside strings as they are, as Debezium's key-change headers hold
  /// them
  explicit JsonCursor(std::string_view text, bool lenient = false)
      : begin_(text.data()), at_(text.data()), end_(at_ + text.size()), lenient_(lenient) {}

  /// The next significant character, '\0' at the end.
  char Peek() {
    SkipSpace();
    return at_ < end_ ? *at_ : '\0';
  }
  /// Consumes `c` if it comes next.
  bool Consume(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  /// Consumes exactly these bytes if they come next, without skipping space inside.
  bool ConsumeExactly(std::string_view bytes) {
    if (static_cast<size_t>(end_ - at_) < bytes.size() || !SameBytes(at_, bytes.data(), bytes.size()))
      return false;
    at_ += bytes.size();
    return true;
  }

  bool ReadString(JsonString* out);
  /// A number's text, unvalidated beyond its characters.
  bool ReadNumber(std::string_view* out);
  /// A number of at most 18 digits without fraction and exponent. \return false, and nothing is read: any
  /// other value
  bool ReadShortInteger(int64_t* out);
  /// "null", "true", "false".
  bool ReadWord(std::string_view* out);
  /// Any value; `out` is its text.
  bool SkipValue(std::string_view* out);

  /// True when only space is left.
  bool AtEnd() {
    SkipSpace();
    return at_ == end_;
  }
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }

 private:
  void SkipSpace() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool SkipNested();

  const char* begin_;
  const char* at_;
  const char* end_;
  bool lenient_;
};

/// Appends the string's value as UTF-8. \return false: a bad escape, a lone surrogate, or invalid UTF-8.
bool AppendUnescaped(const JsonString& string, std::string* out);

/// As AppendUnescaped, into `out`, which has room for string.raw.size() bytes.
bool Unescape(const JsonString& string, char* out, size_t* written);

/// Names of an object's members in order, as far as it is well-formed; control characters are taken as they
/// are.
std::vector<std::string> MemberNames(std::string_view object);

/// Strict UTF-8 (no overlong forms, no surrogates).
bool IsUtf8(std::string_view bytes);

}  // namespace cdc::event
