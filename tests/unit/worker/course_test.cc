#include "jobs/worker/course.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cdc::worker {
namespace {

const SteadyTime kNow = SteadyTime{} + std::chrono::hours(1);

CourseRules Rules(bool drain = false) {
  CourseRules rules;
  rules.drain = drain;
  rules.pace.batch_bytes = 1000;
  return rules;
}

/// A run that has just read everything and has nothing to commit.
CourseState AtRest() {
  CourseState state;
  state.last_commit = kNow;
  state.source.caught_up = true;
  state.source.last_read = kNow;
  return state;
}

CourseEvent Read(const SourceState& source, bool landed = false) {
  return {.what = Happened::kRead, .source = source, .landed = landed};
}

SourceState Full() {
  SourceState source;
  source.dirty = true;
  source.batch_bytes = 1000;
  source.last_read = kNow;
  return source;
}

constexpr Happened kAll[] = {Happened::kOpened, Happened::kRead,   Happened::kCommitted, Happened::kSentAhead,
                             Happened::kLanded, Happened::kTidied, Happened::kStay,      Happened::kGo,
                             Happened::kStop,   Happened::kClosed, Happened::kFailed,    Happened::kSunk};

}  // namespace

TEST_CASE("a full batch behind a backlog is committed ahead, and read on behind it") {
  CourseStep step = Next(Rules(), {}, Read(Full()), kNow);
  CHECK(step.action == Do::kCommitAhead);
  step = Next(Rules(), step.state, {.what = Happened::kSentAhead}, kNow);
  CHECK(step.action == Do::kRead);
  CHECK(step.state.under_way);
  SECTION("the next full one waits for it") {
    step = Next(Rules(), step.state, Read(Full()), kNow);
    CHECK(step.action == Do::kAwait);
    CHECK(Next(Rules(), step.state, {.what = Happened::kLanded, .source = Full()}, kNow).action ==
          Do::kCommitAhead);
  }
  SECTION("its outcome is taken as soon as it is there") {
    CHECK(Next(Rules(), step.state, Read({}, /*landed=*/true), kNow).action == Do::kAwait);
  }
}

TEST_CASE(
    "a batch with something to save, of another shape, or at the end is committed before more is read") {
  SourceState source = Full();
  CourseState state;
  SECTION("alone") { source.alone = true; }
  SECTION("another shape") {
    source = {};
    source.dirty = source.new_shape = true;  // however small
  }
  SECTION("at the end") { source.caught_up = true; }
  SECTION("told to stop") { state.leaving = true; }
  CHECK(Next(Rules(), state, Read(source), kNow).action == Do::kCommit);
  state.under_way = true;
  CHECK(Next(Rules(), state, Read(source), kNow).action == Do::kAwait);
}

TEST_CASE("an idle run offers to go: it closes, or stays for another idle time") {
  const SteadyTime later = kNow + Rules().pace.idle_timeout;
  CourseStep step = Next(Rules(), AtRest(), Read(AtRest().source), later);
  REQUIRE(step.action == Do::kOffer);
  SECTION("go") {
    step = Next(Rules(), step.state, {.what = Happened::kGo}, later);
    CHECK(step.action == Do::kClose);
    CHECK(Next(Rules(), step.state, {.what = Happened::kClosed}, later).action == Do::kEnd);
  }
  SECTION("stay") {
    step = Next(Rules(), step.state, {.what = Happened::kStay}, later);
    CHECK(step.action == Do::kRead);
    step = Next(Rules(), step.state, Read(AtRest().source), later + Millis{1});
    CHECK(step.action == Do::kRead);
    CHECK(Next(Rules(), step.state, Read(AtRest().source), later + Rules().pace.idle_timeout).action ==
          Do::kOffer);
  }
}

