#include "lib/event/json_cursor.h"

#include <emmintrin.h>

#include <bit>
#include <cstring>

namespace cdc::event {
namespace {

/// Bit i is set when byte i of the block equals `c`.
uint32_t Matches(__m128i block, char c) {
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(c))));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool ReadHex4(const char* at, const char* end, uint32_t* out) {
  if (end - at < 4) return false;
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = HexDigit(at[i]);
    if (digit < 0) return false;
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  *out = value;
  return true;
}

char* AppendCodePoint(char* out, uint32_t c) {
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *out++ = static_cast<char>(0xc0 | c >> 6);
    *out++ = static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    *out++ = static_cast<char>(0xe0 | c >> 12);
    *out++ = static_cast<char>(0x80 | (c >> 6 & 0x3f));
    *out++ = static_cast<char>(0x80 | (c & 0x3f));
  } else {
    *out++ = static_cast<char>(0xf0 | c >> 18);
    *out++ = static_cast<char>(0x80 | (c >> 12 & 0x3f));
    *out++ = static_cast<char>(0x80 | (c >> 6 & 0x3f));
    *out++ = static_cast<char>(0x80 | (c & 0x3f));
  }
  return out;
}

/// Reads what follows "\u", a surrogate pair whole. Never longer as UTF-8 than as an escape.
bool ReadUnicodeEscape(const char** at, const char* end, uint32_t* code_point) {
  uint32_t unit;
  if (!ReadHex4(*at, end, &unit)) return false;
  *at += 4;
  if (unit >= 0xdc00 && unit <= 0xdfff) return false;
  if (unit < 0xd800 || unit > 0xdbff) {
    *code_point = unit;
    return true;
  }
  uint32_t low;
  if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' || !ReadHex4(*at + 2, end, &low)) return false;
  if (low < 0xdc00 || low > 0xdfff) return false;
  *at += 6;
  *code_point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  return true;
}

}  // namespace

bool JsonCursor::ConsumeExactly(std::string_view bytes) {
  if (static_cast<size_t>(end_ - at_) < bytes.size() || std::memcmp(at_, bytes.data(), bytes.size()) != 0)
    return false;
  at_ += bytes.size();
  return true;
}

bool JsonCursor::ReadString(JsonString* out) {
  if (!Consume('"')) return false;
  const char* const start = at_;
  bool escapes = false;
  uint32_t high = 0;
  while (true) {
    // Sixteen bytes at a time to the first quote, backslash or control character.
    while (end_ - at_ >= 16) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
      const __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(block, _mm_set1_epi8(0x20)), block);
      const uint32_t stop = Matches(block, '"') | Matches(block, '\\') |
                            (~static_cast<uint32_t>(_mm_movemask_epi8(control)) & 0xffff);
      const auto non_ascii = static_cast<uint32_t>(_mm_movemask_epi8(block));
      if (stop == 0) {
        high |= non_ascii;
        at_ += 16;
        continue;
      }
      const int n = std::countr_zero(stop);
      high |= non_ascii & ((1u << n) - 1);
      at_ += n;
      break;
    }
    while (at_ < end_ && *at_ != '"' && *at_ != '\\' && static_cast<uint8_t>(*at_) >= 0x20) {
      high |= static_cast<uint8_t>(*at_) & 0x80;
      ++at_;
    }
    if (at_ >= end_) return false;
    if (static_cast<uint8_t>(*at_) < 0x20) {
      if (!lenient_) return false;
      ++at_;
      continue;
    }
    if (*at_ == '"') break;
    if (end_ - at_ < 2) return false;
    escapes = true;
    at_ += 2;
  }
  *out = JsonString{{start, static_cast<size_t>(at_ - start)}, escapes, high == 0};
  ++at_;
  return true;
}

bool JsonCursor::ReadNumber(std::string_view* out) {
  SkipSpace();
  const char* const start = at_;
  while (at_ < end_ && ((*at_ >= '0' && *at_ <= '9') || *at_ == '-' || *at_ == '+' || *at_ == '.' ||
                        *at_ == 'e' || *at_ == 'E')) {
    ++at_;
  }
  *out = {start, static_cast<size_t>(at_ - start)};
  return at_ != start;
}

bool JsonCursor::ReadWord(std::string_view* out) {
  SkipSpace();
  for (const std::string_view word :
       {std::string_view("null"), std::string_view("true"), std::string_view("false")}) {
    if (ConsumeExactly(word)) {
      *out = word;
      return true;
    }
  }
  return false;
}

