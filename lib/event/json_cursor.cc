#include "lib/event/json_cursor.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace cdc::event {
namespace {

/// Bit i is set when byte i of the block equals `c`.
uint32_t Matches(__m128i block, char c) {
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(c))));
}

/// Where 64 bytes hold what; bit i is byte i.
struct Block {
  uint64_t quotes, backslashes, brackets;
};

/// ('[' | 0x20) == '{' and (']' | 0x20) == '}'.
Block Classify(const char* at) {
  Block all{0, 0, 0};
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at) + i);
    const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    const __m128i brackets =
        _mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')), _mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
    all.quotes |= uint64_t{Matches(bytes, '"')} << (16 * i);
    all.backslashes |= uint64_t{Matches(bytes, '\\')} << (16 * i);
    all.brackets |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(brackets))} << (16 * i);
  }
  return all;
}

/// Blocks that are classified at a time.
constexpr std::ptrdiff_t kStride = 2 * 64;
using Blocks = Block[2];

void ClassifyTwo(const char* at, Blocks& out) {
  out[0] = Classify(at);
  out[1] = Classify(at + 64);
}

#define CDC_AVX2 __attribute__((target("avx2")))

CDC_AVX2 inline uint64_t SignBits(__m256i first, __m256i second) {
  return uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(first))} |
         uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(second))} << 32;
}

CDC_AVX2 inline __m256i Brackets(__m256i bytes) {
  const __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
  return _mm256_or_si256(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8('{')),
                         _mm256_cmpeq_epi8(folded, _mm256_set1_epi8('}')));
}

/// The same with half the instructions.
CDC_AVX2 void ClassifyTwoWide(const char* at, Blocks& out) {
  const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');
  for (Block& block : out) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at) + 1);
    block.quotes = SignBits(_mm256_cmpeq_epi8(low, quote), _mm256_cmpeq_epi8(high, quote));
    block.backslashes = SignBits(_mm256_cmpeq_epi8(low, backslash), _mm256_cmpeq_epi8(high, backslash));
    block.brackets = SignBits(Brackets(low), Brackets(high));
    at += 64;
  }
}

#undef CDC_AVX2

/// Not inlined: its array would cost every call of SkipNested a stack guard.
[[gnu::noinline]] void ClassifyTail(const char* at, const char* end, Blocks& out) {
  char padded[kStride] = {};
  std::memcpy(padded, at, static_cast<size_t>(end - at));
  ClassifyTwo(padded, out);
}

/// Chosen once, by what the processor has.
const auto kClassifyTwo = __builtin_cpu_supports("avx2") ? ClassifyTwoWide : ClassifyTwo;

/// Bit i: how many of the bits 0 … i are set is odd.
uint64_t PrefixXor(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

/// The bytes that a backslash before them escapes. \param carry in: the first byte is; out: the next block's
/// is
uint64_t Escaped(uint64_t backslashes, bool* carry) {
  uint64_t escaped = *carry ? 1 : 0;
  backslashes &= ~escaped;
  *carry = false;
  while (backslashes != 0) {
    const int n = std::countr_zero(backslashes);
    *carry = n == 63;
    if (*carry) break;
    escaped |= uint64_t{2} << n;
    backslashes &= ~(uint64_t{3} << n);
  }
  return escaped;
}

/// The characters that a JSON number consists of.
constexpr auto kOfNumber = [] {
  std::array<bool, 256> of{};
  for (const char c : std::string_view("0123456789-+.eE")) of[static_cast<uint8_t>(c)] = true;
  return of;
}();

/// Whether each of eight bytes is a digit: 0x30 … 0x39 keep their upper half when 6 is added.
bool AreDigits(const char* at) {
  uint64_t bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  constexpr uint64_t kUpper = 0xf0f0f0f0f0f0f0f0, kThrees = 0x3030303030303030, kSixes = 0x0606060606060606;
  return (bytes & kUpper) == kThrees && ((bytes + kSixes) & kUpper) == kThrees;
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
  while (end_ - at_ >= 8 && AreDigits(at_)) at_ += 8;
  while (at_ < end_ && kOfNumber[static_cast<uint8_t>(*at_)]) ++at_;
  *out = {start, static_cast<size_t>(at_ - start)};
  return at_ != start;
}

bool JsonCursor::ReadShortInteger(int64_t* out) {
  const char* at = at_;
  const bool negative = at < end_ && *at == '-';
  at += negative ? 1 : 0;
  const char* const digits = at;
  const char* const limit = end_ - digits > 18 ? digits + 18 : end_;
  int64_t value = 0;
  for (; at < limit && static_cast<uint8_t>(*at - '0') < 10; ++at) value = value * 10 + (*at - '0');
  if (at == digits || at == end_ || (*at != ',' && *at != '}' && *at != ']')) return false;
  at_ = at;
  *out = negative ? -value : value;
  return true;
}

bool JsonCursor::ReadWord(std::string_view* out) {
  // The size is the compiler's: a comparison without a loop.
  const auto take = [&]<size_t N>(const char(&word)[N]) {
    constexpr size_t kSize = N - 1;
    if (static_cast<size_t>(end_ - at_) < kSize || std::memcmp(at_, word, kSize) != 0) return false;
    *out = {at_, kSize};
    at_ += kSize;
    return true;
  };
  const char first = Peek();
  return first == 'n' ? take("null") : first == 't' ? take("true") : first == 'f' && take("false");
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

/// Counts brackets outside strings, 64 bytes at a time. Quotes that are not escaped split a block into text
/// and structure; most blocks hold no bracket at all.
bool JsonCursor::SkipNested() {
  // Readers of schemas call themselves once a level: a message that nests deeper is no event of Debezium's.
  constexpr int kMaxDepth = 500;
  int depth = 0;
  uint64_t in_string = 0;  // all ones: the block before ended inside a string
  bool escaped = false;    // the block before ended with a backslash that escapes
  for (; at_ < end_; at_ += std::min(kStride, end_ - at_)) {
    Blocks blocks;
    if (end_ - at_ >= kStride)
      kClassifyTwo(at_, blocks);
    else
      ClassifyTail(at_, end_, blocks);
    const char* start = at_;
    for (const Block& block : blocks) {
      uint64_t quotes = block.quotes;
      if ((block.backslashes != 0) | escaped) quotes &= ~Escaped(block.backslashes, &escaped);
      const uint64_t strings = PrefixXor(quotes) ^ in_string;
      in_string = static_cast<uint64_t>(static_cast<int64_t>(strings) >> 63);
      for (uint64_t marks = block.brackets & ~strings; marks != 0; marks &= marks - 1) {
        const int n = std::countr_zero(marks);
        depth += (start[n] | 0x20) == '{' ? 1 : -1;
        if (depth > kMaxDepth) return false;
        if (depth > 0) continue;
        at_ = start + n + 1;
        return true;
      }
      start += 64;
    }
  }
  return false;
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
