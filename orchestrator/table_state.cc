#include "orchestrator/table_state.h"

#include <algorithm>

#include <fmt/format.h>

namespace cdc::orchestrator {
namespace {

/// first, 2·first, 4·first … at most `longest`, for the n-th time, n ≥ 1.
Millis Doubling(Millis first, Millis longest, int n) {
  Millis delay = first;
  for (int i = 1; i < n && delay < longest; ++i) delay *= 2;
  return std::min(delay, longest);
}

/// The ways from one phase to another, of one table at one moment.
class Moves {
 public:
  Moves(const TableState& state, SteadyTime now, const Rules& rules, std::string_view table)
      : now_(now), rules_(rules), table_(table), step_{state} {}

  Step Take() { return std::move(step_); }

 protected:
  TableState& s() { return step_.state; }
  void Do(Action action) { step_.actions.push_back(action); }

  SteadyTime StartDue() const {
    const auto& last = step_.state.last_start;
    return last ? std::max(now_, *last + rules_.rate_limit + rules_.jitter) : now_;
  }

  void ForgetFailures() {
    s().crashes = s().retries = 0;
    s().failed_with.clear();
  }

  void ToIdle() {
    s().phase = Phase::kIdle;
    ForgetFailures();
    s().reason.clear();
    s().hint.clear();
    Do(Action::kListen);
  }

  void ToPending(SteadyTime due) {
    bool listening = s().phase == Phase::kIdle;
    s().phase = Phase::kPending;
    s().due = due;
    s().start_again = false;
    s().reason.clear();
    s().hint.clear();
    s().held_reason.clear();
    s().held_hint.clear();
    if (listening) Do(Action::kMute);
  }

  /// Wanted by an operator, or by a command that works on the table.
  bool to_be_paused() { return s().paused || !s().lent_to.empty(); }

  void ToPaused() {
    if (s().phase == Phase::kIdle) Do(Action::kMute);
    if (s().phase == Phase::kHeld) {
      s().held_reason = std::move(s().reason);
      s().held_hint = std::move(s().hint);
    }
    s().phase = Phase::kPaused;
    s().start_again = false;
    ForgetFailures();
    ExplainPause();
  }

  void ExplainPause() {
    s().reason = s().lent_to.empty() ? "paused by an operator" : fmt::format("{} works on it", s().lent_to);
    s().hint = s().paused ? fmt::format("cdc resume {}", table_) : std::string();
  }

  /// Takes the worker away, if there is one, and then pauses.
  void Withdraw() {
    switch (s().phase) {
      case Phase::kIdle:
      case Phase::kPending:
      case Phase::kBackoff:
      case Phase::kHeld: return ToPaused();
      case Phase::kStarting:
      case Phase::kRunning: return ToStopping(0, Action::kSayStop);
      case Phase::kStopping: s().start_again = false; return;
      case Phase::kPaused: return ExplainPause();
    }
  }

  /// Nobody wants it paused any more.
  void GoOn() {
    if (s().phase == Phase::kStopping) s().start_again = true;
    if (s().phase == Phase::kPaused) ToPending(now_);
  }

  void ToStopping(int harshness, Action action) {
    s().phase = Phase::kStopping;
    s().harshness = harshness;
    s().deadline = now_ + rules_.stop_grace;
    Do(action);
  }

  void Harsher() {
    s().harshness = std::min(s().harshness + 1, 2);
    s().deadline = now_ + rules_.stop_grace;
    Do(s().harshness == 1 ? Action::kTerminate : Action::kKill);
  }

  void Crash(const std::string& how, const std::string& words) {
    ++s().crashes;
    std::string cause = s().reason.empty() ? how : s().reason + ", " + how;
    if (!words.empty()) cause += ": " + words;
    if (s().crashes >= rules_.max_crashes) {
      return Hold(fmt::format("crashed {} times without a commit, last: {}", s().crashes, cause), Advice());
    }
    ToBackoff(fmt::format("crashed ({} of {}): {}", s().crashes, rules_.max_crashes, cause),
              Doubling(rules_.first_crash_backoff, rules_.longest_crash_backoff, s().crashes));
  }

  void Retry(const std::string& cause) {
    ++s().retries;
    ToBackoff(cause, Doubling(rules_.first_retry, rules_.longest_retry, s().retries));
  }

  void ToBackoff(std::string reason, Millis delay) {
    if (s().failed_with.empty()) s().failing_since = now_;
    s().failed_with = reason;
    s().phase = Phase::kBackoff;
    s().due = std::max(StartDue(), now_ + delay);
    s().reason = std::move(reason);
    s().hint.clear();
  }

  void Hold(std::string reason, std::string hint) {
    s().failed_with.clear();
    s().phase = Phase::kHeld;
    s().reason = std::move(reason);
    s().hint = std::move(hint);
  }

  std::string Release() const { return fmt::format("cdc trigger {}", table_); }
  std::string Advice() const {
    return fmt::format("see cdc logs {}, resolve it, then {} (a change of its settings releases it too)",
                       table_, Release());
  }

  SteadyTime now_;
  const Rules& rules_;

 private:
  std::string_view table_;
  Step step_;
};

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
    if (to_be_paused()) {  // Stopping -> Paused
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
      case Phase::kStopping: s().start_again = !to_be_paused(); return;
      case Phase::kStarting:
      case Phase::kRunning:
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
    if (to_be_paused()) return Withdraw();  // the operator's pause goes on
    // Paused -> Held, Pending: what was Held and is not solved stays so.
    if (s().phase == Phase::kPaused && !s().held_reason.empty())
      return Hold(std::exchange(s().held_reason, {}), std::exchange(s().held_hint, {}));
    GoOn();
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
    case Phase::kPaused: return std::nullopt;
  }
  return std::nullopt;
}

bool WouldYield(const TableState& state, SteadyTime now, const Rules& rules) {
  if (state.phase != Phase::kRunning || state.in_doubt) return false;
  return state.caught_up || now - state.running_since >= rules.slice;
}

}  // namespace cdc::orchestrator
