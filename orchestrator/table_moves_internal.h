#pragma once

/// \file orchestrator/table_moves_internal.h
/// For table_state.cc only: the ways from one phase to another.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "orchestrator/table_state.h"

namespace cdc::orchestrator {

/// first, 2·first, 4·first … at most `longest`, for the n-th time, n ≥ 1.
inline Millis Doubling(Millis first, Millis longest, int n) {
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

  /// The table is another orchestrator's, and no command works on it here.
  bool to_be_elsewhere() const { return step_.state.elsewhere && step_.state.lent_to.empty(); }

  void ToElsewhere() {
    if (s().phase == Phase::kIdle) Do(Action::kMute);
    s().phase = Phase::kElsewhere;
    s().start_again = false;
    ForgetFailures();
    s().held_reason.clear();
    s().held_hint.clear();
    s().reason = s().owner.empty() ? "the group of orchestrators has not given it to this one"
                                   : fmt::format("orchestrator {} has it", s().owner);
    s().hint.clear();
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
      case Phase::kElsewhere: return;
    }
  }

  /// Nobody wants it paused any more.
  void GoOn() {
    if (s().phase == Phase::kStopping) s().start_again = true;
    if (s().phase == Phase::kPaused) return to_be_elsewhere() ? ToElsewhere() : ToPending(now_);
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

}  // namespace cdc::orchestrator
