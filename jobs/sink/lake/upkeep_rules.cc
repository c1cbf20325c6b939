#include "jobs/sink/lake/upkeep_rules.h"

#include "jobs/worker/byte_budget.h"

namespace cdc::lake_sink {

using worker::Tidying;

namespace {

/// Files that no snapshot reaches are looked for this often.
constexpr std::chrono::hours kSweepInterval{6};

}  // namespace

RewriteRules RulesFor(Tidying mode, int64_t target_file_bytes, int64_t memory_bytes) {
  RewriteRules rules;
  rules.target_bytes = target_file_bytes;
  rules.max_rows = worker::ShareOut(memory_bytes).rewrite_rows;
  if (mode == Tidying::kIdle) {
    rules.deleted_share = 0.1;
    rules.files_per_merge = 4;
  } else if (mode == Tidying::kThorough) {
    rules.deleted_share = 0;
    rules.files_per_merge = 2;
    rules.thorough = true;
  }
  return rules;
}

SweepDecision DecideSweep(Tidying mode, std::optional<std::chrono::nanoseconds> age, bool swept) {
  const bool due = mode == Tidying::kThorough ? !swept : age && *age > kSweepInterval;
  if (due) return SweepDecision::kSweep;
  return age ? SweepDecision::kNotDue : SweepDecision::kStartClock;
}

}  // namespace cdc::lake_sink
