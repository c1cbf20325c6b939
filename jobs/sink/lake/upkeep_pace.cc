#include "jobs/sink/lake/upkeep_pace.h"

namespace cdc::lake_sink {
namespace {

/// How long maintenance takes at a time while there is nothing else to do.
constexpr Millis kIdleSlice{50};
/// What failed is not tried again for so long.
constexpr std::chrono::seconds kPutOff{30};

}  // namespace

Result<bool> UpkeepPace::Run(worker::Tidying mode, const std::function<Result<Progress>()>& step) {
  const SteadyTime begun = clock_.steady();
  if (begun < put_off_until_) return false;
  const bool between_commits = mode == worker::Tidying::kBetweenCommits;
  SteadyTime now = begun;
  if (between_commits && allowance_.Left(now) == Millis{0}) return true;
  Result<Progress> done = Progress::kNothing;
  do {
    done = step();
    const SteadyTime before = now;
    now = clock_.steady();
    if (between_commits) allowance_.Spend(now - before);
  } while (done && *done == Progress::kMore &&
           (between_commits ? allowance_.Left(now) > Millis{0} : now - begun < kIdleSlice));
  if (done) return *done != Progress::kNothing;
  put_off_until_ = now + kPutOff;
  return done.error();
}

}  // namespace cdc::lake_sink
