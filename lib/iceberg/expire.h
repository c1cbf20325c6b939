#pragma once

/// \file lib/iceberg/expire.h
/// Forgets old snapshots and deletes the files that nothing can reach any more. Order: PlanExpiry,
/// FindUnreachable, Catalog::CommitTable(ExpiryCommit), and only then the deletion of the files.

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"
#include "lib/iceberg/departed_files.h"
#include "lib/storage/file_system.h"

namespace cdc::iceberg {

/// A snapshot goes when it is older than max_age_ms and not among the newest min_snapshots of its branch, or
/// when its branch has more than max_snapshots.
struct ExpiryPolicy {
  int64_t max_age_ms = int64_t{5} * 24 * 3600 * 1000;  ///< history.expire.max-snapshot-age-ms
  int min_snapshots = 1;                               ///< history.expire.min-snapshots-to-keep
  int max_snapshots = 0;                               ///< upper limit per branch whatever their age; 0: none
  /// The newest ancestor of main whose summary has this key stays.
  std::string keep_summary_key = "cdc.offsets";
};

/// Ids of the snapshots to go, oldest first. Heads of references, and of snapshots in no branch those younger
/// than max_age_ms, stay. Pure.
std::vector<int64_t> PlanExpiry(const TableMetadata& metadata, const ExpiryPolicy& policy, int64_t now_ms);

/// Files that only `expired` snapshots reach: data and delete files, manifests, manifest lists, in the order
/// in which they may be deleted; none outside the table's own folder. Reads the lists of the expired
/// snapshots, those manifests that kept snapshots do not share, and of the kept snapshots only the oldest
/// when the history is one straight line of our own. Nothing at all is read when besides `known` says what
/// all commits from the second of the expired to that oldest kept one took out. \return an error: delete
/// nothing.
Result<std::vector<std::string>> FindUnreachable(storage::FileSystem& files, const TableMetadata& metadata,
                                                 const std::vector<int64_t>& expired,
                                                 const DepartedFiles& known = DepartedFiles());

/// remove-snapshots, provided that no reference has moved since.
TableCommit ExpiryCommit(const TableMetadata& base, const std::vector<int64_t>& expired);

/// Files below the table's location that no snapshot and no metadata of `table` reaches and that are older
/// than `older_than_ms` (Unix milliseconds): leftovers of crashes. Never call it with a commit in doubt, nor
/// with less than an hour's distance. Of data and delete files only those named <uuid>-data.parquet or
/// <uuid>-deletes.parquet, as the worker names its own: others may be of a job that has yet to commit. None
/// when the table's files are not ours to delete: !HasOwnFolder() or not CheckDeletable()
/// (lib/iceberg/deletable.h).
Result<std::vector<std::string>> FindOrphans(Catalog& catalog, storage::FileSystem& files,
                                             const LoadedTable& table, int64_t older_than_ms);

}  // namespace cdc::iceberg
