#include "jobs/worker/pace.h"

#include <algorithm>

namespace cdc::worker {
namespace {

/// Commands and signals are looked at this often.
constexpr Millis kAttention{100};

Step ReadUntil(SteadyTime due, SteadyTime now) {
  const auto wait = std::chrono::ceil<Millis>(due - now);
  return {Act::kRead, std::clamp(wait, Millis{0}, kAttention)};
}

}  // namespace

Step NextStep(const PaceRules& rules, const PaceState& state, SteadyTime now) {
  const bool leaving = state.leaving || state.drained;
  // The halves of a key change belong into one commit; the second is waited for, but not for ever.
  if (state.in_key_change && state.batch_bytes < rules.batch_bytes && !state.leaving &&
      now - state.key_change_since < rules.key_change_patience) {
    return ReadUntil(state.key_change_since + rules.key_change_patience, now);
  }
  // Nor is anything committed of a topic that is not the table's. A partition that nobody serves is not
  // waited for: the others are known by their own records.
  if (state.looking_back && state.batch_bytes < rules.batch_bytes && !state.leaving &&
      now - state.looking_back_since < rules.recognition_patience) {
    return ReadUntil(state.looking_back_since + rules.recognition_patience, now);
  }
  if (!state.dirty) {
    if (leaving) return {Act::kLeave, {}};
    const SteadyTime idle_since = std::max(state.last_commit, state.last_message);
    // The next run would wait for the second half of a key change from the beginning, for ever where each run
    // is shorter than that.
    const bool resting = state.caught_up && !state.in_key_change;
    if (resting && now - idle_since >= rules.idle_timeout) return {Act::kOfferToGo, {}};
    return ReadUntil(resting ? idle_since + rules.idle_timeout : now + kAttention, now);
  }
  if (leaving || state.batch_bytes >= rules.batch_bytes) return {Act::kCommit, {}};
  const Millis interval =
      state.caught_up ? rules.commit_interval : std::max(rules.commit_interval, rules.lagging_interval);
  const SteadyTime due = state.last_commit + interval;
  if (now >= due) return {Act::kCommit, {}};
  return ReadUntil(due, now);
}

}  // namespace cdc::worker
