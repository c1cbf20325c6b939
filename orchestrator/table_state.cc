#include <fmt/format.h>

#include "orchestrator/table_moves_internal.h"

namespace cdc::orchestrator {
namespace {

/// One step of one table. Each On() decides all eight phases; what it does not name stays as it is.
class Stepper final : public Moves {
 public:
  using Moves::Moves;

  void On(const LagSeen&) {
    // Idle -> Pending. Everywhere else it is known already, or will be seen when the table listens again.
    if (s().phase == Phase::kIdle) ToPending(StartDue());
  }

  void On(const SlotFree&) {
    if (s().phase != Phase::kPending || now_ < s().due) return;
    // Pending -> Starting
    s().phase = Phase::kStarting;
    s().last_start = now_;
    s().deadline = now_ + rules_.start_timeout;
    s().reason.clear();
    s().hint.clear();
    Do(Action::kStart);
  }

  void On(const LockBusy& e) {
    if (s().phase != Phase::kPending) return;
    s().due = now_ + rules_.lock_poll;
    s().reason = fmt::format("waits for process {}, which still works on this table", e.pid);
  }

  void On(const StartFailed& e) {
    if (s().phase != Phase::kStarting) return;
    // Starting -> Backoff or Held
    if (e.error.kind == ErrorKind::kTransient) return Retry(e.error.message);
    Hold(e.error.message, e.error.hint.empty() ? Release() : e.error.hint + ", then " + Release());
  }

  void On(const WorkerReady&) {
    if (s().phase != Phase::kStarting) return;
    // Starting -> Running
    s().phase = Phase::kRunning;
    s().running_since = now_;
    s().deadline = now_ + rules_.report_timeout;
    s().caught_up = s().in_doubt = false;
  }

  void On(const WorkerProgress& e) {
    if (!IsActive(s().phase)) return;
    if (e.committed) ForgetFailures();
    if (s().phase == Phase::kStopping) return;  // its deadline stands
    s().deadline = now_ + (s().phase == Phase::kRunning ? rules_.report_timeout : rules_.start_timeout);
    s().caught_up = e.caught_up;
    s().in_doubt = e.in_doubt;
  }

  void On(const WorkerExiting& e) {
    if (!IsActive(s().phase)) return;
    if (s().phase == Phase::kStopping) return Do(Action::kSayGo);
    if (e.behind) {
      s().caught_up = false;
      s().deadline = now_ + rules_.report_timeout;
      return Do(Action::kSayStay);
    }
    ToStopping(0, Action::kSayGo);  // Running -> Stopping
  }

  void On(const WorkerEnded& e) {
    if (!IsActive(s().phase)) return;
    if (e.committed) ForgetFailures();
    if (to_be_elsewhere()) return ToElsewhere();  // Stopping -> Elsewhere
    if (to_be_paused()) {                         // Stopping -> Paused
      ToPaused();
      if (e.end.outcome != Outcome::kPermanent) return;
      s().held_reason = e.reason.empty() ? e.end.description : e.reason;
      s().held_hint = Advice();
      return;
    }
    if (s().start_again) return ToPending(now_);  // Stopping -> Pending: the operator's word counts
    const std::string& cause = e.reason.empty() ? e.end.description : e.reason;
    switch (e.end.outcome) {
      case Outcome::kDone: return ToIdle();
      case Outcome::kTryAgain: return Retry(cause);
      case Outcome::kPermanent: return Hold(cause, Advice());
      case Outcome::kCrashed: break;
    }
    // Killed because it did not leave in time, in an outage perhaps; one that fell silent has a reason.
    if (s().phase == Phase::kStopping && s().harshness == 2 && s().reason.empty())
      return Retry("did not leave in time and was killed");
    Crash(e.end.description, e.reason);
  }

  void On(const SlotWanted&) {
    if (WouldYield(s(), now_, rules_)) ToStopping(0, Action::kSayYield);  // Running -> Stopping
  }

  void On(const Triggered&) {
    switch (s().phase) {
      case Phase::kIdle:
      case Phase::kPending:
      case Phase::kBackoff:
      case Phase::kHeld:
        ForgetFailures();
        return ToPending(now_);  // Idle, Backoff, Held -> Pending, whatever the rate limit says
      case Phase::kStopping: s().start_again = !to_be_paused() && !s().elsewhere; return;
      case Phase::kStarting:
      case Phase::kRunning:
      case Phase::kElsewhere:
      case Phase::kPaused: return;  // Paused: ResumeAsked alone
    }
  }

  void On(const RestartAsked&) {
    if (s().phase != Phase::kStarting && s().phase != Phase::kRunning) return On(Triggered{});
    s().start_again = true;
    ToStopping(0, Action::kSayStop);  // Starting, Running -> Stopping
  }

