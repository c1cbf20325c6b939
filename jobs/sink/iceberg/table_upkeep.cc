#include "jobs/sink/iceberg/table_upkeep.h"

#include "jobs/sink/iceberg/rewrite_plan.h"

namespace cdc::iceberg_sink {

TableFigures FiguresOf(const IcebergTable& table, int64_t target_file_bytes) {
  const iceberg::LiveFiles& live = table.live();
  const iceberg::LiveTotals& totals = live.totals();
  TableFigures figures;
  figures.rows = totals.records - totals.position_deletes;
  figures.deleted_rows = totals.position_deletes;
  figures.bytes = totals.bytes;
  figures.data_files = totals.data_files;
  figures.delete_files = totals.delete_files;
  figures.manifests = static_cast<int64_t>(live.manifests().size());
  figures.snapshots = static_cast<int64_t>(table.metadata().snapshots.size());
  for (const auto& [path, entry] : live.data())
    figures.small_files += entry->file.file_size_in_bytes < target_file_bytes / 2;
  return figures;
}

TableUpkeep::TableUpkeep(const TableSettings& settings, const Ports& ports,
                         const CommitProtocol::Parts& parts, CommitProtocol& protocol, LocatedTable& located)
    : settings_(settings),
      ports_(ports),
      parts_(parts),
      protocol_(protocol),
      compaction_(settings, ports, parts, protocol, located),
      expiry_(settings, ports, parts.table, parts.locator),
      pace_(ports.clock) {}

Result<bool> TableUpkeep::Step(MaintenanceMode mode) {
  if (!parts_.table.made() || !parts_.table.live().snapshot_id()) return false;
  auto more = pace_.Run(mode, [&] { return DoNext(mode); });
  if (!more) compaction_.Abandon();
  return more;
}

/// The next small step of what is most urgent.
Result<Progress> TableUpkeep::DoNext(MaintenanceMode mode) {
  const std::optional<int64_t> now = parts_.table.live().snapshot_id();
  const UpkeepState state{compaction_.under_way(), looked_for_expired_ == now,
                          planned_for_ == now && planned_mode_ == mode};
  for (const UpkeepTask task : TasksFor(state, mode)) {
    CDC_ASSIGN(const Progress progress, Do(task, mode));
    if (progress != Progress::kNothing) return progress;
  }
  return Progress::kNothing;
}

Result<Progress> TableUpkeep::Do(UpkeepTask task, MaintenanceMode mode) {
  const auto progress = [](bool done) { return done ? Progress::kMore : Progress::kNothing; };
  switch (task) {
    case UpkeepTask::kDeleteFiles: return progress(expiry_.DeleteSome(mode));
    case UpkeepTask::kExpire: {
      CDC_ASSIGN(const bool expired, expiry_.Expire(mode));
      if (!expired) looked_for_expired_ = parts_.table.live().snapshot_id();
      return progress(expired);
    }
    case UpkeepTask::kCompact:
      return compaction_.Continue(pace_.limit(mode));
    case UpkeepTask::kPlanCompaction: return PlanCompaction(mode);
    case UpkeepTask::kSplitDeletes: {
      CDC_ASSIGN(const bool split, SplitSharedDeletes());
      return progress(split);
    }
    case UpkeepTask::kSweep: CDC_TRY(expiry_.SweepOrphans(mode)); return Progress::kNothing;
  }
  return Progress::kNothing;
}

RewriteRules TableUpkeep::RewriteRulesFor(MaintenanceMode mode) const {
  RewriteRules rules = RulesFor(mode, settings_.target_file_bytes, settings_.memory_bytes);
  rules.only_ours = !parts_.table.metadata().ForeignColumns().empty();
  return rules;
}

/// Nothing can have changed for the plan before something is committed.
Result<Progress> TableUpkeep::PlanCompaction(MaintenanceMode mode) {
  CDC_ASSIGN(const SharedDeletes* shared, parts_.deletes.Shared());
  const auto paths = PlanRewrite(parts_.table.live(), *shared, RewriteRulesFor(mode));
  if (!paths.empty()) {
    CDC_TRY(compaction_.Begin(paths));
    return Progress::kMore;
  }
  planned_for_ = parts_.table.live().snapshot_id();
  planned_mode_ = mode;
  return Progress::kNothing;
}

/// A table at rest is read fastest if each data file has its deletes for itself. \return whether it was not
/// so
Result<bool> TableUpkeep::SplitSharedDeletes() {
  CDC_ASSIGN(const SharedDeletes* shared, parts_.deletes.Shared());
  if (shared->files() == 0) return false;
  CommitDraft draft;
  if (Status arranged = parts_.deletes.Arrange(true, &draft); !arranged) {
    protocol_.Discard(draft);
    return arranged.error();
  }
  auto sent = protocol_.CommitReplacing(&draft);
  if (!sent) return sent.error();
  return true;
}

Result<MaintenanceDue> TableUpkeep::FindDue() {
  MaintenanceDue due;
  CDC_ASSIGN(const SharedDeletes* shared, parts_.deletes.Shared());
  const RewriteRules rules = RewriteRulesFor(MaintenanceMode::kThorough);
  due.files_to_rewrite = static_cast<int64_t>(FilesToRewrite(parts_.table.live(), *shared, rules).size());
  due.snapshots_to_expire = static_cast<int64_t>(expiry_.FindExpired().size());
  CDC_ASSIGN(const auto orphans, expiry_.FindOrphans());
  due.orphans = static_cast<int64_t>(orphans.size());
  return due;
}

}  // namespace cdc::iceberg_sink
