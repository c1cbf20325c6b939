#include "lib/core/base64.h"

#include <array>
#include <cstdint>

namespace cdc {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kInvalid = 0xff;

constexpr std::array<uint8_t, 256> MakeReverse() {
  std::array<uint8_t, 256> reverse{};
  reverse.fill(kInvalid);
  for (uint8_t i = 0; i < 64; ++i) reverse[static_cast<uint8_t>(kAlphabet[i])] = i;
  return reverse;
}
constexpr std::array<uint8_t, 256> kReverse = MakeReverse();

}  // namespace

bool DecodeBase64(std::string_view encoded, char* out, size_t* written) {
  *written = 0;
  if (encoded.empty()) return true;
  if (encoded.size() % 4 != 0) return false;
  size_t padding = 0;
  if (encoded.back() == '=') padding = encoded[encoded.size() - 2] == '=' ? 2 : 1;
  const auto* in = reinterpret_cast<const uint8_t*>(encoded.data());
  char* const begin = out;
  const size_t quads = encoded.size() / 4;
  for (size_t q = 0; q < quads; ++q, in += 4) {
    const size_t absent = q + 1 == quads ? padding : 0;
    const uint8_t a = kReverse[in[0]], b = kReverse[in[1]];
    const uint8_t c = absent == 2 ? 0 : kReverse[in[2]], d = absent >= 1 ? 0 : kReverse[in[3]];
    if ((a | b | c | d) & 0xc0) return false;
    const uint32_t bits = uint32_t{a} << 18 | uint32_t{b} << 12 | uint32_t{c} << 6 | d;
    *out++ = static_cast<char>(bits >> 16);
    if (absent < 2) *out++ = static_cast<char>(bits >> 8);
    if (absent < 1) *out++ = static_cast<char>(bits);
  }
  *written = static_cast<size_t>(out - begin);
  return true;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t n = bytes.size() - i < 3 ? bytes.size() - i : 3;
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < n ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    out += kAlphabet[bits >> 18];
    out += kAlphabet[bits >> 12 & 63];
    out += n > 1 ? kAlphabet[bits >> 6 & 63] : '=';
    out += n > 2 ? kAlphabet[bits & 63] : '=';
  }
  return out;
}

}  // namespace cdc
