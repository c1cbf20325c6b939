#pragma once

/// \file jobs/worker/course.h
/// The course of a run: what to do next after each thing that happened. Decisions alone, without effects.
///
///   read → (batch due) → commit, or commit ahead and read on → … → idle: offer to go → close
///                                                              told to stop, drained: commit, tidy up →
///                                                              close

#include <cstdint>

#include "jobs/worker/pace.h"
#include "jobs/worker/sink.h"
#include "jobs/worker/source.h"
#include "lib/core/clock.h"

namespace cdc::worker {

struct CourseRules {
  PaceRules pace;
  bool drain = false;              ///< leave at the ends seen at the start
  Millis quiet{5'000};             ///< so long without a change, and there is time to tidy up
  Millis last_maintenance{5'000};  ///< the most that is spent on it before a drained run ends
};

enum class Phase : uint8_t {
  kRunning,
  kEnding,   ///< everything is committed; what is due is tidied up
  kClosing,  ///< the table is being closed
  kFailed,   ///< something failed: only a commit under way is waited for
  kEnded,
};

struct CourseState {
  Phase phase = Phase::kRunning;
  SourceState source = {};
  SteadyTime last_commit{};   ///< or the start of the run, less the commit interval
  SteadyTime stayed_at{};     ///< when the orchestrator said last that there is more to come
  SteadyTime ending_since{};  ///< with kEnding
  bool leaving = false;       ///< told to stop or to yield
  bool under_way = false;     ///< a batch is being committed on the second thread
  bool landed = false;        ///< its outcome is there
  bool untidy = false;        ///< committed since there was nothing left to tidy up
  friend bool operator==(const CourseState&, const CourseState&) = default;
};

enum class Happened : uint8_t {
  kOpened,     ///< the source says where it begins; also with a state
  kRead,       ///< with the source's state, and whether a commit under way has ended
  kCommitted,  ///< the batch; with the source's state
  kSentAhead,  ///< the batch is with the second thread
  kLanded,     ///< the outcome of that one is taken: committed; with the source's state
  kTidied,     ///< a slice; with whether there is more to do
  kStay,       ///< the orchestrator's answer to the offer: there is more to read
  kGo,         ///< or there is not, or it sees more than this run can read
  kStop,       ///< a command or a signal
  kClosed,
  kFailed,  ///< the last action did
  kSunk,    ///< the commit under way did
};

struct CourseEvent {
  Happened what = Happened::kOpened;
  SourceState source = {};
  bool landed = false;  ///< with kRead
  bool more = false;    ///< with kTidied
};

enum class Do : uint8_t {
  kRead,         ///< wait for changes, at most `wait`
  kCommit,       ///< end the batch and commit it
  kCommitLast,   ///< the same, with key changes that lack their second half as deletes
  kCommitAhead,  ///< end the batch and commit it on the second thread
  kAwait,        ///< take the outcome of the commit under way
  kTidyIdle,     ///< a slice of Tidying::kIdle
  kTidyAtEnd,
  kOffer,  ///< idle for long enough: ask the orchestrator
  kClose,
  kEnd,  ///< the run is over
};

struct CourseStep {
  CourseState state;
  Do action = Do::kRead;
  Millis wait{0};
};

/// Every event is decided in every phase; those that cannot happen in one change nothing there.
CourseStep Next(const CourseRules& rules, CourseState state, const CourseEvent& event, SteadyTime now);

}  // namespace cdc::worker
