#include "jobs/worker/pace.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::worker {
namespace {

using std::chrono::seconds;

const SteadyTime kStart{seconds(1000)};

PaceState Quiet() {
  PaceState state;
  state.last_commit = state.last_message = kStart;
  state.caught_up = true;
  return state;
}

TEST_CASE("the first change after quiet is committed at once") {
  PaceState state = Quiet();
  state.dirty = true;
  CHECK(NextStep({}, state, kStart + seconds(5)).act == Act::kCommit);
}

TEST_CASE("changes that follow a commit wait for the commit interval") {
  PaceState state = Quiet();
  state.dirty = true;
  const Step step = NextStep({}, state, kStart + Millis(950));
  CHECK(step.act == Act::kRead);
  CHECK(step.wait == Millis(50));
  CHECK(NextStep({}, state, kStart + Millis(1000)).act == Act::kCommit);
}

TEST_CASE("a backlog is committed by size, or after the longer interval") {
  PaceState state = Quiet();
  state.dirty = true;
  state.caught_up = false;
  state.last_message = kStart + seconds(2);
  CHECK(NextStep({}, state, kStart + seconds(2)).act == Act::kRead);
  CHECK(NextStep({}, state, kStart + seconds(5)).act == Act::kCommit);
  state.batch_bytes = PaceRules().batch_bytes;
  CHECK(NextStep({}, state, kStart + seconds(2)).act == Act::kCommit);
}

TEST_CASE("a commit waits for the second half of a key change, but only so long") {
  PaceState state = Quiet();
  state.dirty = state.in_key_change = true;
  state.key_change_since = state.last_message = kStart + seconds(10);
  CHECK(NextStep({}, state, kStart + seconds(10)).act == Act::kRead);
  CHECK(NextStep({}, state, kStart + seconds(11)).act == Act::kCommit);
  state.batch_bytes = PaceRules().batch_bytes;
  CHECK(NextStep({}, state, kStart + seconds(10)).act == Act::kCommit);
  state.batch_bytes = 0;
  state.dirty = false;
  state.drained = true;
  CHECK(NextStep({}, state, kStart + seconds(10)).act == Act::kRead);
  CHECK(NextStep({}, state, kStart + seconds(11)).act == Act::kLeave);
}

TEST_CASE("nothing is committed before every partition is known again, but only so long") {
  PaceState state = Quiet();
  state.dirty = state.drained = state.looking_back = true;
  state.looking_back_since = kStart + seconds(10);
  CHECK(NextStep({}, state, kStart + seconds(10)).act == Act::kRead);
  CHECK(NextStep({}, state, kStart + seconds(15)).act == Act::kCommit);
  state.batch_bytes = PaceRules().batch_bytes;
  CHECK(NextStep({}, state, kStart + seconds(10)).act == Act::kCommit);
  state.batch_bytes = 0;
  state.looking_back = false;
  CHECK(NextStep({}, state, kStart + seconds(10)).act == Act::kCommit);
}

TEST_CASE("idle is no change and no lag for the idle timeout after the last commit") {
  PaceState state = Quiet();
  CHECK(NextStep({}, state, kStart + Millis(59'999)).act == Act::kRead);
  CHECK(NextStep({}, state, kStart + seconds(60)).act == Act::kOfferToGo);
  state.last_message = kStart + seconds(30);
  CHECK(NextStep({}, state, kStart + seconds(60)).act == Act::kRead);
  CHECK(NextStep({}, state, kStart + seconds(90)).act == Act::kOfferToGo);
  state.caught_up = false;
  CHECK(NextStep({}, state, kStart + seconds(900)).act == Act::kRead);
}

TEST_CASE("with half a key change nobody is idle") {
  PaceState state = Quiet();
  state.in_key_change = true;
  state.key_change_since = kStart;
  PaceRules rules;
  rules.idle_timeout = seconds(3);
  const Step step = NextStep(rules, state, kStart + seconds(4));
  CHECK(step.act == Act::kRead);
  CHECK(step.wait > Millis(0));
  state.in_key_change = false;
  CHECK(NextStep(rules, state, kStart + seconds(4)).act == Act::kOfferToGo);
}

TEST_CASE("leaving commits what there is first") {
  PaceState state = Quiet();
  state.leaving = state.dirty = true;
  CHECK(NextStep({}, state, kStart).act == Act::kCommit);
  state.dirty = false;
  CHECK(NextStep({}, state, kStart).act == Act::kLeave);
  state.leaving = false;
  state.drained = true;
  CHECK(NextStep({}, state, kStart).act == Act::kLeave);
}

}  // namespace
}  // namespace cdc::worker
