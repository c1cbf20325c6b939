#include "lib/verify/server_hash.h"

#include <bit>
#include <cstring>

namespace cdc::verify {
namespace {

/// lookup3's state and its two mixing steps. The shifts are the algorithm's.
struct State {
  uint32_t a, b, c;

  void Mix() {
    Turn(&a, c, 4), c += b;
    Turn(&b, a, 6), a += c;
    Turn(&c, b, 8), b += a;
    Turn(&a, c, 16), c += b;
    Turn(&b, a, 19), a += c;
    Turn(&c, b, 4), b += a;
  }
  void Finish() {
    Fold(&c, b, 14), Fold(&a, c, 11), Fold(&b, a, 25);
    Fold(&c, b, 16), Fold(&a, c, 4), Fold(&b, a, 14);
    Fold(&c, b, 24);
  }

 private:
  static void Turn(uint32_t* x, uint32_t y, int shift) {
    *x -= y;
    *x ^= std::rotl(y, shift);
  }
  static void Fold(uint32_t* x, uint32_t y, int shift) {
    *x ^= y;
    *x -= std::rotl(y, shift);
  }
};

/// Up to four bytes, the lowest first.
uint32_t Word(const char* bytes, size_t size) {
  uint32_t word = 0;
  for (size_t i = 0; i < size; ++i) word |= uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return word;
}

}  // namespace

int64_t HashText(std::string_view text, int64_t seed) {
  const auto begin = static_cast<uint32_t>(0x9e3779b9U + static_cast<uint32_t>(text.size()) + 3923095U);
  State state{begin, begin, begin};
  if (seed != 0) {
    state.a += static_cast<uint32_t>(static_cast<uint64_t>(seed) >> 32);
    state.b += static_cast<uint32_t>(seed);
    state.Mix();
  }
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= 12; at += 12, left -= 12) {
    state.a += Word(at, 4);
    state.b += Word(at + 4, 4);
    state.c += Word(at + 8, 4);
    state.Mix();
  }
  // The lowest byte of c is kept for the length, which is in it already.
  state.a += Word(at, left < 4 ? left : 4);
  if (left > 4) state.b += Word(at + 4, left < 8 ? left - 4 : 4);
  if (left > 8) state.c += Word(at + 8, left - 8) << 8;
  state.Finish();
  return static_cast<int64_t>(uint64_t{state.b} << 32 | state.c);
}

}  // namespace cdc::verify
