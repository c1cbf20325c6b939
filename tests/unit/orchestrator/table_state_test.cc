#include "orchestrator/table_state.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "orchestrator/process_end.h"

namespace cdc::orchestrator {
namespace {

using std::chrono::seconds;
using Actions = std::vector<Action>;

/// One table and a hand-moved clock.
struct Bench {
  Rules rules;
  SteadyTime now{seconds(1'000'000)};
  TableState state;

  Actions On(const Event& event) {
    Step step = Next(state, event, now, rules, "t");
    state = step.state;
    return step.actions;
  }
  Actions After(Millis time, const Event& event) {
    now += time;
    return On(event);
  }
  void Start() {
    On(LagSeen{});
    now = std::max(now, state.due);
    REQUIRE(On(SlotFree{}) == Actions{Action::kStart});
  }
  void Run() {
    Start();
    On(WorkerReady{});
    REQUIRE(state.phase == Phase::kRunning);
  }
  /// The next start after a backoff or a rate limit.
  void Again() {
    now = std::max(now, state.due);
    On(TimePassed{});
    REQUIRE(state.phase == Phase::kPending);
    REQUIRE(On(SlotFree{}) == Actions{Action::kStart});
    On(WorkerReady{});
  }
};

TableState In(Phase phase, SteadyTime now) {
  TableState s;
  s.phase = phase;
  s.due = s.deadline = now + seconds(5);
  s.running_since = now;
  s.crashes = 2;
  return s;
}

}  // namespace

TEST_CASE("the first change after quiet starts at once") {
  Bench t;
  CHECK(t.On(LagSeen{}) == Actions{Action::kMute});
  CHECK(t.state.phase == Phase::kPending);
  CHECK(t.On(SlotFree{}) == Actions{Action::kStart});
  CHECK(t.state.phase == Phase::kStarting);
  CHECK(t.On(WorkerReady{}).empty());
  CHECK(t.state.phase == Phase::kRunning);
}

TEST_CASE("the rate limit defers a start, never drops it") {
  Bench t;
  t.rules.jitter = Millis(70);
  t.Run();
  SteadyTime start = t.now;
  CHECK(t.After(seconds(10), WorkerEnded{Judge(Exited{0})}) == Actions{Action::kListen});
  CHECK(t.state.phase == Phase::kIdle);
  t.After(seconds(1), LagSeen{});
  CHECK(t.state.phase == Phase::kPending);
  CHECK(t.state.due == start + seconds(30) + Millis(70));
  CHECK(NextWake(t.state) == t.state.due);
  CHECK(t.On(SlotFree{}).empty());  // too early
  t.On(LagSeen{});
  CHECK(t.state.due == start + seconds(30) + Millis(70));  // more changes do not postpone it
  t.now = t.state.due - Millis(1);
  CHECK(t.On(SlotFree{}).empty());
  CHECK(t.After(Millis(1), SlotFree{}) == Actions{Action::kStart});
}

TEST_CASE("a start long ago does not delay the next") {
  Bench t;
  t.Run();
  t.After(seconds(31), WorkerEnded{Judge(Exited{0})});
  t.On(LagSeen{});
  CHECK(t.state.due == t.now);
}

TEST_CASE("jitter is stable, small and spread") {
  CHECK(Jitter("a", seconds(30)) == Jitter("a", seconds(30)));
  CHECK(Jitter("a", seconds(30)) != Jitter("b", seconds(30)));
  CHECK(Jitter("a", Millis(0)) == Millis(0));
  for (char c = 'a'; c <= 'z'; ++c) {
    Millis jitter = Jitter(std::string(1, c), seconds(30));
    CHECK((jitter >= Millis(50) && jitter < Millis(1550)));
  }
}

TEST_CASE("crashes back off longer each time, the fifth without a commit holds the table") {
  Bench t;
  t.rules.rate_limit = Millis(0);
  t.Run();
  for (int delay : {5, 10, 20, 40}) {
    t.On(WorkerEnded{Judge(Signaled{11})});
    CHECK(t.state.phase == Phase::kBackoff);
    CHECK(t.state.due == t.now + seconds(delay));
    CHECK(t.state.reason.find("signal 11") != std::string::npos);
    t.Again();
  }
  CHECK(t.On(WorkerEnded{Judge(Exited{1}), false, "boom"}).empty());
  CHECK(t.state.phase == Phase::kHeld);
  CHECK(t.state.reason == "crashed 5 times without a commit, last: exit 1: boom");
  CHECK(t.state.hint.find("cdc trigger t") != std::string::npos);
}

TEST_CASE("a commit in between forgives earlier crashes") {
  Bench t;
  t.rules.rate_limit = Millis(0);
  t.Run();
  for (int i = 0; i < 4; ++i) {
    t.On(WorkerEnded{Judge(Signaled{11})});
    t.Again();
  }
  t.On(WorkerProgress{.committed = true, .caught_up = false, .in_doubt = false});
  t.On(WorkerEnded{Judge(Signaled{11})});
  CHECK(t.state.phase == Phase::kBackoff);
  CHECK(t.state.crashes == 1);
  t.Again();
  for (int i = 0; i < 3; ++i) {
    t.On(WorkerEnded{Judge(Signaled{11})});
    t.Again();
  }
  t.On(WorkerEnded{Judge(Signaled{11}), /*committed=*/true});  // the commit was in the last words
  CHECK(t.state.phase == Phase::kBackoff);
}

TEST_CASE("backoff respects the rate limit") {
  Bench t;
  t.Run();
  SteadyTime start = t.now;
  t.After(seconds(1), WorkerEnded{Judge(Signaled{9})});
  CHECK(t.state.due == start + seconds(30));
}

TEST_CASE("exit 75 backs off up to 30 s and never holds") {
  Bench t;
  t.rules.rate_limit = Millis(0);
  t.Run();
  for (int i = 0; i < 20; ++i) {
    t.On(WorkerEnded{Judge(Exited{75}), false, "no broker"});
    CHECK(t.state.phase == Phase::kBackoff);
    CHECK(t.state.due <= t.now + seconds(30));
    CHECK(t.state.crashes == 0);
    t.Again();
  }
  t.On(WorkerEnded{Judge(Exited{75})});
  CHECK(t.state.due == t.now + seconds(30));
}

TEST_CASE("exit 78 and 64 hold at once, with the worker's words") {
  for (int code : {78, 64}) {
    Bench t;
    t.Run();
    CHECK(t.On(WorkerEnded{Judge(Exited{code}), false, "no key"}).empty());
    CHECK(t.state.phase == Phase::kHeld);
    CHECK(t.state.reason == "no key");
  }
}

TEST_CASE("a signal is not an exit code") {
  Bench t;
  t.Run();
  t.On(WorkerEnded{Judge(Signaled{75})});
  CHECK(t.state.crashes == 1);
  Bench u;
  u.Run();
  u.On(WorkerEnded{Judge(Exited{9})});
  CHECK(u.state.reason == "crashed (1 of 5): exit 9");
}

TEST_CASE("held is released at once: by trigger and by settings, whatever the rate limit") {
  Bench t;
  t.Run();
  t.After(seconds(1), WorkerEnded{Judge(Exited{78})});
  for (const Event& e :
       {Event(LagSeen{}), Event(SlotFree{}), Event(TimePassed{}), Event(StopAsked{}), Event(SlotWanted{})}) {
    CHECK(t.On(e).empty());
    CHECK(t.state.phase == Phase::kHeld);
  }
  Bench u = t;
  t.On(Triggered{});
  CHECK(t.state.phase == Phase::kPending);
  CHECK(t.state.due == t.now);
  CHECK(t.state.reason.empty());
  u.On(SettingsChanged{});
  CHECK(u.state.phase == Phase::kPending);
  CHECK(u.state.due == u.now);
}

TEST_CASE("trigger overrides rate limit and backoff") {
  Bench t;
  t.Run();
  t.After(seconds(1), WorkerEnded{Judge(Exited{0})});
  t.On(LagSeen{});
  CHECK(t.state.due > t.now);
  t.On(Triggered{});
  CHECK(t.On(SlotFree{}) == Actions{Action::kStart});
  t.On(WorkerEnded{Judge(Signaled{6})});
  CHECK(t.state.phase == Phase::kBackoff);
  t.On(Triggered{});
  CHECK(t.On(SlotFree{}) == Actions{Action::kStart});
}

TEST_CASE("trigger of an idle table mutes its topic; of one that stops, starts it again") {
  Bench t;
  CHECK(t.On(Triggered{}) == Actions{Action::kMute});
  t.On(SlotFree{});
  t.On(WorkerReady{});
  CHECK(t.On(Triggered{}).empty());  // runs already
  t.On(WorkerExiting{.behind = false});
  t.On(Triggered{});
  CHECK(t.On(WorkerEnded{Judge(Exited{0})}).empty());
  CHECK(t.state.phase == Phase::kPending);
  CHECK(t.state.due == t.now);
}

TEST_CASE("the exit race: stay while there is more, else go") {
  Bench t;
  t.Run();
  CHECK(t.On(WorkerExiting{.behind = true}) == Actions{Action::kSayStay});
  CHECK(t.state.phase == Phase::kRunning);
  CHECK(t.On(WorkerExiting{.behind = false}) == Actions{Action::kSayGo});
  CHECK(t.state.phase == Phase::kStopping);
  CHECK(t.On(WorkerExiting{.behind = true}) == Actions{Action::kSayGo});  // the answer got lost
  CHECK(t.On(WorkerEnded{Judge(Exited{0})}) == Actions{Action::kListen});
}

TEST_CASE("a caught-up worker yields at once, a lagging one after its slice, one in doubt not") {
  Bench t;
  t.Run();
  CHECK(t.On(SlotWanted{}).empty());
  t.On(WorkerProgress{.committed = true, .caught_up = false, .in_doubt = false});
  CHECK(t.After(Millis(9'999), SlotWanted{}).empty());
  Bench u = t;
  CHECK(t.After(Millis(1), SlotWanted{}) == Actions{Action::kSayYield});
  CHECK(t.state.phase == Phase::kStopping);
  u.On(WorkerProgress{.committed = true, .caught_up = true, .in_doubt = true});
  CHECK(u.After(seconds(60), SlotWanted{}).empty());
  u.On(WorkerProgress{.committed = true, .caught_up = true, .in_doubt = false});
  CHECK(u.On(SlotWanted{}) == Actions{Action::kSayYield});
}

TEST_CASE("a worker that stops reporting is terminated, then killed, and counts as crashed") {
  Bench t;
  t.Run();
  t.After(seconds(100), WorkerProgress{.committed = false, .caught_up = true, .in_doubt = false});
  CHECK(t.After(seconds(119), TimePassed{}).empty());
  CHECK(t.After(seconds(1), TimePassed{}) == Actions{Action::kTerminate});
  CHECK(t.After(seconds(29), TimePassed{}).empty());
  CHECK(t.After(seconds(1), TimePassed{}) == Actions{Action::kKill});
  CHECK(t.After(seconds(30), TimePassed{}) == Actions{Action::kKill});
  t.On(WorkerEnded{Judge(Signaled{9})});
  CHECK(t.state.phase == Phase::kBackoff);
  CHECK(t.state.reason.find("stopped reporting, signal 9") != std::string::npos);
}

TEST_CASE("a worker that was asked to leave and had to be killed is no crash: an outage may have held it") {
  Bench t;
  t.Run();
  CHECK(t.On(StopAsked{}) == Actions{Action::kTerminate});
  CHECK(t.After(seconds(30), TimePassed{}) == Actions{Action::kKill});
  t.On(WorkerEnded{Judge(Signaled{9})});
  CHECK(t.state.phase == Phase::kBackoff);
  CHECK(t.state.crashes == 0);
  CHECK(t.state.retries == 1);
}

TEST_CASE("so does one that never gets ready, and one that ignores stop") {
  Bench t;
  t.Start();
  CHECK(t.After(seconds(120), TimePassed{}) == Actions{Action::kTerminate});
  Bench u;
  u.Run();
  CHECK(u.On(SettingsChanged{}) == Actions{Action::kSayStop});
  CHECK(u.After(seconds(30), TimePassed{}) == Actions{Action::kTerminate});
  CHECK(u.After(seconds(30), TimePassed{}) == Actions{Action::kKill});
}

TEST_CASE("signs of life keep a slow start alive") {
  Bench t;
  t.Start();
  t.After(seconds(119), WorkerProgress{.committed = false, .caught_up = false, .in_doubt = false});
  CHECK(t.state.phase == Phase::kStarting);
  CHECK(t.After(seconds(119), TimePassed{}).empty());
}

TEST_CASE("an orphan's lock is waited for without counting a failure") {
  Bench t;
  t.On(LagSeen{});
  t.On(LockBusy{77});
  CHECK(t.state.phase == Phase::kPending);
  CHECK(t.state.due == t.now + Millis(500));
  CHECK(t.state.reason.find("process 77") != std::string::npos);
  CHECK_FALSE(t.state.last_start);
  CHECK(t.state.crashes == 0);
}

TEST_CASE("a worker that cannot be spawned: missing holds, shortage backs off") {
  Bench t;
  t.Start();
  t.On(StartFailed{{ErrorKind::kNotFound, "start x: no such file", "build it"}});
  CHECK(t.state.phase == Phase::kHeld);
  CHECK(t.state.hint == "build it, then cdc trigger t");
  Bench u;
  u.Start();
  u.On(StartFailed{{ErrorKind::kTransient, "fork: no memory"}});
  CHECK(u.state.phase == Phase::kBackoff);
  CHECK(u.state.crashes == 0);
}

TEST_CASE("shutdown terminates what runs, once") {
  Bench t;
  t.Run();
  CHECK(t.On(StopAsked{}) == Actions{Action::kTerminate});
  CHECK(t.On(StopAsked{}).empty());
  CHECK(t.After(seconds(30), TimePassed{}) == Actions{Action::kKill});
  Bench u;
  u.Run();
  u.On(WorkerExiting{.behind = false});
  CHECK(u.On(StopAsked{}) == Actions{Action::kTerminate});
}

TEST_CASE("pairs that must not change anything do not") {
  SteadyTime now{seconds(1000)};
  Rules rules;
  struct Pair {
    Event event;
    std::vector<Phase> changes;  ///< phases it may change or answer in
  };
  const std::vector<Pair> pairs = {
      {LagSeen{}, {Phase::kIdle}},
      {SlotFree{}, {}},  // nobody is due yet
      {LockBusy{1}, {Phase::kPending}},
      {StartFailed{{ErrorKind::kTransient, "x"}}, {Phase::kStarting}},
      {WorkerReady{}, {Phase::kStarting}},
      {WorkerProgress{true, true, true}, {Phase::kStarting, Phase::kRunning, Phase::kStopping}},
      {WorkerExiting{false}, {Phase::kStarting, Phase::kRunning, Phase::kStopping}},
      {WorkerEnded{Judge(Exited{0})}, {Phase::kStarting, Phase::kRunning, Phase::kStopping}},
      {SlotWanted{}, {}},  // nobody is caught up
      {Triggered{}, {Phase::kIdle, Phase::kPending, Phase::kStopping, Phase::kBackoff, Phase::kHeld}},
      {SettingsChanged{}, {Phase::kStarting, Phase::kRunning, Phase::kBackoff, Phase::kHeld}},
      {PauseAsked{}, {std::begin(kAllPhases), std::end(kAllPhases)}},
      {ResumeAsked{}, {}},  // nobody paused it
      {RestartAsked{},
       {Phase::kIdle, Phase::kPending, Phase::kStarting, Phase::kRunning, Phase::kStopping, Phase::kBackoff,
        Phase::kHeld}},
      {LoanAsked{"x"}, {std::begin(kAllPhases), std::end(kAllPhases)}},
      {LoanEnded{true}, {}},  // nobody has it
      {LoanEnded{false}, {}},
      {GivenAway{"x"}, {std::begin(kAllPhases), std::end(kAllPhases)}},
      {TakenOver{}, {Phase::kElsewhere}},
      {StopAsked{}, {Phase::kStarting, Phase::kRunning, Phase::kStopping}},
      {TimePassed{}, {}},
  };
  for (const Pair& pair : pairs) {
    for (Phase phase : kAllPhases) {
      INFO("event " << pair.event.index() << " in " << ToString(phase));
      TableState before = In(phase, now);
      Step step = Next(before, pair.event, now, rules, "t");
      bool same = step.actions.empty() && step.state.phase == phase && step.state.due == before.due &&
                  step.state.deadline == before.deadline && step.state.crashes == before.crashes &&
                  step.state.last_start == before.last_start && step.state.reason == before.reason &&
                  step.state.start_again == before.start_again && step.state.paused == before.paused &&
                  step.state.lent_to == before.lent_to && step.state.elsewhere == before.elsewhere;
      bool may_change = std::find(pair.changes.begin(), pair.changes.end(), phase) != pair.changes.end();
      CHECK(same != may_change);
    }
  }
}

}  // namespace cdc::orchestrator
