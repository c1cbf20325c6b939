#include "jobs/sink/lake/upkeep_pace.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::lake_sink {
namespace {

using worker::Tidying;

/// Moves only when it is told.
class StillClock final : public Clock {
 public:
  SteadyTime steady() const override { return now; }
  WallTime wall() const override { return {}; }
  SteadyTime now{};
};

struct Fixture {
  StillClock clock;
  UpkeepPace pace{clock};
  int steps = 0;

  /// Steps that take so long and leave more to do.
  Result<bool> Run(Tidying mode, Millis each, Progress leaves = Progress::kMore) {
    return pace.Run(mode, [&]() -> Result<Progress> {
      ++steps;
      clock.now += each;
      return leaves;
    });
  }
};

TEST_CASE_METHOD(Fixture, "an idle table is worked on for a slice at a time") {
  CHECK(Run(Tidying::kIdle, Millis(20)).value());
  CHECK(steps == 3);  // 20, 40, 60 ms: the slice is 50
  CHECK(pace.limit(Tidying::kIdle) == nullptr);
}

TEST_CASE_METHOD(Fixture, "it ends where nothing is left, and says whether there may be more later") {
  CHECK_FALSE(Run(Tidying::kIdle, Millis(1), Progress::kNothing).value());
  CHECK(Run(Tidying::kIdle, Millis(1), Progress::kWait).value());
  CHECK(steps == 2);
}

TEST_CASE_METHOD(Fixture, "between commits it takes what has been saved up, and no step without it") {
  CHECK(Run(Tidying::kBetweenCommits, Millis(5)).value());
  CHECK(steps == 0);
  clock.now += std::chrono::seconds(10);  // more than can be saved: 80 ms
  CHECK(Run(Tidying::kBetweenCommits, Millis(20)).value());
  CHECK(steps == 4);
  CHECK(pace.limit(Tidying::kBetweenCommits) != nullptr);
}

TEST_CASE_METHOD(Fixture, "what failed is left alone for half a minute") {
  const auto fail = [&]() -> Result<Progress> {
    ++steps;
    return Error{ErrorKind::kTransient, "the store does not answer"};
  };
  CHECK_FALSE(pace.Run(Tidying::kIdle, fail).has_value());
  CHECK_FALSE(pace.Run(Tidying::kIdle, fail).value());
  CHECK(steps == 1);
  clock.now += std::chrono::seconds(30);
  CHECK_FALSE(pace.Run(Tidying::kIdle, fail).has_value());
  CHECK(steps == 2);
}

}  // namespace
}  // namespace cdc::lake_sink
