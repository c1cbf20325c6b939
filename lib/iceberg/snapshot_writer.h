#pragma once

/// \file lib/iceberg/snapshot_writer.h
/// Stages a commit: writes manifests and the manifest list of a new snapshot. Nothing is visible before
/// Catalog::CommitTable() has taken it; a staged snapshot that is thrown away leaves unreferenced files only.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"
#include "lib/iceberg/live_files.h"
#include "lib/storage/file_system.h"

namespace cdc::iceberg {

/// What a snapshot changes. All empty is legal: a snapshot that only carries a summary.
struct SnapshotChanges {
  std::vector<DataFile> added_data;
  std::vector<DataFile> added_deletes;
  std::vector<std::string>
      removed_paths;        ///< live data or delete files; removing a data file does not remove its deletes
  bool remove_all = false;  ///< TRUNCATE: all files live before; `removed_paths` is then ignored
  std::map<std::string, std::string> summary;  ///< beside the counters, e.g. cdc.offsets
  /// "replace" for a compaction. Otherwise as Java: only data files added → append (so too nothing at all),
  /// only data files removed → delete, else overwrite.
  std::optional<std::string> operation;
  /// Data sequence number of added data files, for a compaction: the base's, so that deletes committed
  /// meanwhile by others still apply. Normally none: the snapshot's own.
  std::optional<int64_t> data_sequence_number;
};

struct StageOptions {
  int64_t now_ms = 0;  ///< Unix milliseconds; the snapshot never gets an older time than its base
  std::optional<int64_t> snapshot_id;  ///< chosen by the caller (NewSnapshotId), e.g. to journal it first
};

/// A snapshot ready to be committed: `Catalog::CommitTable(base, staged.commit)`, then
/// `LiveFiles::Advance(staged)`.
struct StagedSnapshot {
  Snapshot snapshot;
  TableCommit commit;
  /// Manifests and list written for it: to be deleted only if the commit certainly failed (DiscardStaged).
  std::vector<std::string> written;
  // For LiveFiles::Advance().
  std::vector<LiveManifestPtr> manifests;
  std::vector<LiveFiles::Entry> added;
  std::vector<LiveFiles::Entry> removed;
};

/// \param live the state of `base`'s current snapshot
/// \return kConflict: `live` is of another snapshot; kInvalidArgument: an added path is live already or named
/// twice, a removed one is not live; kUnsupported: a partitioned table; kTransient: the manifests could not
/// be written.
Result<StagedSnapshot> StageSnapshot(storage::FileSystem& files, const LoadedTable& base,
                                     const LiveFiles& live, const SnapshotChanges& changes,
                                     const StageOptions& options);

/// Deletes the manifests of a staged snapshot that was certainly not committed (never after kCommitUnknown).
/// Failures leave orphans, which the orphan sweep takes.
void DiscardStaged(storage::FileSystem& files, const StagedSnapshot& staged);

}  // namespace cdc::iceberg