bool JsonCursor::SkipValue(std::string_view* out) {
  const char first = Peek();
  const char* const start = at_;
  bool ok = false;
  std::string_view ignored;
  if (first == '{' || first == '[') {
    ok = SkipNested();
  } else if (first == '"') {
    JsonString string;
    ok = ReadString(&string);
  } else if (first == '-' || (first >= '0' && first <= '9')) {
    ok = ReadNumber(&ignored);
  } else {
    ok = ReadWord(&ignored);
  }
  *out = {start, static_cast<size_t>(at_ - start)};
  return ok;
}

/// Counts brackets outside strings, sixteen bytes at a time. ('[' | 0x20) == '{' and (']' | 0x20) == '}'.
bool JsonCursor::SkipNested() {
  int depth = 0;
  while (true) {
    if (end_ - at_ >= 16) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
      const __m128i folded = _mm_or_si128(block, _mm_set1_epi8(0x20));
      const uint32_t opens = Matches(folded, '{'), closes = Matches(folded, '}'),
                     quotes = Matches(block, '"');
      uint32_t marks = opens | closes | quotes;
      bool string_began = false;
      while (marks != 0) {
        const int n = std::countr_zero(marks);
        marks &= marks - 1;
        if (quotes >> n & 1) {
          at_ += n;
          string_began = true;
          break;
        }
        depth += opens >> n & 1 ? 1 : -1;
        if (depth == 0) {
          at_ += n + 1;
          return true;
        }
      }
      if (!string_began) {
        at_ += 16;
        continue;
      }
    } else {
      if (at_ >= end_) return false;
      const char c = *at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) {
        ++at_;
        return true;
      }
      if (c != '"') {
        ++at_;
        continue;
      }
    }
    JsonString string;
    if (!ReadString(&string)) return false;
  }
}

bool Unescape(const JsonString& string, char* out, size_t* written) {
  char* const start = out;
  if (!string.has_escapes) {
    std::memcpy(out, string.raw.data(), string.raw.size());
    out += string.raw.size();
  } else {
    const char* at = string.raw.data();
    const char* const end = at + string.raw.size();
    while (at < end) {
      if (*at != '\\') {
        *out++ = *at++;
        continue;
      }
      if (++at == end) return false;
      const char kind = *at++;
      uint32_t code_point;
      switch (kind) {
        case '"':
        case '\\':
        case '/': *out++ = kind; break;
        case 'b': *out++ = '\b'; break;
        case 'f': *out++ = '\f'; break;
        case 'n': *out++ = '\n'; break;
        case 'r': *out++ = '\r'; break;
        case 't': *out++ = '\t'; break;
        case 'u':
          if (!ReadUnicodeEscape(&at, end, &code_point)) return false;
          out = AppendCodePoint(out, code_point);
          break;
        default: return false;
      }
    }
  }
  *written = static_cast<size_t>(out - start);
  return string.ascii || IsUtf8({start, *written});
}

bool AppendUnescaped(const JsonString& string, std::string* out) {
  const size_t at = out->size();
  out->resize(at + string.raw.size());
  size_t written = 0;
  const bool ok = Unescape(string, out->data() + at, &written);
  out->resize(at + (ok ? written : 0));
  return ok;
}

std::vector<std::string> MemberNames(std::string_view object) {
  std::vector<std::string> names;
  JsonCursor cursor(object, true);
  if (!cursor.Consume('{') || cursor.Peek() == '}') return names;
  do {
    JsonString key;
    std::string_view value;
    std::string name;
    if (!cursor.ReadString(&key) || !cursor.Consume(':') || !cursor.SkipValue(&value)) break;
    if (AppendUnescaped(key, &name)) names.push_back(std::move(name));
  } while (cursor.Consume(','));
  return names;
}

bool IsUtf8(std::string_view bytes) {
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  const auto* const end = at + bytes.size();
  const auto continuation = [&](int i) { return (at[i] & 0xc0) == 0x80; };
  while (at < end) {
    if (at[0] < 0x80) {
      ++at;
    } else if (at[0] >= 0xc2 && at[0] <= 0xdf) {
      if (end - at < 2 || !continuation(1)) return false;
      at += 2;
    } else if ((at[0] & 0xf0) == 0xe0) {
      if (end - at < 3 || !continuation(1) || !continuation(2)) return false;
      if (at[0] == 0xe0 && at[1] < 0xa0) return false;
      if (at[0] == 0xed && at[1] > 0x9f) return false;
      at += 3;
    } else if (at[0] >= 0xf0 && at[0] <= 0xf4) {
      if (end - at < 4 || !continuation(1) || !continuation(2) || !continuation(3)) return false;
      if (at[0] == 0xf0 && at[1] < 0x90) return false;
      if (at[0] == 0xf4 && at[1] > 0x8f) return false;
      at += 4;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace cdc::event