  void On(const PauseAsked&) {
    s().paused = true;
    Withdraw();  // Idle, Pending, Backoff, Held -> Paused; Starting, Running -> Stopping
  }

  void On(const ResumeAsked&) {
    if (!std::exchange(s().paused, false)) return;
    if (to_be_paused()) return Withdraw();  // a command works on it still
    GoOn();                                 // Paused -> Pending, whatever the rate limit says
  }

  void On(const LoanAsked& e) {
    s().lent_to = e.to;
    Withdraw();  // as PauseAsked
  }

  void On(const LoanEnded& e) {
    if (s().lent_to.empty()) return;
    s().lent_to.clear();
    if (e.finished) {
      s().held_reason.clear();
      s().held_hint.clear();
    }
    if (to_be_elsewhere()) return GoOn();
    if (to_be_paused()) return Withdraw();  // the operator's pause goes on
    // Paused -> Held, Pending: what was Held and is not solved stays so.
    if (s().phase == Phase::kPaused && !s().held_reason.empty())
      return Hold(std::exchange(s().held_reason, {}), std::exchange(s().held_hint, {}));
    GoOn();
  }

  void On(const GivenAway& e) {
    s().elsewhere = true;
    s().owner = e.to;
    switch (s().phase) {
      case Phase::kIdle:
      case Phase::kPending:
      case Phase::kBackoff:
      case Phase::kHeld:
      case Phase::kElsewhere: return ToElsewhere();
      case Phase::kStarting:
      case Phase::kRunning: return ToStopping(0, Action::kSayStop);
      case Phase::kStopping: s().start_again = false; return;
      case Phase::kPaused: return to_be_elsewhere() ? ToElsewhere() : void();  // lent: when that has ended
    }
  }

  void On(const TakenOver&) {
    s().elsewhere = false;
    s().owner.clear();
    if (s().phase != Phase::kElsewhere) return;
    if (to_be_paused()) return ToPaused();
    ToIdle();  // Elsewhere -> Idle: what has come meanwhile is seen as lag
  }

  void On(const SettingsChanged&) {
    switch (s().phase) {
      case Phase::kBackoff: ForgetFailures(); return ToPending(StartDue());  // Backoff -> Pending
      case Phase::kHeld:
        ForgetFailures();
        return ToPending(
            now_);  // Held -> Pending: whoever solved it wants to see it, whatever the rate limit
      case Phase::kStarting:
      case Phase::kRunning: return ToStopping(0, Action::kSayStop);  // Starting, Running -> Stopping
      case Phase::kIdle:
      case Phase::kPending:
      case Phase::kElsewhere:
      case Phase::kStopping: return;  // the next start reads the new settings
      case Phase::kPaused:            // the same; and what it was Held for may be solved
        s().held_reason.clear();
        s().held_hint.clear();
        return;
    }
  }

  void On(const StopAsked&) {
    if (!IsActive(s().phase)) return;
    if (s().phase == Phase::kStopping && s().harshness > 0) return;
    s().start_again = false;
    ToStopping(1, Action::kTerminate);  // Starting, Running -> Stopping
  }

  void On(const TimePassed&) {
    switch (s().phase) {
      case Phase::kBackoff:
        if (now_ >= s().due) s().phase = Phase::kPending;  // Backoff -> Pending
        return;
      case Phase::kStarting:
      case Phase::kRunning:
        if (now_ < s().deadline) return;
        s().reason = "stopped reporting";
        return ToStopping(1, Action::kTerminate);  // Starting, Running -> Stopping
      case Phase::kStopping:
        if (now_ >= s().deadline) Harsher();
        return;
      case Phase::kIdle:
      case Phase::kPending:
      case Phase::kHeld:
      case Phase::kElsewhere:
      case Phase::kPaused: return;
    }
  }
};

}  // namespace

Step Next(const TableState& state, const Event& event, SteadyTime now, const Rules& rules,
          std::string_view table) {
  Stepper stepper(state, now, rules, table);
  std::visit([&](const auto& e) { stepper.On(e); }, event);
  return stepper.Take();
}

std::optional<SteadyTime> NextWake(const TableState& state) {
  switch (state.phase) {
    case Phase::kPending:
    case Phase::kBackoff: return state.due;
    case Phase::kStarting:
    case Phase::kRunning:
    case Phase::kStopping: return state.deadline;
    case Phase::kIdle:
    case Phase::kHeld:
    case Phase::kElsewhere:
    case Phase::kPaused: return std::nullopt;
  }
  return std::nullopt;
}

bool WouldYield(const TableState& state, SteadyTime now, const Rules& rules) {
  if (state.phase != Phase::kRunning || state.in_doubt) return false;
  return state.caught_up || now - state.running_since >= rules.slice;
}

}  // namespace cdc::orchestrator
