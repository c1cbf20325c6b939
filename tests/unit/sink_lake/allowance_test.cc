#include "jobs/sink/lake/allowance.h"

#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <random>

namespace cdc::lake_sink {
namespace {

using std::chrono::seconds;

TEST_CASE("a share of the time, saved up to a limit, and what was overdrawn is paid back") {
  const SteadyTime start{seconds(1000)};
  Allowance allowance(start);
  CHECK(allowance.Left(start) == Millis{0});
  CHECK(allowance.Left(start + Millis{100}) == Millis{0});  // 7 ms are not worth beginning for
  CHECK(allowance.Left(start + seconds(1)) == Millis{70});
  allowance.Spend(Millis{60});
  CHECK(allowance.Left(start + seconds(1)) == Millis{10});
  CHECK(allowance.Left(start + seconds(60)) == Allowance::kMaxSaved);
  allowance.Spend(seconds(1));
  CHECK(allowance.Left(start + seconds(70)) == Millis{0});
  CHECK(allowance.Left(start + seconds(74)) == Millis{60});
}

TEST_CASE("a dear step waits until it is saved up for, but not for what can never be") {
  const SteadyTime start{seconds(1000)};
  Allowance allowance(start);
  (void)allowance.Left(start + seconds(1));
  CHECK(allowance.Affords(Millis{70}));
  CHECK_FALSE(allowance.Affords(Millis{71}));
  CHECK_FALSE(allowance.Affords(seconds(5)));
  (void)allowance.Left(start + seconds(60));
  CHECK(allowance.Affords(seconds(5)));
}

TEST_CASE("what a step costs is learnt from those before: dearer at once, cheaper by and by") {
  StepCost cost(std::chrono::nanoseconds(100));
  CHECK(cost.Of(1'000'000) == Millis{100});
  cost.Learn(1'000'000, Millis{300});
  CHECK(cost.Of(500'000) == Millis{150});
  cost.Learn(1'000'000, Millis{100});
  CHECK(cost.Of(1'000'000) == Millis{250});
  for (int i = 0; i < 30; ++i) cost.Learn(1'000'000, Millis{60});
  CHECK(cost.Of(1'000'000) == Millis{60});
  cost.Learn(1000, Millis{20});  // a commit takes its time for a single row, too
  CHECK(cost.Of(1'000'000) == Millis{60});
}

/// A worker that commits back to back and spends whatever it may, in small steps and a dear one each time it
/// has saved up for it. \return the largest share of any span of `window`
double WorstShare(uint32_t seed, Millis dear, Millis window) {
  std::mt19937 dice(seed);
  SteadyTime now{seconds(1000)};
  Allowance allowance(now);
  now += seconds(20);  // of loading, in which nothing was spent
  struct Spent {
    SteadyTime begin, end;
  };
  std::deque<Spent> within;
  SteadyTime::duration sum{0};
  double worst = 0;
  const SteadyTime end = now + seconds(120);
  while (now < end) {
    now += Millis(1 + dice() % 40);  // a commit
    const SteadyTime begin = now;
    while (allowance.Left(now) > Millis{0}) {
      const Millis step = allowance.Affords(dear) ? dear : Millis(1 + dice() % 15);
      now += step;
      allowance.Spend(step);
      if (dice() % 3 == 0) break;  // a dear one waits: the rest of the savings is for it
    }
    within.push_back({begin, now});
    sum += now - begin;
    while (within.front().end <= now - window) {
      sum -= within.front().end - within.front().begin;
      within.pop_front();
    }
    worst = std::max(worst, std::chrono::duration<double>(sum) / std::chrono::duration<double>(window));
  }
  return worst;
}

TEST_CASE("in no span of some seconds does maintenance take more than a tenth") {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    CHECK(WorstShare(seed, Millis{75}, Millis{4000}) <= 0.1);
    CHECK(WorstShare(seed, Millis{200}, Millis{8000}) <= 0.1);
    CHECK(WorstShare(seed, Millis{75}, Millis{4000}) >= 0.06);  // nor is it starved
  }
}

}  // namespace
}  // namespace cdc::lake_sink
