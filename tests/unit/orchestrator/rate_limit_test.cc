/// How long a table waits between two starts.

#include "tests/unit/orchestrator/scheduler_bench.h"

namespace cdc::orchestrator {

using Bench = SchedulerBench;

TEST_CASE("no two starts within the rate limit, also over a restart, and no change is dropped") {
  Bench t;
  t.source.contents["p.public.a"][0] = 0;
  t.Answer();
  t.Produce("a");
  SteadyTime start = t.clock.steady();
  t.Say("a", contract::Ready{});
  t.Pass(seconds(5));
  t.End("a", Exited{0});
  t.Produce("a");
  CHECK(t.StateOf("a") == "Pending");
  t.Pass(seconds(4));
  t.Restart();
  t.Answer();
  CHECK(t.launcher.starts.empty());
  t.Pass(start + seconds(30) - t.clock.steady() > Millis(0)
             ? std::chrono::duration_cast<Millis>(start + seconds(30) - t.clock.steady())
             : Millis(0));
  CHECK(t.launcher.starts.empty());
  t.Pass(seconds(2));  // the jitter
  CHECK(t.launcher.starts.size() == 1);
}

TEST_CASE("the rate limit counts from the start itself, however long what is written before it takes") {
  Bench t;
  std::vector<SteadyTime> starts;
  t.launcher.before_start = [&] {
    if (starts.empty()) t.clock.Pass(seconds(3));  // more than the jitter
    starts.push_back(t.clock.steady());
  };
  t.source.contents["p.public.a"][0] = 0;
  t.Answer();
  t.Produce("a");
  t.Say("a", contract::Ready{});
  t.End("a", Exited{0});
  t.Produce("a");
  t.Pass(seconds(40));
  REQUIRE(starts.size() == 2);
  CHECK(starts[1] - starts[0] >= seconds(30));
}

}  // namespace cdc::orchestrator
