#pragma once

/// \file jobs/sink/lake/upkeep_pace.h
/// How long maintenance goes on at a time, and when it rests.

#include <functional>

#include "jobs/sink/lake/allowance.h"
#include "jobs/sink/lake/upkeep_rules.h"
#include "lib/core/clock.h"
#include "lib/core/result.h"

namespace cdc::lake_sink {

/// One thread.
class UpkeepPace {
 public:
  explicit UpkeepPace(const Clock& clock) : clock_(clock), allowance_(clock.steady()) {}

  /// Takes `step` after step: between commits as long as the allowance lasts, else for a slice that a record
  /// which arrives waits for at most. \return whether there may be more to do; the error of a step, after
  /// which nothing is done for a while
  Result<bool> Run(worker::Tidying mode, const std::function<Result<Progress>()>& step);

  /// For steps that ask whether they can be afforded now; null: they need not.
  const Allowance* limit(worker::Tidying mode) const {
    return mode == worker::Tidying::kBetweenCommits ? &allowance_ : nullptr;
  }

 private:
  const Clock& clock_;
  Allowance allowance_;
  SteadyTime put_off_until_{};
};

}  // namespace cdc::lake_sink
