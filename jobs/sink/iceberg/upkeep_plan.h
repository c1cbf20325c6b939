#pragma once

/// \file jobs/sink/iceberg/upkeep_plan.h
/// What maintenance does next, and how much of it: decisions alone, without effects.

#include <cstddef>
#include <optional>
#include <vector>

#include "jobs/sink/iceberg/rewrite_plan.h"
#include "jobs/sink/iceberg/words.h"
#include "jobs/sink/lake/upkeep_rules.h"

namespace cdc::iceberg_sink {

using lake_sink::DecideSweep;
using lake_sink::Progress;
using lake_sink::RulesFor;
using lake_sink::SweepDecision;

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

/// How many of `expired` snapshots beyond the policy are expired in one commit; 0: too few to be worth one.
size_t ExpiryBatch(size_t expired, MaintenanceMode mode);

}  // namespace cdc::iceberg_sink
