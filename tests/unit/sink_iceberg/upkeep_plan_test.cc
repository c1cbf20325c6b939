#include "jobs/sink/iceberg/upkeep_plan.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

namespace cdc::iceberg_sink {
namespace {

using Mode = MaintenanceMode;
using Task = UpkeepTask;
using Tasks = std::vector<Task>;

constexpr Mode kModes[] = {Mode::kBetweenCommits, Mode::kAtEnd, Mode::kIdle, Mode::kThorough};

TEST_CASE("deleting comes first, then expiry, then compaction; the rest waits until there is time") {
  const UpkeepState fresh;
  CHECK(TasksFor(fresh, Mode::kBetweenCommits) ==
        Tasks{Task::kDeleteFiles, Task::kExpire, Task::kPlanCompaction, Task::kDeleteFiles});
  for (const Mode mode : {Mode::kAtEnd, Mode::kIdle, Mode::kThorough}) {
    CHECK(TasksFor(fresh, mode) == Tasks{Task::kDeleteFiles, Task::kExpire, Task::kPlanCompaction,
                                         Task::kSplitDeletes, Task::kSweep, Task::kDeleteFiles});
  }
}

TEST_CASE("a compaction under way is finished before another is planned, and expiry looks once a commit") {
  for (const Mode mode : kModes) {
    UpkeepState state;
    state.compacting = true;
    CHECK(TasksFor(state, mode) == Tasks{Task::kDeleteFiles, Task::kExpire, Task::kCompact});
    state.expiry_looked_at = true;
    CHECK(TasksFor(state, mode) == Tasks{Task::kDeleteFiles, Task::kCompact});
  }
}

TEST_CASE("what needed no compaction is not planned again, and expiry is looked at all the same") {
  for (const Mode mode : kModes) {
    UpkeepState state;
    state.compaction_planned = state.expiry_looked_at = true;
    const Tasks tasks = TasksFor(state, mode);
    CHECK(std::count(tasks.begin(), tasks.end(), Task::kPlanCompaction) == 0);
    CHECK(std::count(tasks.begin(), tasks.end(), Task::kExpire) == 1);
  }
}

TEST_CASE("expiry waits until it is worth a commit, and takes few snapshots between commits") {
  CHECK(ExpiryBatch(19, Mode::kBetweenCommits) == 0);
  CHECK(ExpiryBatch(20, Mode::kBetweenCommits) == 20);
  CHECK(ExpiryBatch(300, Mode::kBetweenCommits) == 20);
  CHECK(ExpiryBatch(19, Mode::kIdle) == 0);
  CHECK(ExpiryBatch(300, Mode::kIdle) == 100);
  CHECK(ExpiryBatch(300, Mode::kAtEnd) == 100);
  CHECK(ExpiryBatch(0, Mode::kThorough) == 0);
  CHECK(ExpiryBatch(1, Mode::kThorough) == 1);
  CHECK(ExpiryBatch(300, Mode::kThorough) == 100);
}

TEST_CASE("leftovers are looked for every six hours, and once in a thorough run") {
  using std::chrono::hours;
  CHECK(DecideSweep(Mode::kIdle, hours(6), false) == SweepDecision::kNotDue);
  CHECK(DecideSweep(Mode::kIdle, hours(7), false) == SweepDecision::kSweep);
  CHECK(DecideSweep(Mode::kIdle, hours(7), true) == SweepDecision::kSweep);
  CHECK(DecideSweep(Mode::kIdle, std::nullopt, false) == SweepDecision::kStartClock);
  CHECK(DecideSweep(Mode::kThorough, hours(1), false) == SweepDecision::kSweep);
  CHECK(DecideSweep(Mode::kThorough, std::nullopt, false) == SweepDecision::kSweep);
  CHECK(DecideSweep(Mode::kThorough, hours(7), true) == SweepDecision::kNotDue);
}

TEST_CASE("more deleted rows are tolerated the less time there is") {
  const auto share = [](Mode mode) { return RulesFor(mode, 128 << 20, 256 << 20).deleted_share; };
  CHECK(share(Mode::kBetweenCommits) == 0.2);
  CHECK(share(Mode::kAtEnd) == 0.2);
  CHECK(share(Mode::kIdle) == 0.1);
  CHECK(share(Mode::kThorough) == 0);
  CHECK(RulesFor(Mode::kThorough, 128 << 20, 256 << 20).thorough);
  CHECK(RulesFor(Mode::kIdle, 7, 256 << 20).target_bytes == 7);
}

}  // namespace
}  // namespace cdc::iceberg_sink
