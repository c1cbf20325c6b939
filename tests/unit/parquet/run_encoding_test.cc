// The hybrid encoding, read back by a reader of the format's own words.

#include "lib/parquet/run_encoding_internal.h"

#include <catch2/catch_test_macros.hpp>
#include <random>
#include <vector>

namespace cdc::parquet {
namespace {

struct Decoded {
  std::vector<uint32_t> numbers;
  size_t runs = 0, packed = 0;  // of each kind
};

/// Bit by bit, as the format's grammar has it.
Decoded Decode(std::string_view bytes, int width) {
  Decoded out;
  size_t at = 0;
  const auto byte = [&] { return static_cast<uint8_t>(bytes.at(at++)); };
  while (at < bytes.size()) {
    uint64_t header = 0;
    for (int shift = 0;; shift += 7) {
      const uint8_t next = byte();
      header |= uint64_t{next & 0x7Fu} << shift;
      if (next < 0x80) break;
    }
    if (header % 2 == 0) {
      uint32_t number = 0;
      for (int bit = 0; bit < width; bit += 8) number |= uint32_t{byte()} << bit;
      out.numbers.insert(out.numbers.end(), header / 2, number);
      ++out.runs;
      continue;
    }
    ++out.packed;
    const size_t first = at * 8, count = header / 2 * 8;
    for (size_t i = 0; i < count; ++i) {
      uint32_t number = 0;
      for (int bit = 0; bit < width; ++bit) {
        const size_t place = first + i * static_cast<size_t>(width) + static_cast<size_t>(bit);
        number |= uint32_t{static_cast<uint8_t>(bytes.at(place / 8)) >> place % 8 & 1u} << bit;
      }
      out.numbers.push_back(number);
    }
    at += header / 2 * static_cast<size_t>(width);
  }
  return out;
}

/// What is left of the last group of eight is padding.
void CheckSame(const Decoded& got, const std::vector<uint32_t>& wanted) {
  REQUIRE(got.numbers.size() >= wanted.size());
  REQUIRE(got.numbers.size() < wanted.size() + 8);
  REQUIRE(std::equal(wanted.begin(), wanted.end(), got.numbers.begin()));
}

/// Numbers in pieces and runs of all lengths.
template <typename T>
void CheckWidth(int width, std::mt19937* random) {
  RunEncoder<T> encoder(1);
  for (int round = 0; round < 60; ++round) {
    encoder.Reset(width);
    std::vector<uint32_t> wanted;
    const auto number = [&] { return static_cast<T>((*random)() & ((uint32_t{1} << width) - 1)); };
    for (uint32_t piece = (*random)() % 20; piece > 0; --piece) {
      const size_t count = (*random)() % ((*random)() % 8 == 0 ? 3000 : 40);
      if ((*random)() % 2 == 0) {
        const T same = number();
        encoder.AppendRun(same, count);
        wanted.insert(wanted.end(), count, same);
        continue;
      }
      std::vector<T> numbers(count);
      for (T& n : numbers)
        n = (*random)() % 3 == 0 && !wanted.empty() ? static_cast<T>(wanted.back()) : number();
      encoder.Append(numbers.data(), count);
      wanted.insert(wanted.end(), numbers.begin(), numbers.end());
    }
    CheckSame(Decode(encoder.Finish(), width), wanted);
  }
}

TEST_CASE("numbers of every width come back from runs and packed groups") {
  std::mt19937 random(5);
  for (int width = 1; width <= 8; ++width) CheckWidth<uint8_t>(width, &random);
  for (int width = 1; width <= 16; ++width) CheckWidth<uint16_t>(width, &random);
}

TEST_CASE("a run goes on over all appends and takes a few bytes") {
  RunEncoder<uint8_t> levels(1);
  for (int i = 0; i < 1000; ++i) levels.AppendRun(1, 777);
  const Decoded decoded = Decode(levels.Finish(), 1);
  CHECK(decoded.numbers == std::vector<uint32_t>(777'000, 1));
  CHECK(decoded.runs == 1);
  CHECK(levels.Finish().size() <= 5);
}

TEST_CASE("short runs among other numbers are packed with them, long ones are not") {
  RunEncoder<uint8_t> levels(1);
  const std::vector<uint8_t> mixed = {0, 1, 0, 1, 1, 0, 0, 1};
  std::vector<uint32_t> wanted;
  for (const size_t same : {size_t{16}, size_t{400}}) {
    levels.Append(mixed.data(), mixed.size());
    levels.AppendRun(1, same);
    wanted.insert(wanted.end(), mixed.begin(), mixed.end());
    wanted.insert(wanted.end(), same, 1);
  }
  const Decoded decoded = Decode(levels.Finish(), 1);
  CHECK(decoded.numbers == wanted);
  CHECK(decoded.packed == 1);
  CHECK(decoded.runs == 1);
}

TEST_CASE("nothing encodes to nothing") { CHECK(RunEncoder<uint16_t>(3).Finish().empty()); }

TEST_CASE("a dictionary's numbers take at least one bit") {
  CHECK(RunWidth(0) == 1);
  CHECK(RunWidth(1) == 1);
  CHECK(RunWidth(255) == 8);
  CHECK(RunWidth(256) == 9);
  CHECK(RunWidth(65'535) == 16);
}

}  // namespace
}  // namespace cdc::parquet
