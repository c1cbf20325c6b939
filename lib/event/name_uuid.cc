#include "lib/event/name_uuid.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace cdc::event {
namespace {

using Digest = std::array<uint32_t, 4>;

/// One block of 64 bytes (RFC 1321 section 3.4).
void Mix(const char* block, Digest* digest) {
  constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  uint32_t words[16];
  std::memcpy(words, block, sizeof words);
  auto [a, b, c, d] = *digest;
  for (uint32_t i = 0; i < 64; ++i) {
    uint32_t mixed, word;
    switch (i / 16) {
      case 0: mixed = (b & c) | (~b & d), word = i; break;
      case 1: mixed = (d & b) | (~d & c), word = (5 * i + 1) % 16; break;
      case 2: mixed = b ^ c ^ d, word = (3 * i + 5) % 16; break;
      default: mixed = c ^ (b | ~d), word = 7 * i % 16; break;
    }
    const auto sine = static_cast<uint32_t>(std::floor(4294967296.0 * std::abs(std::sin(i + 1.0))));
    const uint32_t sum = a + mixed + sine + words[word];
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kShifts[i / 16][i % 4]);
  }
  *digest = {(*digest)[0] + a, (*digest)[1] + b, (*digest)[2] + c, (*digest)[3] + d};
}

Digest Md5(std::string_view text) {
  Digest digest = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::string padded(text);
  padded += '\x80';
  padded.resize((padded.size() + 8 + 63) / 64 * 64, '\0');
  const uint64_t bits = uint64_t{text.size()} * 8;
  std::memcpy(padded.data() + padded.size() - 8, &bits, sizeof bits);
  for (size_t at = 0; at < padded.size(); at += 64) Mix(padded.data() + at, &digest);
  return digest;
}

}  // namespace

std::string NameUuid(std::string_view name) {
  const Digest digest = Md5(name);
  uint8_t bytes[16];
  std::memcpy(bytes, digest.data(), sizeof bytes);
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x30);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace cdc::event
