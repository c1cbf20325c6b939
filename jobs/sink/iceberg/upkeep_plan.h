#pragma once

/// \file jobs/sink/iceberg/upkeep_plan.h
/// What maintenance does next, and how much of it: decisions alone, without effects.

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "jobs/sink/iceberg/rewrite_plan.h"
#include "jobs/sink/iceberg/words.h"

namespace cdc::iceberg_sink {

/// What a step of maintenance leaves behind.
enum class Progress {
  kNothing,  ///< there was nothing to do
  kMore,     ///< it did something; there may be more
  kWait,     ///< there is more to do, but the next step is too expensive for now
};

enum class UpkeepTask {
  kDeleteFiles,     ///< delete files that nothing reaches any more
  kExpire,          ///< expire old snapshots
  kCompact,         ///< continue the compaction under way
  kPlanCompaction,  ///< find data files that are worth rewriting
  kSplitDeletes,    ///< give each data file its deletes for itself
  kSweep,           ///< look for files that no snapshot reaches
};

struct UpkeepState {
  bool compacting = false;          ///< a compaction is under way
  bool expiry_looked_at = false;    ///< for the present snapshot
  bool compaction_planned = false;  ///< for the present snapshot and mode: nothing is worth rewriting
};

/// The tasks to try, in this order, until one finds something to do.
std::vector<UpkeepTask> TasksFor(const UpkeepState& state, MaintenanceMode mode);

RewriteRules RulesFor(MaintenanceMode mode, int64_t target_file_bytes, int64_t memory_bytes);

/// How many of `expired` snapshots beyond the policy are expired in one commit; 0: too few to be worth one.
size_t ExpiryBatch(size_t expired, MaintenanceMode mode);

enum class SweepDecision {
  kNotDue,
  kStartClock,  ///< a table made just now has no leftovers yet: only notes the time
  kSweep,
};
/// \param age since the last sweep; nothing: not known \param swept whether this run has swept thoroughly
SweepDecision DecideSweep(MaintenanceMode mode, std::optional<std::chrono::nanoseconds> age, bool swept);

}  // namespace cdc::iceberg_sink
