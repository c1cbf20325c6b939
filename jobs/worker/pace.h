#pragma once

/// \file jobs/worker/pace.h
/// When to commit and when to leave: decisions alone, without effects.

#include <cstdint>

#include "lib/core/clock.h"

namespace cdc::worker {

struct PaceRules {
  Millis commit_interval{1000};
  Millis lagging_interval{5000};      ///< between commits while there is a backlog: fewer, larger files
  Millis key_change_patience{1000};   ///< how long a commit waits for the second half of a key change
  Millis recognition_patience{5000};  ///< and how long the first one for every partition's look back
  Millis idle_timeout{60'000};
  int64_t batch_bytes = 32 << 20;  ///< a batch of this size is committed at once
};

struct PaceState {
  SteadyTime last_commit{};   ///< or the start of the run, minus the commit interval
  SteadyTime last_message{};  ///< or the start of the run
  bool dirty = false;         ///< rows or offsets are not committed
  bool caught_up = false;     ///< every partition is at its end
  bool in_key_change = false;
  SteadyTime key_change_since{};  ///< when its first half came; with in_key_change
  bool looking_back = false;      ///< a partition may still turn out to be of a topic made anew
  SteadyTime looking_back_since{};
  bool leaving = false;  ///< stopped, yielding, or drained
  bool drained = false;  ///< --drain: everything up to the end seen at the start is taken
  int64_t batch_bytes = 0;
};

enum class Act {
  kRead,  ///< wait for messages, at most `wait`
  kCommit,
  kOfferToGo,  ///< idle for long enough: ask the orchestrator
  kLeave,      ///< nothing left to commit, and told to go
};

struct Step {
  Act act = Act::kRead;
  Millis wait{0};
};

/// `commit_interval` after quiet is over at once, so the first change is visible immediately.
Step NextStep(const PaceRules& rules, const PaceState& state, SteadyTime now);

}  // namespace cdc::worker
