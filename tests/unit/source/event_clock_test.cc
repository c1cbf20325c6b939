#include "jobs/source/event_clock.h"

#include <catch2/catch_test_macros.hpp>
#include <random>

namespace cdc::source {
namespace {

constexpr int64_t kSecond = 1'000'000;

/// Judges events whose time is so many seconds after 1970.
struct Judge {
  explicit Judge(contract::EventTimes times = {},
                 std::chrono::milliseconds lateness = std::chrono::seconds(5))
      : clock("ts", lateness, std::move(times)) {}

  bool Late(int32_t partition, int64_t offset, int64_t seconds, bool holds_back = false) {
    const std::string time = std::to_string(seconds);
    event::Envelope envelope;
    envelope.kept = time;
    const auto judged = clock.Judge(partition, offset, envelope, holds_back);
    if (judged) CHECK(*judged == seconds * kSecond);
    if (!judged) reason = judged.error().message;
    return !judged;
  }

  EventClock clock;
  std::string reason;
};

}  // namespace

TEST_CASE("an event is late when it is further behind the highest time of its partition than is allowed") {
  Judge judge;
  CHECK_FALSE(judge.Late(0, 0, 100));
  CHECK_FALSE(judge.Late(0, 1, 95));  // just in time
  CHECK(judge.Late(0, 2, 94));
  CHECK(IsLate(judge.reason));
  CHECK(judge.reason.starts_with("late: event time 1970-01-01 00:01:34"));
  CHECK_FALSE(judge.Late(0, 3, 110));
  CHECK(judge.Late(0, 4, 104));
  CHECK_FALSE(judge.Late(0, 5, 105));
}

TEST_CASE("a partition that is silent, or ahead, makes no other partition's events late") {
  Judge judge;
  CHECK_FALSE(judge.Late(0, 0, 1'000));
  CHECK_FALSE(judge.Late(1, 0, 10));
  CHECK_FALSE(judge.Late(1, 1, 6));
  CHECK(judge.Late(0, 1, 10));
}

TEST_CASE("an event that is asked for again is judged as the first time") {
  Judge judge;
  CHECK_FALSE(judge.Late(0, 0, 100));
  CHECK_FALSE(judge.Late(0, 1, 200));
  CHECK_FALSE(judge.Late(0, 1, 200));
  CHECK(judge.Late(0, 2, 150));
  CHECK(judge.Late(0, 2, 150));
  CHECK(judge.clock.TimesBefore({{0, 1}}) == contract::EventTimes{{0, 100 * kSecond}});
  CHECK(judge.clock.TimesBefore({{0, 2}}) == contract::EventTimes{{0, 200 * kSecond}});
}

TEST_CASE("a commit that ends before an open key change remembers the highest time before it") {
  Judge judge;
  CHECK_FALSE(judge.Late(0, 0, 100));
  CHECK_FALSE(judge.Late(0, 1, 110));  // its first half
  CHECK_FALSE(judge.Late(0, 2, 120, true));
  CHECK_FALSE(judge.Late(0, 3, 130, true));
  CHECK(judge.clock.TimesBefore({{0, 1}}) == contract::EventTimes{{0, 100 * kSecond}});
  CHECK(judge.clock.TimesBefore({{0, 3}}) == contract::EventTimes{{0, 120 * kSecond}});
  CHECK(judge.clock.TimesBefore({{0, 4}}) == contract::EventTimes{{0, 130 * kSecond}});
}

TEST_CASE("runs that end at random offsets judge every event as one run does") {
  std::mt19937 dice(20'250'919);
  std::vector<int64_t> times;
  for (int i = 0; i < 3'000; ++i) times.push_back(1'000 + i / 2 + static_cast<int64_t>(dice() % 20));
  Judge whole;
  std::vector<bool> expected;
  for (size_t i = 0; i < times.size(); ++i)
    expected.push_back(whole.Late(3, static_cast<int64_t>(i), times[i]));
  CHECK(std::count(expected.begin(), expected.end(), true) > 100);
  contract::EventTimes committed;
  for (size_t at = 0; at < times.size();) {
    Judge run(committed);
    // It reads further than it commits.
    const size_t end = std::min(times.size(), at + 1 + dice() % 40),
                 read = std::min(times.size(), end + dice() % 10);
    for (size_t i = at; i < read; ++i)
      REQUIRE(run.Late(3, static_cast<int64_t>(i), times[i], i >= end) == expected[i]);
    committed = run.clock.TimesBefore({{3, static_cast<int64_t>(end)}});
    at = end;
  }
}

TEST_CASE("without lateness no event is late, and without a place of the time there is no clock") {
  EventClock clock("ts", std::nullopt, {{0, INT64_MAX}});
  event::Envelope envelope;
  envelope.kept = "1";
  CHECK(clock.Judge(0, 0, envelope, false).has_value());
  CHECK_FALSE(EventClock("", std::nullopt, {}).runs());
}

}  // namespace cdc::source
