#include "lib/expression/md5_internal.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace cdc::expression {
namespace {

/// RFC 1321, section 3.4: T[i] = 2^32 × |sin(i + 1)|.
std::array<uint32_t, 64> MakeTable() {
  std::array<uint32_t, 64> table{};
  for (size_t i = 0; i < table.size(); ++i)
    table[i] = static_cast<uint32_t>(std::floor(std::fabs(std::sin(static_cast<double>(i + 1))) * 0x1p32));
  return table;
}

constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

using State = std::array<uint32_t, 4>;

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

void AddBlock(const char* block, State* state) {
  static const std::array<uint32_t, 64> table = MakeTable();
  uint32_t words[16];
  std::memcpy(words, block, sizeof(words));
  auto [a, b, c, d] = *state;
  for (size_t i = 0; i < 64; ++i) {
    uint32_t mixed = 0;
    size_t word = 0;
    switch (i / 16) {
      case 0: mixed = (b & c) | (~b & d), word = i; break;
      case 1: mixed = (d & b) | (~d & c), word = 5 * i + 1; break;
      case 2: mixed = b ^ c ^ d, word = 3 * i + 5; break;
      default: mixed = c ^ (b | ~d), word = 7 * i; break;
    }
    const uint32_t sum = a + mixed + table[i] + words[word % 16];
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kShifts[i / 16][i % 4]);
  }
  (*state)[0] += a;
  (*state)[1] += b;
  (*state)[2] += c;
  (*state)[3] += d;
}

}  // namespace

std::array<uint8_t, 16> Md5(std::string_view bytes) {
  constexpr size_t kBlock = 64;
  State state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  size_t at = 0;
  for (; bytes.size() - at >= kBlock; at += kBlock) AddBlock(bytes.data() + at, &state);
  // The rest, one bit, zeros, and the length in bits: one block, or two where it is long.
  char tail[2 * kBlock] = {};
  const size_t rest = bytes.size() - at;
  if (rest > 0) std::memcpy(tail, bytes.data() + at, rest);
  tail[rest] = static_cast<char>(0x80);
  const size_t size = rest < kBlock - 8 ? kBlock : 2 * kBlock;
  const uint64_t bits = static_cast<uint64_t>(bytes.size()) * 8;
  std::memcpy(tail + size - 8, &bits, sizeof(bits));
  for (size_t i = 0; i < size; i += kBlock) AddBlock(tail + i, &state);
  std::array<uint8_t, 16> digest{};
  std::memcpy(digest.data(), state.data(), digest.size());
  return digest;
}

}  // namespace cdc::expression
