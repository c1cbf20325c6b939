#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <cstring>

#include "lib/expression/letter_case_internal.h"
#include "lib/expression/utf8_internal.h"

namespace cdc::expression {
namespace {

/// Of its own, so that it does not matter which locale the process has. Never freed.
locale_t Unicode() {
  static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

/// Code point of a whole character; false: no UTF-8.
bool Decode(std::string_view c, uint32_t* code) {
  const auto lead = static_cast<uint8_t>(c[0]);
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  if (size == 1 || c.size() != size) return false;
  *code = lead & (0xFFU >> (size + 1));
  for (const char next : c.substr(1)) *code = *code << 6 | (static_cast<uint8_t>(next) & 0x3FU);
  return true;
}

char* Encode(uint32_t code, char* out) {
  const auto add = [&](uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
    return out;
  }
  if (code < 0x800) {
    add(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
  }
  add(0x80 | (code & 0x3F));
  return out;
}

/// \param first the first letter that changes ('A' or 'a'); the other case is `flip` away
template <char kFirst>
char Ascii(char c) {
  const bool letter = static_cast<uint8_t>(c - kFirst) < 26;
  return static_cast<char>(letter ? c ^ 0x20 : c);
}

template <char kFirst, typename Map>
std::string_view Mapped(std::string_view text, Arena* arena, Map map) {
  if (IsAscii(text)) {
    char* const out = arena->Take(text.size());
    for (size_t i = 0; i < text.size(); ++i) out[i] = Ascii<kFirst>(text[i]);
    return {out, text.size()};
  }
  // The longest growth is from two bytes to three (U+023A).
  const size_t room = text.size() * 2;
  char* const start = arena->Take(room);
  char* out = start;
  for (size_t at = 0; at < text.size();) {
    const std::string_view c = text.substr(at, CharacterSize(text, at));
    at += c.size();
    uint32_t code = 0;
    if (c.size() == 1) {
      *out++ = Ascii<kFirst>(c[0]);
    } else if (Decode(c, &code)) {
      out = Encode(static_cast<uint32_t>(map(static_cast<wint_t>(code))), out);
    } else {
      out = std::copy(c.begin(), c.end(), out);
    }
  }
  const auto size = static_cast<size_t>(out - start);
  arena->GiveBack(room - size);
  return {start, size};
}

}  // namespace

Status CheckLocale() {
  if (Unicode() != nullptr) return {};
  return Error{ErrorKind::kUnsupported,
               "the system has no locale C.UTF-8, which upper and lower case are taken from",
               "install libc-bin"};
}

std::string_view ToLower(std::string_view utf8, Arena* arena) {
  return Mapped<'A'>(utf8, arena, [](wint_t c) { return ::towlower_l(c, Unicode()); });
}
std::string_view ToUpper(std::string_view utf8, Arena* arena) {
  return Mapped<'a'>(utf8, arena, [](wint_t c) { return ::towupper_l(c, Unicode()); });
}

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = Ascii<'A'>(c);
  return lower;
}

}  // namespace cdc::expression
