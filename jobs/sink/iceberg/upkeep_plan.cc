#include "jobs/sink/iceberg/upkeep_plan.h"

#include <algorithm>

namespace cdc::iceberg_sink {
namespace {

/// Snapshots beyond the policy before expiry is worth a commit, and at most at a time: the files they leave
/// behind may have to be read from manifests, which takes a millisecond or two for each (with files for a
/// hundred deletes).
constexpr size_t kExpirySlack = 20, kMaxExpired = 100, kMaxExpiredBetweenCommits = 20;
/// Files that no snapshot reaches are looked for this often.
constexpr std::chrono::hours kSweepInterval{6};

}  // namespace

std::vector<UpkeepTask> TasksFor(const UpkeepState& state, MaintenanceMode mode) {
  std::vector<UpkeepTask> tasks = {UpkeepTask::kDeleteFiles};
  // A compaction takes hundreds of commits under load. During one, what there is to expire is found out once
  // for each commit, for it takes a walk through all snapshots.
  if (!state.compacting || !state.expiry_looked_at) tasks.push_back(UpkeepTask::kExpire);
  if (state.compacting) {
    tasks.push_back(UpkeepTask::kCompact);
    return tasks;
  }
  if (!state.compaction_planned) tasks.push_back(UpkeepTask::kPlanCompaction);
  if (mode != MaintenanceMode::kBetweenCommits) {
    tasks.push_back(UpkeepTask::kSplitDeletes);
    tasks.push_back(UpkeepTask::kSweep);
  }
  tasks.push_back(UpkeepTask::kDeleteFiles);  // what the sweep found
  return tasks;
}

RewriteRules RulesFor(MaintenanceMode mode, int64_t target_file_bytes, int64_t memory_bytes) {
  RewriteRules rules;
  rules.target_bytes = target_file_bytes;
  rules.max_rows = ShareOut(memory_bytes).rewrite_rows;
  if (mode == MaintenanceMode::kIdle) {
    rules.deleted_share = 0.1;
    rules.files_per_merge = 4;
  } else if (mode == MaintenanceMode::kThorough) {
    rules.deleted_share = 0;
    rules.files_per_merge = 2;
    rules.thorough = true;
  }
  return rules;
}

size_t ExpiryBatch(size_t expired, MaintenanceMode mode) {
  if (expired < (mode == MaintenanceMode::kThorough ? 1 : kExpirySlack)) return 0;
  return std::min(expired,
                  mode == MaintenanceMode::kBetweenCommits ? kMaxExpiredBetweenCommits : kMaxExpired);
}

SweepDecision DecideSweep(MaintenanceMode mode, std::optional<std::chrono::nanoseconds> age, bool swept) {
  const bool due = mode == MaintenanceMode::kThorough ? !swept : age && *age > kSweepInterval;
  if (due) return SweepDecision::kSweep;
  return age ? SweepDecision::kNotDue : SweepDecision::kStartClock;
}

}  // namespace cdc::iceberg_sink
