#pragma once

/// \file jobs/sink/iceberg/compaction.h
/// Replaces some data files by one with their remaining rows (lake_sink::FileMerge), while commits go on.
/// What is deleted meanwhile is made up for at the end.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/commit_draft.h"
#include "jobs/sink/iceberg/commit_protocol.h"
#include "jobs/sink/iceberg/ports.h"
#include "jobs/sink/iceberg/upkeep_plan.h"
#include "jobs/sink/lake/allowance.h"
#include "jobs/sink/lake/file_merge.h"

namespace cdc::iceberg_sink {

/// Owns the copy under way, and what finishing one costs. One thread at a time.
class Compaction {
 public:
  /// All must outlive this.
  Compaction(const TableSettings& settings, const Ports& ports, const CommitProtocol::Parts& parts,
             CommitProtocol& protocol, LocatedTable& located);

  /// Starts with these data files, in this order. Not while one is under way. \return kTransient.
  Status Begin(const std::vector<std::string>& paths);
  bool under_way() const { return merge_ != nullptr; }
  /// The next step: copies a slice, or closes the new file, or commits it, so that none takes long.
  /// \param allowance what maintenance may cost now; null: as long as it takes
  /// \return kWait: the next step is too expensive for now. After an error it is to be abandoned.
  Result<Progress> Continue(const Allowance* allowance);
  /// Forgets the copy under way, and deletes its file.
  void Abandon();

 private:
  Status Draft(lake_sink::FileMerge& merge, const std::vector<int64_t>& deleted, CommitDraft* draft);
  Status Finish();

  const TableSettings& settings_;
  const Ports& ports_;
  CommitProtocol::Parts parts_;
  CommitProtocol& protocol_;
  LocatedTable& located_;
  std::unique_ptr<lake_sink::FileMerge> merge_;          // null: none is under way
  SteadyTime begun_{};                                   // of merge_
  StepCost finish_cost_{std::chrono::nanoseconds(150)};  // for each row
};

}  // namespace cdc::iceberg_sink
