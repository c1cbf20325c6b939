#include "jobs/worker/course.h"

#include <algorithm>

namespace cdc::worker {
namespace {

SteadyTime LastChange(const CourseState& state) { return std::max(state.source.last_read, state.stayed_at); }

PaceState PaceOf(const CourseRules& rules, const CourseState& state) {
  PaceState pace;
  pace.last_commit = state.last_commit;
  pace.last_message = LastChange(state);
  pace.dirty = state.source.dirty;
  pace.caught_up = state.source.caught_up;
  pace.in_key_change = state.source.key_change_since.has_value();
  pace.key_change_since = state.source.key_change_since.value_or(SteadyTime{});
  pace.looking_back = state.source.looking_back_since.has_value();
  pace.looking_back_since = state.source.looking_back_since.value_or(SteadyTime{});
  pace.leaving = state.leaving;
  pace.drained = rules.drain && state.source.drained;
  pace.batch_bytes = state.source.batch_bytes;
  return pace;
}

/// Nothing has come for a while and something is left to tidy up. That takes small steps, so that changes and
/// commands wait no longer than for one of them.
bool TimeToTidy(const CourseRules& rules, const CourseState& state, SteadyTime now) {
  const Millis quiet = std::min<Millis>(rules.quiet, rules.pace.idle_timeout / 2);
  return state.untidy && !state.leaving && !state.under_way && state.source.caught_up &&
         now - LastChange(state) >= quiet;
}

CourseStep Then(CourseState state, Do action, Millis wait = Millis{0}) {
  return {std::move(state), action, wait};
}

CourseStep Close(CourseState state) {
  state.phase = Phase::kClosing;
  return Then(std::move(state), Do::kClose);
}

/// A drained table has no idle time: what is due is done before the end.
CourseStep DecideEnding(const CourseRules& rules, CourseState state, SteadyTime now) {
  const bool time = now - state.ending_since < rules.last_maintenance;
  if (state.untidy && state.source.caught_up && !state.leaving && time)
    return Then(std::move(state), Do::kTidyAtEnd);
  return Close(std::move(state));
}

/// Behind a backlog the second thread encodes and commits the batch while this one reads on. Only the plain
/// case.
CourseStep DecideCommit(const CourseRules& rules, CourseState state) {
  const SourceState& source = state.source;
  const bool at_rest = source.caught_up || state.leaving || (rules.drain && source.drained);
  return Then(std::move(state), at_rest || source.alone || source.new_shape ? Do::kCommit : Do::kCommitAhead);
}

/// Draining ends where the topic ends: a key change that is open there is a delete, for all that can be
/// known.
CourseStep DecideLeave(const CourseRules& rules, CourseState state, SteadyTime now) {
  if (rules.drain && !state.leaving && state.source.key_change_since)
    return Then(std::move(state), Do::kCommitLast);
  state.phase = Phase::kEnding;
  state.ending_since = now;
  return DecideEnding(rules, std::move(state), now);
}

CourseStep DecideRunning(const CourseRules& rules, CourseState state, SteadyTime now) {
  if (state.landed) return Then(std::move(state), Do::kAwait);
  const Step step =
      state.source.new_shape ? Step{Act::kCommit, {}} : NextStep(rules.pace, PaceOf(rules, state), now);
  if (step.act == Act::kRead) {
    if (TimeToTidy(rules, state, now)) return Then(std::move(state), Do::kTidyIdle);
    return Then(std::move(state), Do::kRead, step.wait);
  }
  if (state.under_way) return Then(std::move(state), Do::kAwait);
  if (step.act == Act::kCommit) return DecideCommit(rules, std::move(state));
  if (step.act == Act::kLeave) return DecideLeave(rules, std::move(state), now);
  if (TimeToTidy(rules, state, now)) return Then(std::move(state), Do::kTidyIdle);
  return Then(std::move(state), Do::kOffer);
}

CourseStep Decide(const CourseRules& rules, CourseState state, SteadyTime now) {
  switch (state.phase) {
    case Phase::kRunning: return DecideRunning(rules, std::move(state), now);
    case Phase::kEnding: return DecideEnding(rules, std::move(state), now);
    case Phase::kClosing: return Then(std::move(state), Do::kClose);
    case Phase::kFailed:
      if (state.under_way) return Then(std::move(state), Do::kAwait);
      state.phase = Phase::kEnded;
      return Then(std::move(state), Do::kEnd);
    case Phase::kEnded: return Then(std::move(state), Do::kEnd);
  }
  return Then(std::move(state), Do::kEnd);
}

void NoteCommit(CourseState* state, SteadyTime now) {
  state->last_commit = now;
  state->untidy = true;
}

}  // namespace

CourseStep Next(const CourseRules& rules, CourseState state, const CourseEvent& event, SteadyTime now) {
  if (state.phase == Phase::kEnded) return Then(std::move(state), Do::kEnd);
  switch (event.what) {
    case Happened::kOpened: state.source = event.source; break;
    case Happened::kRead:
      state.source = event.source;
      state.landed = state.under_way && event.landed;
      break;
    case Happened::kCommitted:
      state.source = event.source;
      NoteCommit(&state, now);
      break;
    case Happened::kSentAhead:
      state.under_way = true;
      state.last_commit = now;
      state.source.dirty = false;
      state.source.batch_bytes = 0;
      break;
    case Happened::kLanded:
      state.under_way = state.landed = false;
      state.source = event.source;
      state.untidy = true;
      break;
    case Happened::kTidied:
      state.untidy = event.more;
      // What has come meanwhile is looked at before the next slice.
      if (state.phase == Phase::kRunning) return Then(std::move(state), Do::kRead);
      break;
    case Happened::kStay: state.stayed_at = now; break;
    case Happened::kGo:
      if (state.phase == Phase::kRunning) return Close(std::move(state));
      break;
    case Happened::kStop: state.leaving = true; break;
    case Happened::kClosed:
      state.phase = state.phase == Phase::kFailed ? Phase::kFailed : Phase::kEnded;
      break;
    case Happened::kFailed: state.phase = Phase::kFailed; break;
    case Happened::kSunk:
      state.under_way = state.landed = false;
      state.phase = Phase::kFailed;
      break;
  }
  return Decide(rules, std::move(state), now);
}

}  // namespace cdc::worker
