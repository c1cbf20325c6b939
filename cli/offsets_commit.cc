#include "cli/offsets_commit.h"

#include "lib/core/clock.h"
#include "lib/iceberg/live_files.h"
#include "lib/iceberg/snapshot_writer.h"

namespace cdc::cli {

Status CommitSummary(iceberg::Catalog& catalog, storage::FileSystem& files, const iceberg::TableIdent& ident,
                     const std::map<std::string, std::string>& summary) {
  CDC_ASSIGN(const auto table, catalog.LoadTable(ident));
  CDC_ASSIGN(const auto live, iceberg::LiveFiles::Load(files, *table.metadata));
  iceberg::SnapshotChanges changes;
  changes.summary = summary;
  iceberg::StageOptions options;
  options.now_ms = UnixMillis(SystemClock().wall());
  CDC_ASSIGN(const auto staged, iceberg::StageSnapshot(files, table, live, changes, options));
  const auto committed = catalog.CommitTable(table, staged.commit);
  if (committed) return {};
  const Error& error = committed.error();
  if (error.kind == ErrorKind::kCommitUnknown || error.kind == ErrorKind::kConflict) {
    CDC_ASSIGN(const auto now, catalog.LoadTable(ident));
    if (now.metadata->HistoryContains(staged.snapshot.snapshot_id)) return {};
    return Error{ErrorKind::kTransient, error.message, "run the command again: it does the same once more"};
  }
  if (error.kind == ErrorKind::kTransient) iceberg::DiscardStaged(files, staged);
  return error;
}

}  // namespace cdc::cli
