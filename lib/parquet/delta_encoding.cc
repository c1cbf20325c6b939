#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "lib/parquet/delta_encoding_internal.h"

namespace cdc::parquet {
namespace {

// A block of 128 differences in four miniblocks: the usual form, which every reader has met.
constexpr size_t kBlock = 128, kMiniblocks = 4, kMiniblock = kBlock / kMiniblocks;
/// Of a block at most: its least difference, the widths, and 64 bits for each number.
constexpr size_t kMostBlockBytes = 10 + kMiniblocks + kBlock * 8;

char* PutVarint(uint64_t value, char* to) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

/// Numbers of `width` bits, least significant bit first. A miniblock ends at a whole byte.
char* Pack(const uint64_t* values, int width, char* to) {
  uint64_t pending = 0;
  int bits = 0;
  for (size_t i = 0; i < kMiniblock; ++i) {
    pending |= values[i] << bits;
    bits += width;
    if (bits < 64) continue;
    std::memcpy(to, &pending, 8);
    to += 8;
    bits -= 64;
    pending = bits == 0 ? 0 : values[i] >> (width - bits);
  }
  std::memcpy(to, &pending, 8);
  return to + bits / 8;
}

uint64_t ZigZag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}

/// \param count differences that are there; the block's others are zero
char* PutBlock(std::array<int64_t, kBlock>& steps, size_t count, char* to) {
  const int64_t least = *std::min_element(steps.begin(), steps.begin() + count);
  to = PutVarint(ZigZag(least), to);
  char* const widths = to;
  std::memset(widths, 0, kMiniblocks);
  to += kMiniblocks;
  for (size_t at = 0; at < count; at += kMiniblock) {
    std::array<uint64_t, kMiniblock> values{};
    const size_t here = std::min(count - at, kMiniblock);
    uint64_t all = 0;
    for (size_t i = 0; i < here; ++i)
      all |= values[i] = static_cast<uint64_t>(steps[at + i]) - static_cast<uint64_t>(least);
    const int width = std::bit_width(all);
    widths[at / kMiniblock] = static_cast<char>(width);
    if (width > 0) to = Pack(values.data(), width, to);
  }
  return to;
}

}  // namespace

void AppendDeltaPacked(std::span<const int64_t> numbers, std::string* out) {
  std::array<char, 40> header;
  char* end = PutVarint(kBlock, header.data());
  end = PutVarint(kMiniblocks, end);
  end = PutVarint(numbers.size(), end);
  end = PutVarint(ZigZag(numbers.front()), end);
  out->append(header.data(), end);
  std::array<int64_t, kBlock> steps;
  std::array<char, kMostBlockBytes + 8> block;
  for (size_t at = 1; at < numbers.size(); at += kBlock) {
    const size_t count = std::min(numbers.size() - at, kBlock);
    for (size_t i = 0; i < count; ++i) steps[i] = numbers[at + i] - numbers[at + i - 1];
    end = PutBlock(steps, count, block.data());
    out->append(block.data(), end);
  }
}

}  // namespace cdc::parquet
