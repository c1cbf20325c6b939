#include "orchestrator/slots.h"

#include <algorithm>
#include <vector>

namespace cdc::orchestrator {

void Slots::Give(SteadyTime now) {
  std::vector<JobEntry*> due = tables_.DueAt(now);
  std::erase_if(due, [](const JobEntry* entry) { return entry->removed; });
  if (due.empty()) return;
  std::stable_sort(due.begin(), due.end(),
                   [](const JobEntry* a, const JobEntry* b) { return a->state.due < b->state.due; });
  int active = tables_.active();
  int waiting = 0;
  for (JobEntry* entry : due) {
    if (active >= max_jobs_) {
      ++waiting;
    } else if (const int pid = lock_holder_(entry->name()); pid > 0) {
      feed_(*entry, LockBusy{pid});
    } else {
      feed_(*entry, SlotFree{});
      if (IsActive(entry->state.phase)) ++active;
    }
  }
  AskYields(now, waiting);
}

void Slots::AskYields(SteadyTime now, int waiting) {
  std::vector<JobEntry*> willing;
  for (const auto& [name, entry] : tables_.awake()) {
    if (entry->state.phase == Phase::kStopping) --waiting;  // a slot is on its way
    if (WouldYield(entry->state, now, entry->rules)) willing.push_back(entry);
  }
  // Who has nothing to do goes first, then who had the slot longest.
  std::stable_sort(willing.begin(), willing.end(), [](const JobEntry* a, const JobEntry* b) {
    if (a->state.caught_up != b->state.caught_up) return a->state.caught_up;
    return a->state.running_since < b->state.running_since;
  });
  for (JobEntry* entry : willing) {
    if (waiting-- <= 0) return;
    feed_(*entry, SlotWanted{});
  }
}

}  // namespace cdc::orchestrator
