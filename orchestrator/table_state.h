#pragma once

/// \file orchestrator/table_state.h
/// The supervision of one table as a pure function: state and event in, state and actions out. No clock, no
/// I/O.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "orchestrator/job_end.h"

namespace cdc::orchestrator {

/// Names that operators know. Idle: nothing to do, listening. Pending: needs a worker, due at
/// TableState::due. Starting: spawned, not ready yet. Stopping: told to leave. Backoff: failed, tried again
/// at `due`. Held: waits for somebody to act. Paused: an operator wants no worker, or a command works on the
/// table. Elsewhere: another orchestrator has it.
enum class Phase { kIdle, kPending, kStarting, kRunning, kStopping, kBackoff, kHeld, kPaused, kElsewhere };
inline constexpr Phase kAllPhases[] = {Phase::kIdle,    Phase::kPending,  Phase::kStarting,
                                       Phase::kRunning, Phase::kStopping, Phase::kBackoff,
                                       Phase::kHeld,    Phase::kPaused,   Phase::kElsewhere};
const char* ToString(Phase phase);
std::optional<Phase> ParsePhase(std::string_view text);

/// Timing of one table; milliseconds.
struct Rules {
  Millis rate_limit{30'000};  ///< between two starts
  Millis jitter{0};           ///< on top, different for each table: Jitter()
  Millis first_crash_backoff{5'000};
  Millis longest_crash_backoff{300'000};
  Millis first_retry{1'000};
  Millis longest_retry{30'000};
  int max_crashes = 5;             ///< without a commit in between, then Held
  Millis start_timeout{120'000};   ///< without a sign of life before ready
  Millis report_timeout{120'000};  ///< without a sign of life while running
  Millis stop_grace{30'000};       ///< from being told to Terminate(), and from that to Kill()
  Millis slice{10'000};            ///< of work before a lagging worker yields its slot
  Millis lock_poll{500};           ///< between looks at an orphan's lock
};

/// Spreads the tables' slots: 50 ms to 50 ms plus a twentieth of the limit, at most 1.5 s more.
Millis Jitter(std::string_view table, Millis rate_limit);

struct TableState {
  Phase phase = Phase::kIdle;
  std::optional<SteadyTime> last_start = {};
  SteadyTime due{};              ///< Pending, Backoff: not before
  SteadyTime deadline{};         ///< Starting, Running: sign of life until; Stopping: the next harsher step
  SteadyTime running_since{};    ///< Running: begin of its slice
  bool caught_up = false;        ///< Running: as last reported
  bool in_doubt = false;         ///< Running: a commit's outcome is unknown
  bool start_again = false;      ///< Stopping: triggered meanwhile
  bool paused = false;           ///< an operator wants no worker; Paused, or Stopping on its way there
  std::string lent_to = {};      ///< a command works on the table: who; the same. Empty: none
  bool elsewhere = false;        ///< another orchestrator has it; Elsewhere, or on its way there
  std::string owner = {};        ///< which one; empty: not known
  std::string held_reason = {};  ///< lent while it was Held: why
  std::string held_hint = {};
  int harshness = 0;             ///< Stopping: 0 told, 1 terminated, 2 killed
  int crashes = 0;               ///< in a row, without a commit
  int retries = 0;               ///< exits 75 in a row
  std::string failed_with = {};  ///< what the newest failed run said; empty: none since the last success
  SteadyTime failing_since{};    ///< when the first of those runs ended
  std::string reason = {};       ///< Held, Backoff, Pending: why
  std::string hint = {};         ///< Held: the command that resolves it
};

// Events.
struct LagSeen {};   ///< the end offset is beyond the table's next offset
struct SlotFree {};  ///< a worker may run
struct LockBusy {    ///< another worker of this table, an orphan, is still alive
  int pid;
};
struct StartFailed {
  Error error;
};
struct WorkerReady {};
struct WorkerProgress {
  bool committed;  ///< there was a commit since the last report
  bool caught_up;
  bool in_doubt;
};
struct WorkerExiting {
  bool behind;  ///< the end offset is beyond what it would leave at
};
struct WorkerEnded {
  JobEnd end;
  bool committed = false;   ///< since the last report
  std::string reason = {};  ///< the worker's own words
};
struct SlotWanted {};       ///< another table is due and has no slot
struct Triggered {};        ///< by an operator
struct SettingsChanged {};  ///< the table's entry in tables.toml, or what all tables use
struct PauseAsked {};       ///< by an operator, as the next two
struct ResumeAsked {};
struct RestartAsked {};
struct LoanAsked {  ///< a command wants to work on the table
  std::string to;
};
struct LoanEnded {
  bool finished;  ///< it did what it was for; else it was killed, or changed nothing
};
struct GivenAway {  ///< another orchestrator has it from now on, or is told of
  std::string to;   ///< its name; empty: not known
};
struct TakenOver {};  ///< this orchestrator has it from now on
struct StopAsked {};  ///< shutdown, or the table was removed
struct TimePassed {};
using Event =
    std::variant<LagSeen, SlotFree, LockBusy, StartFailed, WorkerReady, WorkerProgress, WorkerExiting,
                 WorkerEnded, SlotWanted, Triggered, SettingsChanged, PauseAsked, ResumeAsked, RestartAsked,
                 LoanAsked, LoanEnded, GivenAway, TakenOver, StopAsked, TimePassed>;

/// What the caller must do, in order.
enum class Action {
  kListen,   ///< watch the topic from the table's next offsets
  kMute,     ///< stop watching it
  kStart,    ///< spawn the worker; answer with StartFailed if that fails
  kSayStop,  ///< over the job channel, as the next three
  kSayYield,
  kSayGo,
  kSayStay,
  kTerminate,  ///< Launcher::Run::Terminate()
  kKill,       ///< Launcher::Run::Kill()
};

struct Step {
  TableState state;
  std::vector<Action> actions = {};
};

/// Decides every pair of phase and event. `table` is for texts only.
Step Next(const TableState& state, const Event& event, SteadyTime now, const Rules& rules,
          std::string_view table);

/// When TimePassed or SlotFree would change something; nothing: never by itself.
std::optional<SteadyTime> NextWake(const TableState& state);

/// Whether SlotWanted would make this worker leave.
bool WouldYield(const TableState& state, SteadyTime now, const Rules& rules);

/// Has a process.
inline bool IsActive(Phase phase) {
  return phase == Phase::kStarting || phase == Phase::kRunning || phase == Phase::kStopping;
}

}  // namespace cdc::orchestrator
