#include "lib/core/letter_case.h"

#include <locale.h>
#include <wctype.h>

#include <cstdint>

namespace cdc {
namespace {

constexpr uint32_t kCapitalIWithDot = 0x130, kFinalSigma = 0x3C2, kSigma = 0x3C3;

/// Of its own, so that it does not matter which locale the process has. Never freed.
locale_t Unicode() {
  static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

/// Code point and length of the character at the start of `text`; length 0: no UTF-8.
struct Character {
  uint32_t code = 0;
  size_t size = 0;
};

Character First(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t size = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (size == 0 || size > text.size()) return {};
  uint32_t code = size == 1 ? lead : lead & (0xFFU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  return {code, size};
}

void Append(uint32_t code, std::string* out) {
  const auto add = [&](uint32_t value) { out->push_back(static_cast<char>(value)); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      add(0xE0 | code >> 12);
    } else {
      add(0xF0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3F));
    }
    add(0x80 | (code >> 6 & 0x3F));
  }
  add(0x80 | (code & 0x3F));
}

uint32_t Lower(uint32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 0x20 : code;
  if (code == kFinalSigma) return kSigma;
  // Java keeps its dot, so that it is not the plain i.
  if (code == kCapitalIWithDot || Unicode() == nullptr) return code;
  return static_cast<uint32_t>(::towlower_l(static_cast<wint_t>(code), Unicode()));
}

}  // namespace

std::string LowerCase(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    const Character character = First(utf8);
    if (character.size == 0) {
      out.push_back(utf8.front());
      utf8.remove_prefix(1);
      continue;
    }
    Append(Lower(character.code), &out);
    utf8.remove_prefix(character.size);
  }
  return out;
}

}  // namespace cdc
