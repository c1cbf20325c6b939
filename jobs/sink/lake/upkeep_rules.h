#pragma once

/// \file jobs/sink/lake/upkeep_rules.h
/// How much maintenance is worth it, and when: decisions alone, without effects.

#include <chrono>
#include <optional>

#include "jobs/sink/lake/rewrite_plan.h"
#include "jobs/worker/sink.h"

namespace cdc::lake_sink {

/// What a step of maintenance leaves behind.
enum class Progress {
  kNothing,  ///< there was nothing to do
  kMore,     ///< it did something; there may be more
  kWait,     ///< there is more to do, but the next step is too expensive for now
};

RewriteRules RulesFor(worker::Tidying mode, int64_t target_file_bytes, int64_t memory_bytes);

enum class SweepDecision {
  kNotDue,
  kStartClock,  ///< a table made just now has no leftovers yet: only notes the time
  kSweep,
};
/// \param age since the last sweep; nothing: not known \param swept whether this run has swept thoroughly
SweepDecision DecideSweep(worker::Tidying mode, std::optional<std::chrono::nanoseconds> age, bool swept);

}  // namespace cdc::lake_sink
