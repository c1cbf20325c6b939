/// The state machine of a table that is paused or lent to a command.

#include <catch2/catch_test_macros.hpp>

#include "orchestrator/process_end.h"
#include "orchestrator/table_state.h"

namespace cdc::orchestrator {
namespace {

using std::chrono::seconds;
using Actions = std::vector<Action>;

TableState In(Phase phase, SteadyTime now) {
  TableState s;
  s.phase = phase;
  s.due = s.deadline = now + seconds(5);
  s.running_since = now;
  return s;
}

}  // namespace

TEST_CASE("a pause takes whatever there is away, and its end starts the table at once") {
  const SteadyTime now{seconds(1000)};
  const Rules rules;
  for (const Phase phase : kAllPhases) {
    if (phase == Phase::kElsewhere) continue;  // whoever has it is asked
    for (const bool lent : {false, true}) {
      INFO(ToString(phase) << (lent ? " lent" : " paused"));
      TableState before = In(phase, now);
      before.start_again = phase == Phase::kStopping;
      const Event ask = lent ? Event(LoanAsked{"cdc reset"}) : Event(PauseAsked{});
      const Event end = lent ? Event(LoanEnded{true}) : Event(ResumeAsked{});
      Step step = Next(before, ask, now, rules, "t");
      if (phase == Phase::kStarting || phase == Phase::kRunning) {
        CHECK(step.actions == Actions{Action::kSayStop});
        CHECK(step.state.deadline == now + rules.stop_grace);
      } else {
        CHECK(step.actions == (phase == Phase::kIdle ? Actions{Action::kMute} : Actions{}));
      }
      if (IsActive(phase)) {
        CHECK(step.state.phase == Phase::kStopping);
        // The end before its worker's: another one starts.
        const Step early = Next(step.state, end, now, rules, "t");
        CHECK(Next(early.state, WorkerEnded{Judge(Exited{0})}, now, rules, "t").state.phase ==
              Phase::kPending);
        for (const ProcessEnd& how : {ProcessEnd(Exited{0}), ProcessEnd(Exited{75}), ProcessEnd(Exited{78}),
                                      ProcessEnd(Signaled{9})}) {
          CHECK(Next(step.state, WorkerEnded{Judge(how)}, now, rules, "t").state.phase == Phase::kPaused);
        }
        step = Next(step.state, WorkerEnded{Judge(Exited{0})}, now, rules, "t");
      }
      CHECK(step.state.phase == Phase::kPaused);
      CHECK_FALSE(step.state.reason.empty());
      for (const Event& e : {Event(LagSeen{}), Event(SlotFree{}), Event(Triggered{}), Event(RestartAsked{}),
                             Event(SettingsChanged{}), Event(TimePassed{}), Event(StopAsked{})}) {
        const Step none = Next(step.state, e, now + seconds(999), rules, "t");
        CHECK(none.state.phase == Phase::kPaused);
        CHECK(none.actions.empty());
      }
      step = Next(step.state, end, now, rules, "t");
      CHECK(step.state.phase == Phase::kPending);
      CHECK(step.state.due == now);
      CHECK(step.state.reason.empty());
    }
  }
}

TEST_CASE("only what has a process is acted on as a process") {
  for (Phase phase : kAllPhases) {
    TableState s = In(phase, SteadyTime{});
    CHECK(IsActive(phase) ==
          (phase == Phase::kStarting || phase == Phase::kRunning || phase == Phase::kStopping));
    CHECK(ParsePhase(ToString(phase)) == phase);
    CHECK(NextWake(s).has_value() ==
          (phase != Phase::kIdle && phase != Phase::kHeld && phase != Phase::kPaused && phase != Phase::kElsewhere));
  }
}

}  // namespace cdc::orchestrator
