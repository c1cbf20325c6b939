#pragma once

/// \file jobs/sink/delta/table_upkeep.h
/// Maintains the table in short steps, between commits or while there is nothing else to do: writes
/// checkpoints, merges data files, deletes what nothing needs any more.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "jobs/sink/delta/commit_protocol.h"
#include "jobs/sink/delta/deleted_rows.h"
#include "jobs/sink/delta/delta_table.h"
#include "jobs/sink/delta/words.h"
#include "jobs/sink/lake/allowance.h"
#include "jobs/sink/lake/file_merge.h"
#include "jobs/sink/lake/upkeep_pace.h"

namespace cdc::delta_sink {

/// Owns what is under way, and the time that maintenance may take. One thread at a time.
class TableUpkeep {
 public:
  struct Parts {
    DeltaTable& table;
    DeletedRows& deleted;
    RowLocator& locator;
    LocatedTable& located;
    CommitProtocol& protocol;
  };

  /// All must outlive this.
  TableUpkeep(const Settings& settings, const Ports& ports, Parts parts);

  /// Works for a short while (Upkeep::Maintain). \return whether there is more to do. After kTransient it
  /// does nothing for half a minute.
  Result<bool> Step(worker::Tidying mode);

 private:
  using Progress = lake_sink::Progress;

  Result<Progress> DoNext(worker::Tidying mode);
  Result<bool> WriteCheckpoint();
  Result<Progress> PlanMerge(worker::Tidying mode);
  Result<Progress> ContinueMerge(worker::Tidying mode);
  Status FinishMerge();
  Status DraftMerge(lake_sink::FileMerge& merge, const std::vector<int64_t>& deleted, CommitDraft* draft);
  Result<bool> Sweep(worker::Tidying mode);
  bool DeleteSome();

  const Settings& settings_;
  const Ports& ports_;
  Parts parts_;
  lake_sink::UpkeepPace pace_;
  lake_sink::StepCost finish_cost_{std::chrono::nanoseconds(150)};  // for each row
  std::unique_ptr<lake_sink::FileMerge> merge_;                     // null: none is under way
  SteadyTime begun_{};                                              // of merge_
  std::optional<int64_t> checkpoint_;   // version of the last one; nothing: not looked for yet
  std::optional<int64_t> planned_for_;  // version for which nothing is worth merging
  worker::Tidying planned_mode_ = worker::Tidying::kBetweenCommits;
  std::vector<std::string> to_delete_;
  bool swept_ = false;
};

}  // namespace cdc::delta_sink
