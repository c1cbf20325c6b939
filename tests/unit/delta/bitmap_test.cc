#include "lib/delta/bitmap.h"

#include <catch2/catch_test_macros.hpp>
#include <numeric>
#include <random>

#include "tests/support/result_printing.h"

namespace cdc::delta {
namespace {

std::vector<int64_t> Range(int64_t from, int64_t to, int64_t step = 1) {
  std::vector<int64_t> out;
  for (int64_t value = from; value < to; value += step) out.push_back(value);
  return out;
}

}  // namespace

TEST_CASE("a bitmap of arrays, of bits and of several maps is read back") {
  for (const auto& rows :
       {std::vector<int64_t>{}, Range(0, 1), Range(5, 4101), Range(0, 4097), Range(0, 70'000, 3),
        Range(65'530, 65'545), std::vector<int64_t>{0, (int64_t{1} << 32) + 7, (int64_t{3} << 32)}}) {
    INFO(rows.size());
    const auto read = DecodeBitmap(EncodeBitmap(rows));
    REQUIRE(read);
    CHECK(*read == rows);
  }
}

TEST_CASE("the bytes are those of the portable format") {
  // One map, key 0; no runs; one container, key 0, of three values at offset 16: 2, 4, 6.
  const unsigned char expected[] = {1, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0x3A, 0x30, 0, 0, 1,
                                    0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 2, 0,    4,    0, 6, 0};
  const std::vector<int64_t> rows = {2, 4, 6};
  CHECK(EncodeBitmap(rows) == std::string(reinterpret_cast<const char*>(expected), sizeof expected));
}

TEST_CASE("containers of runs, as other writers make them, are read") {
  // One map of one container of runs: 3 to 5 and 9 (cookie 12347, no offsets below four containers).
  const unsigned char bytes[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3B, 0x30, 0, 0,
                                 1, 0, 0, 3, 0, 2, 0, 3, 0, 2, 0, 9, 0,    0,    0};
  const auto read = DecodeBitmap({reinterpret_cast<const char*>(bytes), sizeof bytes});
  REQUIRE(read);
  CHECK(*read == std::vector<int64_t>{3, 4, 5, 9});
}

TEST_CASE("no damaged bitmap is read for another one or beyond its end") {
  const std::string whole = EncodeBitmap(Range(0, 9'000, 2));
  for (size_t size = 0; size < whole.size(); size += size < 64 ? 1 : 97) {
    INFO(size);
    CHECK_FALSE(DecodeBitmap(std::string_view(whole).substr(0, size)));
  }
  CHECK_FALSE(DecodeBitmap(whole + "x"));
  std::mt19937 dice(7);
  for (int i = 0; i < 2'000; ++i) {  // whatever comes out: under the sanitizers nothing else may happen
    std::string damaged = whole;
    damaged[dice() % std::min<size_t>(damaged.size(), 64)] = static_cast<char>(dice());
    (void)DecodeBitmap(damaged);
  }
}

}  // namespace cdc::delta
