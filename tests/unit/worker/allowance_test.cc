#include "jobs/worker/allowance.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::worker {
namespace {

TEST_CASE("a share of the time, saved up to a limit, and what was overdrawn is paid back") {
  using std::chrono::seconds;
  const SteadyTime start{seconds(1000)};
  Allowance allowance(start);
  CHECK(allowance.Left(start) == Millis{0});
  CHECK(allowance.Left(start + Millis{100}) == Millis{0});  // 9 ms are not worth beginning for
  CHECK(allowance.Left(start + seconds(1)) == Millis{90});
  allowance.Spend(Millis{60});
  CHECK(allowance.Left(start + seconds(1)) == Millis{30});
  CHECK(allowance.Left(start + seconds(60)) == Allowance::kMost);
  allowance.Spend(seconds(1));
  CHECK(allowance.Left(start + seconds(65)) == Millis{0});
  CHECK(allowance.Left(start + seconds(70)) == Millis{200});
}

}  // namespace
}  // namespace cdc::worker
