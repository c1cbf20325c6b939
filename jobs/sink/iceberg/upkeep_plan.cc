#include "jobs/sink/iceberg/upkeep_plan.h"

#include <algorithm>

namespace cdc::iceberg_sink {
namespace {

/// Snapshots beyond the policy before expiry is worth a commit, and at most at a time: the files they leave
/// behind may have to be read from manifests, which takes a millisecond or two for each (with files for a
/// hundred deletes).
constexpr size_t kExpirySlack = 20, kMaxExpired = 100, kMaxExpiredBetweenCommits = 20;

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

size_t ExpiryBatch(size_t expired, MaintenanceMode mode) {
  if (expired < (mode == MaintenanceMode::kThorough ? 1 : kExpirySlack)) return 0;
  return std::min(expired,
                  mode == MaintenanceMode::kBetweenCommits ? kMaxExpiredBetweenCommits : kMaxExpired);
}

}  // namespace cdc::iceberg_sink
