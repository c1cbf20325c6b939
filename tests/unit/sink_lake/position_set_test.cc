#include "jobs/sink/lake/position_set.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <set>

namespace cdc::lake_sink {
namespace {

TEST_CASE("positions come back in order, once each") {
  const std::vector<int64_t> positions = {64, 3, 0, 63, 1000, 3};
  const PositionSet set(positions);
  CHECK(set.size() == 5);
  CHECK(set.ToVector() == std::vector<int64_t>{0, 3, 63, 64, 1000});
  for (const int64_t position : {0, 3, 63, 64, 1000}) CHECK(set.Has(position));
  for (const int64_t position : {1, 62, 65, 999, 1001, 100'000}) CHECK_FALSE(set.Has(position));
  CHECK(PositionSet().size() == 0);
  CHECK(PositionSet().ToVector().empty());
}

TEST_CASE("positions are sorted and made unique, close together or far apart") {
  std::mt19937_64 dice(5);
  for (const int64_t spread : std::initializer_list<int64_t>{1, 7, 4000, 300'000, 4'000'000'000}) {
    for (const size_t count : {0, 1, 2, 500}) {
      std::vector<int64_t> positions;
      for (size_t i = 0; i < count; ++i)
        positions.push_back(static_cast<int64_t>(dice() % static_cast<uint64_t>(spread)));
      const std::set<int64_t> expected(positions.begin(), positions.end());
      SortPositions(&positions);
      CHECK(positions == std::vector<int64_t>(expected.begin(), expected.end()));
    }
  }
}

TEST_CASE("what was deleted since, told where it came to lie without what had been deleted before") {
  std::mt19937 dice(3);
  for (int round = 0; round < 50; ++round) {
    constexpr int64_t kRows = 500;
    std::vector<int64_t> before, now;
    for (int64_t row = 0; row < kRows; ++row) {
      if (dice() % 4 == 0) before.push_back(row);
      if (dice() % 4 == 0) now.push_back(row);
    }
    now.insert(now.end(), before.begin(), before.end());
    const std::set<int64_t> then(before.begin(), before.end()), all(now.begin(), now.end());
    std::vector<std::pair<int64_t, int64_t>> expected, found;
    int64_t rank = 0;
    for (int64_t row = 0; row < kRows; ++row) {
      if (then.count(row) != 0) continue;
      if (all.count(row) != 0) expected.emplace_back(row, rank);
      ++rank;
    }
    PositionSet(now).EachBeyond(PositionSet(before),
                                [&](int64_t position, int64_t at) { found.emplace_back(position, at); });
    CHECK(found == expected);
  }
}

}  // namespace
}  // namespace cdc::lake_sink
