#include "jobs/sink/lake/known_deletes.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace cdc::lake_sink {
namespace {

/// Its set takes `bytes`.
PositionSet SetOf(size_t bytes) {
  return PositionSet(std::vector<int64_t>{static_cast<int64_t>(bytes * 8 - 1)});
}

std::string Path(int n) { return "/data/" + std::to_string(n); }

int Known(const KnownDeletes& deletes) {
  int count = 0;
  for (int n = 0; n < 100; ++n) count += deletes.Find(Path(n)) != nullptr ? 1 : 0;
  return count;
}

TEST_CASE("what is deleted is known until the limit, then others are forgotten, as few as will do") {
  REQUIRE(SetOf(1000).byte_size() == 1000);
  KnownDeletes deletes(10'000);
  for (int n = 0; n < 10; ++n) deletes.Keep(Path(n), SetOf(1000));
  CHECK(Known(deletes) == 10);
  CHECK(deletes.byte_size() == 10'000);
  for (int n = 10; n < 50; ++n) {
    const PositionSet* kept = deletes.Keep(Path(n), SetOf(1000));
    REQUIRE(kept != nullptr);
    CHECK(kept == deletes.Find(Path(n)));
    CHECK(kept->Has(7999));
    CHECK(Known(deletes) == 10);
    CHECK(deletes.byte_size() == 10'000);
  }
}

TEST_CASE("a set that grows beyond the limit drives out others, never itself") {
  KnownDeletes deletes(10'000);
  for (int n = 0; n < 10; ++n) deletes.Keep(Path(n), SetOf(1000));
  deletes.Add(Path(3), std::vector<int64_t>{4999 * 8});
  REQUIRE(deletes.Find(Path(3)) != nullptr);
  CHECK(deletes.Find(Path(3))->size() == 2);
  CHECK(deletes.byte_size() <= 10'000);
  CHECK(Known(deletes) < 10);
  CHECK(Known(deletes) > 1);
  deletes.Keep(Path(60), SetOf(20'000));
  CHECK(deletes.Find(Path(60)) != nullptr);
  CHECK(Known(deletes) == 1);
  CHECK(deletes.byte_size() == 20'000);
  deletes.Keep(Path(61), SetOf(1000));
  CHECK(Known(deletes) == 1);
  CHECK(deletes.byte_size() == 1000);
}

TEST_CASE("of a file that is not known, or was forgotten, a part is not taken for all") {
  KnownDeletes deletes(10'000);
  deletes.Add(Path(1), std::vector<int64_t>{5});
  CHECK(deletes.Find(Path(1)) == nullptr);
  deletes.Keep(Path(1), SetOf(1000));
  deletes.Keep(Path(1), SetOf(2000));
  CHECK(deletes.byte_size() == 2000);
  deletes.Forget(Path(1));
  deletes.Forget(Path(2));
  deletes.Add(Path(1), std::vector<int64_t>{5});
  CHECK(Known(deletes) == 0);
  CHECK(deletes.byte_size() == 0);
  deletes.Keep(Path(1), SetOf(1000));
  deletes.ForgetAll();
  CHECK(Known(deletes) == 0);
  CHECK(deletes.byte_size() == 0);
}

}  // namespace
}  // namespace cdc::lake_sink
