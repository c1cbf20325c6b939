#pragma once

/// \file jobs/worker/loop.h
/// Performs the course of a run (course.h): reads from a source, commits to a table, reports to the
/// orchestrator.

#include <atomic>
#include <optional>

#include "jobs/worker/course.h"
#include "jobs/worker/settings.h"
#include "jobs/worker/source.h"
#include "jobs/worker/table.h"
#include "lib/contract/job_channel.h"
#include "lib/contract/report.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"

namespace cdc::worker {

/// \param drain leave at the ends seen at the start
CourseRules RulesOf(const TableSettings& settings, bool drain);

/// One run of one table. One thread, beside the one that the table commits on.
class Loop {
 public:
  struct Ports {
    Source& source;  ///< all must outlive the loop
    Table& table;
    contract::JobChannel& channel;
    const Clock& clock;
    const std::atomic<bool>& stop;  ///< set by SIGTERM and SIGINT
    const SourceCounts& counts;     ///< of `source`
    log::Logger log;
  };

  Loop(const CourseRules& rules, Ports ports);
  /// Waits for a commit under way, which uses this object's memory.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs until the table is idle, drained, or told to stop; the last batch is committed.
  ///
  /// \param report its counters and offsets are kept up to date, also when an error is returned
  /// \return kConflict, kTransient, kCommitUnknown: try again later. Others: the table must be held.
  Status Run(contract::Report* report);

 private:
  /// A batch that is being committed on the second thread.
  struct Flight {
    Cut cut;
    SteadyTime started;
  };

  Result<CourseEvent> Open();
  bool ToldToStop();
  Result<CourseEvent> Perform(const CourseStep& step);
  Result<CourseEvent> Read(Millis wait);
  Result<CourseEvent> Commit(bool last);
  Result<CourseEvent> CommitAhead();
  Result<CourseEvent> Land();
  Result<CourseEvent> Tidy(Tidying when);
  Result<CourseEvent> Offer();
  CourseEvent Failed(Error error, const CourseStep& step);
  Status NoteOutcome(const Result<Committed>& committed, SteadyTime started);
  Status JudgeUntidy(const Error& error) const;
  /// What `cut` brought is in the table.
  void NoteApplied(const Cut& cut);
  void NoteCommitted(const contract::PartitionOffsets& upto, const SourceState& source);
  void NoteCounts();
  void SendProgress(const SourceState& source);

  CourseRules rules_;
  Ports ports_;
  CourseState state_;
  std::optional<Flight> flight_;
  Status ended_;  // the first error
  bool in_doubt_ = false;
  SteadyTime last_progress_;
  int64_t last_commit_ms_ = 0;
  int64_t upto_ms_ = 0;  // Cut::upto_ms of what is committed
  contract::Report* report_ = nullptr;
};

}  // namespace cdc::worker
