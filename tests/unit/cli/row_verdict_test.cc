#include "cli/row_verdict.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::cli {
namespace {

RowCounts Counts(std::optional<int64_t> source, std::optional<int64_t> target,
                 std::optional<int64_t> lag = 0) {
  return {source, target, lag};
}

TEST_CASE("Two counts and what they say") {
  CHECK(Judge(Counts(5, 5), {}) == Verdict::kEqual);
  CHECK(Judge(Counts(5, 5, 3), {}) == Verdict::kEqual);
  CHECK(Judge(Counts(5, 4), {}) == Verdict::kDiffers);
  CHECK(Judge(Counts(5, 6, std::nullopt), {}) == Verdict::kDiffers);
  CHECK(Judge(Counts(5, 4, 1), {}) == Verdict::kBehind);
  CHECK(Judge(Counts(5, 6, 1), {}) == Verdict::kBehind);
}

TEST_CASE("A source that changes while it is looked at is behind, an unchanged one differs") {
  CHECK(Judge(Counts(6, 4), Counts(5, 4)) == Verdict::kBehind);
  CHECK(Judge(Counts(5, 4), Counts(5, 3)) == Verdict::kDiffers);
  CHECK(Judge(Counts(5, 4), Counts(std::nullopt, 4)) == Verdict::kDiffers);
}

TEST_CASE("Tables that do not exist") {
  CHECK(Judge(Counts(std::nullopt, 4), {}) == Verdict::kMissing);
  CHECK(Judge(Counts(std::nullopt, std::nullopt), {}) == Verdict::kMissing);
  CHECK(Judge(Counts(4, std::nullopt), {}) == Verdict::kMissing);
  CHECK(Judge(Counts(4, std::nullopt, 4), {}) == Verdict::kBehind);
  CHECK(Judge(Counts(0, std::nullopt), {}) == Verdict::kEqual);
}

TEST_CASE("The difference is the target's") {
  CHECK(Difference(Counts(5, 3)) == -2);
  CHECK(Difference(Counts(3, 5)) == 2);
  CHECK_FALSE(Difference(Counts(3, std::nullopt)).has_value());
}

}  // namespace
}  // namespace cdc::cli
