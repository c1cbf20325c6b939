#include "lib/verify/row_marks.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::verify {
namespace {

RowMark Mark(int64_t key, int64_t row, uint64_t version = 1, int64_t at = 0) {
  return {key, row, {0, at}, version};
}

TEST_CASE("Buckets are a power of two within bounds") {
  CHECK(BucketCount(0) == 16);
  CHECK(BucketCount(1'000'000) == 8192);
  CHECK(BucketCount(1'000'000'000) == 65'536);
  CHECK(BucketOf(-1, 16) == 15);
  CHECK(BucketOf(-16, 16) == 0);
}

TEST_CASE("Rows are compared as bags, whatever their order") {
  CHECK(Compare({Mark(1, 10), Mark(2, 20), Mark(-3, 30)}, {Mark(-3, 30), Mark(2, 20), Mark(1, 10)}).empty());
  CHECK(Compare({}, {}).empty());
  const auto found = Compare({Mark(1, 10), Mark(2, 20), Mark(4, 40), Mark(6, 60)},
                             {Mark(1, 10), Mark(2, 21), Mark(5, 50), Mark(6, 60), Mark(6, 60)});
  REQUIRE(found.size() == 4);
  CHECK(KindOf(found[0], true) == DifferenceKind::kChanged);
  CHECK(KindOf(found[1], true) == DifferenceKind::kMissing);
  CHECK(KindOf(found[2], true) == DifferenceKind::kExtra);
  CHECK(KindOf(found[3], true) == DifferenceKind::kDuplicate);
  const auto fewer = Compare({Mark(1, 1), Mark(1, 1)}, {Mark(1, 1)});
  REQUIRE(fewer.size() == 1);
  CHECK(KindOf(fewer[0], false) == DifferenceKind::kMissing);
}

TEST_CASE("A row that was written between two looks is not the same, even with the same values") {
  const auto before = Compare({Mark(1, 10, 7)}, {Mark(1, 11)})[0];
  CHECK(IsUnchanged(before, Compare({Mark(1, 10, 7)}, {Mark(1, 11)})[0]));
  CHECK_FALSE(IsUnchanged(before, Compare({Mark(1, 10, 8)}, {Mark(1, 11)})[0]));
  CHECK_FALSE(IsUnchanged(before, Compare({Mark(1, 10, 7)}, {Mark(1, 11, 2)})[0]));
  CHECK_FALSE(IsUnchanged(before, Compare({Mark(1, 10, 7)}, {Mark(1, 12)})[0]));
  CHECK_FALSE(IsUnchanged(before, Compare({Mark(1, 10, 7)}, {})[0]));
}

TEST_CASE("Buckets that differ are chosen until their rows are enough, at least one") {
  const Buckets source = {{5, 1}, {9, 2}, {5, 3}, {5, 4}};
  const Buckets target = {{5, 1}, {5, 2}, {5, 0}, {5, 0}};
  BucketSlice slice = ChooseBuckets(source, target, 0, 14);
  CHECK(slice.buckets == std::vector<bool>{false, true, true, false});
  CHECK(slice.next == 3);
  slice = ChooseBuckets(source, target, slice.next, 14);
  CHECK(slice.buckets == std::vector<bool>{false, false, false, true});
  CHECK(slice.next == 4);
  CHECK(ChooseBuckets(source, target, 1, 1).chosen == 1);
  CHECK(ChooseBuckets(source, source, 0, 14).chosen == 0);
}

}  // namespace
}  // namespace cdc::verify
