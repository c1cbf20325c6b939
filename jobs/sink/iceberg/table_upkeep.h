#pragma once

/// \file jobs/sink/iceberg/table_upkeep.h
/// Maintains the table in short steps, between commits or while there is nothing else to do: merges data
/// files, expires snapshots, deletes what nothing reaches any more.

#include <cstdint>
#include <optional>

#include "jobs/sink/iceberg/commit_protocol.h"
#include "jobs/sink/iceberg/compaction.h"
#include "jobs/sink/iceberg/ports.h"
#include "jobs/sink/iceberg/snapshot_expiry.h"
#include "jobs/sink/iceberg/upkeep_plan.h"
#include "jobs/sink/lake/upkeep_pace.h"

namespace cdc::iceberg_sink {

/// What a table consists of, at its present snapshot.
struct TableFigures {
  int64_t rows = 0;          ///< that are not deleted
  int64_t deleted_rows = 0;  ///< in data files still
  int64_t bytes = 0;         ///< of data and delete files
  int64_t data_files = 0;
  int64_t small_files = 0;  ///< data files below half of target_file_size
  int64_t delete_files = 0;
  int64_t manifests = 0;
  int64_t snapshots = 0;
};
TableFigures FiguresOf(const IcebergTable& table, int64_t target_file_bytes);

struct MaintenanceDue {
  int64_t files_to_rewrite = 0;
  int64_t snapshots_to_expire = 0;
  int64_t orphans = 0;
};

/// Owns what is under way (Compaction, SnapshotExpiry), the time that maintenance may take, and what is known
/// to need nothing. One thread at a time.
class TableUpkeep {
 public:
  /// All must outlive this.
  TableUpkeep(const TableSettings& settings, const Ports& ports, const CommitProtocol::Parts& parts,
              CommitProtocol& protocol, LocatedTable& located);

  /// Works for a short while (Sink::Maintain).
  /// \return whether there is more to do. After kTransient it does nothing for half a minute.
  Result<bool> Step(MaintenanceMode mode);

  /// What Step(kThorough) would begin with. Reads the table's metadata and lists its folder.
  Result<MaintenanceDue> FindDue();

  /// All data files were replaced: a compaction under way has lost its sources.
  void AbandonCompaction() { compaction_.Abandon(); }

 private:
  Result<Progress> DoNext(MaintenanceMode mode);
  Result<Progress> Do(UpkeepTask task, MaintenanceMode mode);
  RewriteRules RewriteRulesFor(MaintenanceMode mode) const;
  Result<Progress> PlanCompaction(MaintenanceMode mode);
  Result<bool> SplitSharedDeletes();

  const TableSettings& settings_;
  const Ports& ports_;
  CommitProtocol::Parts parts_;
  CommitProtocol& protocol_;
  Compaction compaction_;
  SnapshotExpiry expiry_;
  lake_sink::UpkeepPace pace_;
  std::optional<int64_t> planned_for_, looked_for_expired_;  // the newest snapshot at that time
  MaintenanceMode planned_mode_ = MaintenanceMode::kBetweenCommits;
};

}  // namespace cdc::iceberg_sink