TEST_CASE("quiet time is for tidying up, a slice between two looks at the source") {
  CourseState state = AtRest();
  state.untidy = true;
  const SteadyTime quiet = kNow + Rules().quiet;
  CourseStep step = Next(Rules(), state, Read(state.source), quiet);
  REQUIRE(step.action == Do::kTidyIdle);
  step = Next(Rules(), step.state, {.what = Happened::kTidied, .more = true}, quiet);
  CHECK(step.action == Do::kRead);
  CHECK(step.wait == Millis{0});
  step = Next(Rules(), step.state, Read(state.source), quiet);
  CHECK(step.action == Do::kTidyIdle);
  step = Next(Rules(), step.state, {.what = Happened::kTidied, .more = false}, quiet);
  CHECK(Next(Rules(), step.state, Read(state.source), quiet).action == Do::kRead);
  CHECK(step.state.untidy == false);
}

TEST_CASE("told to stop, a run commits what it has and closes, without tidying up") {
  CourseState state = AtRest();
  state.untidy = true;
  state.source.dirty = true;
  CourseStep step = Next(Rules(), state, {.what = Happened::kStop}, kNow);
  REQUIRE(step.action == Do::kCommit);
  step = Next(Rules(), step.state, {.what = Happened::kCommitted, .source = AtRest().source}, kNow);
  CHECK(step.action == Do::kClose);
}

TEST_CASE("a drained run commits open key changes as deletes, tidies up for a while and closes") {
  CourseState state = AtRest();
  state.source.drained = true;
  state.source.key_change_since = kNow - std::chrono::minutes(1);
  CourseStep step = Next(Rules(true), state, Read(state.source), kNow);
  REQUIRE(step.action == Do::kCommitLast);
  SourceState settled = state.source;
  settled.key_change_since.reset();
  step = Next(Rules(true), step.state, {.what = Happened::kCommitted, .source = settled}, kNow);
  REQUIRE(step.action == Do::kTidyAtEnd);
  step = Next(Rules(true), step.state, {.what = Happened::kTidied, .more = true}, kNow + Millis{1});
  CHECK(step.action == Do::kTidyAtEnd);
  CHECK(Next(Rules(true), step.state, {.what = Happened::kTidied, .more = true},
             kNow + Rules().last_maintenance)
            .action == Do::kClose);
  CHECK(Next(Rules(true), step.state, {.what = Happened::kStop}, kNow + Millis{1}).action == Do::kClose);
}

TEST_CASE("after a failure only the commit under way is waited for, whatever becomes of it") {
  CourseState state = AtRest();
  state.under_way = true;
  const CourseStep step = Next(Rules(), state, {.what = Happened::kFailed}, kNow);
  REQUIRE(step.action == Do::kAwait);
  CHECK(Next(Rules(), step.state, {.what = Happened::kLanded}, kNow).action == Do::kEnd);
  CHECK(Next(Rules(), step.state, {.what = Happened::kSunk}, kNow).action == Do::kEnd);
  CHECK(Next(Rules(), AtRest(), {.what = Happened::kSunk}, kNow).action == Do::kEnd);
}

TEST_CASE("every event in every phase leads on, and a run that is over stays so") {
  const Phase phase =
      GENERATE(Phase::kRunning, Phase::kEnding, Phase::kClosing, Phase::kFailed, Phase::kEnded);
  for (const Happened what : kAll) {
    for (const bool under_way : {false, true}) {
      INFO("phase " << static_cast<int>(phase) << " event " << static_cast<int>(what) << " under way "
                    << under_way);
      CourseState state = AtRest();
      state.phase = phase;
      state.under_way = under_way;
      state.ending_since = kNow;
      const CourseStep step = Next(Rules(), state, {.what = what, .source = AtRest().source}, kNow);
      // Nothing is read or committed once the end has begun, and no end while a commit is under way and
      // unknown.
      if (phase != Phase::kRunning) {
        CHECK(step.action != Do::kRead);
        CHECK(step.action != Do::kCommit);
        CHECK(step.action != Do::kCommitAhead);
      }
      if (phase == Phase::kEnded) CHECK(step.action == Do::kEnd);
      if (step.action == Do::kAwait) CHECK(step.state.under_way);
      if (step.action == Do::kEnd) CHECK(step.state.phase == Phase::kEnded);
      if (step.action == Do::kEnd && phase != Phase::kEnded && what != Happened::kClosed)
        CHECK_FALSE(step.state.under_way);
    }
  }
}

}  // namespace cdc::worker
