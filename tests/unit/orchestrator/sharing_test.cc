/// Tables that several orchestrators share: who works on what, and when a table is let go.

#include "orchestrator/sharing.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/orchestrator/scheduler_bench.h"

namespace cdc::orchestrator {
namespace {

using Topics = std::set<std::string>;
using Actions = std::vector<Action>;

struct FakeGroup final : TableGroup {
  void Share(Topics topics) override { shared.push_back(std::move(topics)); }
  void Release() override { ++released; }
  std::vector<Topics> shared;
  int released = 0;
};

const std::string kTopicOfA = "p.public.a", kTopicOfB = "p.public.b";

/// Tables a and b, in a group that has not answered yet.
struct SharingBench : SchedulerBench {
  SharingBench() : SchedulerBench("[tables.a]\n[tables.b]\n") {
    group = &fake;
    Restart();
    source.contents = {{kTopicOfA, {{0, 0}}}, {kTopicOfB, {{0, 0}}}};
    Answer();
    scheduler->Advance();
  }
  void Give(Topics topics, Topics wanted_back = {}) {
    scheduler->sharing().OnShare(std::move(topics), std::move(wanted_back));
    scheduler->Advance();
  }
  void Run(const std::string& table) {
    Produce(table);
    Say(table, contract::Ready{});
    REQUIRE(StateOf(table) == "Running");
  }
  FakeGroup fake;
};

}  // namespace

TEST_CASE("no table has a worker before the group has given it") {
  SharingBench t;
  CHECK(t.fake.shared == std::vector{Topics{kTopicOfA, kTopicOfB}});
  t.Produce("a");
  t.Pass(seconds(60));
  CHECK(t.launcher.starts.empty());
  CHECK(t.StateOf("a") == "Elsewhere");
  t.Give({kTopicOfA});
  t.Pass(seconds(30));
  CHECK(t.launcher.Of("a") != nullptr);
  CHECK(t.StateOf("b") == "Elsewhere");
  t.Produce("b");
  t.Pass(seconds(60));
  CHECK(t.launcher.Of("b") == nullptr);
}

TEST_CASE("a table is let go when its worker has left, not before") {
  SharingBench t;
  t.Give({kTopicOfA, kTopicOfB});
  t.Run("a");
  t.Run("b");
  t.Give({kTopicOfB}, {kTopicOfA});
  CHECK(t.launcher.Of("a")->told == std::vector{contract::Command::kStop});
  CHECK(t.launcher.Of("b")->told.empty());
  CHECK(t.fake.released == 0);
  t.End("a", Exited{0});
  CHECK(t.StateOf("a") == "Elsewhere");
  CHECK(t.fake.released == 1);
  t.Produce("a");
  t.Pass(seconds(60));
  CHECK(t.launcher.starts.size() == 2);
  // It comes back: what has come meanwhile is lag, and lag is work.
  t.Give({kTopicOfA, kTopicOfB});
  t.Pass(seconds(40));
  CHECK(t.launcher.starts.size() == 3);
}

TEST_CASE("what has no worker is let go at once") {
  SharingBench t;
  t.Give({kTopicOfA, kTopicOfB});
  t.Give({}, {kTopicOfA, kTopicOfB});
  CHECK(t.fake.released == 1);
  CHECK(t.StateOf("a") == "Elsewhere");
}

TEST_CASE("people are told who has a table, and sent there") {
  SharingBench t;
  t.Give({kTopicOfB});
  t.scheduler->sharing().OnOwners({{kTopicOfA, "north"}, {kTopicOfB, "here"}});
  t.scheduler->Advance();
  const auto records = t.scheduler->Records();
  CHECK(records.at(0).reason == "orchestrator north has it");
  CHECK_FALSE(records.at(0).lag.has_value());
  CHECK(records.at(1).state == "Idle");
  for (const Status& asked : {t.scheduler->repairs().Trigger("a"), t.scheduler->repairs().Pause("a"),
                              t.scheduler->repairs().Resume("a"), t.scheduler->repairs().Restart("a"),
                              t.scheduler->repairs().Lend("a", "cdc reset", [] {})}) {
    REQUIRE(asked.has_error());
    CHECK(asked.error().kind == ErrorKind::kConflict);
    CHECK(asked.error().message.find("orchestrator north has it") != std::string::npos);
  }
}

TEST_CASE("a table that is given away leaves every phase, and stays away") {
  const SteadyTime now{seconds(1000)};
  const Rules rules;
  for (const Phase phase : kAllPhases) {
    INFO(ToString(phase));
    TableState before;
    before.phase = phase;
    before.start_again = phase == Phase::kStopping;
    before.paused = phase == Phase::kPaused;
    Step step = Next(before, GivenAway{"north"}, now, rules, "t");
    if (phase == Phase::kStarting || phase == Phase::kRunning)
      CHECK(step.actions == Actions{Action::kSayStop});
    if (phase == Phase::kIdle) CHECK(step.actions == Actions{Action::kMute});
    if (IsActive(phase)) {
      CHECK(step.state.phase == Phase::kStopping);
      step = Next(step.state, WorkerEnded{Judge(Exited{78})}, now, rules, "t");
    }
    CHECK(step.state.phase == Phase::kElsewhere);
    for (const Event& e : {Event(LagSeen{}), Event(SlotFree{}), Event(Triggered{}), Event(RestartAsked{}),
                           Event(SettingsChanged{}), Event(TimePassed{}), Event(StopAsked{})}) {
      const Step none = Next(step.state, e, now + seconds(999), rules, "t");
      CHECK(none.state.phase == Phase::kElsewhere);
      CHECK(none.actions.empty());
    }
    const Step back = Next(step.state, TakenOver{}, now, rules, "t");
    CHECK(back.state.phase == (phase == Phase::kPaused ? Phase::kPaused : Phase::kIdle));
  }
}

TEST_CASE("a command that works on a table ends before the table is elsewhere") {
  const SteadyTime now{seconds(1000)};
  const Rules rules;
  Step step = Next({}, LoanAsked{"cdc maintain"}, now, rules, "t");
  step = Next(step.state, GivenAway{"north"}, now, rules, "t");
  CHECK(step.state.phase == Phase::kPaused);
  step = Next(step.state, LoanEnded{true}, now, rules, "t");
  CHECK(step.state.phase == Phase::kElsewhere);
  // Back while the worker is still leaving: it ends, and the table is as any other.
  TableState running;
  running.phase = Phase::kRunning;
  step = Next(running, GivenAway{"north"}, now, rules, "t");
  step = Next(step.state, TakenOver{}, now, rules, "t");
  step = Next(step.state, WorkerEnded{Judge(Exited{0})}, now, rules, "t");
  CHECK(step.state.phase == Phase::kIdle);
}

}  // namespace cdc::orchestrator
