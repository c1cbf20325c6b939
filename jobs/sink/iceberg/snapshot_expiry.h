#pragma once

/// \file jobs/sink/iceberg/snapshot_expiry.h
/// Removes what nobody needs any more: old snapshots with their files, and files that no snapshot reaches.

#include <deque>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/iceberg_table.h"
#include "jobs/sink/iceberg/ports.h"
#include "jobs/sink/lake/row_locator.h"
#include "jobs/sink/iceberg/words.h"

namespace cdc::iceberg_sink {

/// Files that nothing reaches any more, to be deleted once readers that began with them are done. In memory
/// only: what a run leaves behind is the orphan sweep's. One thread at a time.
class FilesToDelete {
 public:
  /// \param due not to be deleted before; not earlier than that of the last call
  void Add(std::string path, SteadyTime due) { files_.push_back({due, std::move(path)}); }
  /// Adds files that are due at once, but for those that are here already.
  void AddOrphans(std::vector<std::string> paths, SteadyTime now);
  /// Deletes some that are due; all of them are with `now_all`. What cannot be deleted stays as an orphan.
  /// \return whether there was something to delete
  bool DeleteSome(SteadyTime now, bool now_all, storage::FileSystem& files);
  size_t size() const { return files_.size(); }

 private:
  struct File {
    SteadyTime due;  // not before
    std::string path;
  };
  std::deque<File> files_;  // in the order of their times
};

/// Owns the files to delete, and when it swept last. One thread at a time.
class SnapshotExpiry {
 public:
  /// All must outlive this.
  SnapshotExpiry(const TableSettings& settings, const Ports& ports, IcebergTable& table, RowLocator& locator)
      : settings_(settings), ports_(ports), table_(table), locator_(locator) {}

  /// Ids of the snapshots that the policy lets go, oldest first.
  std::vector<int64_t> FindExpired() const;
  /// Files that no snapshot reaches, and that no commit in flight can still want. Lists the table's folder.
  Result<std::vector<std::string>> FindOrphans() const;

  /// Expires some snapshots. \return whether there were enough of them; kTransient
  Result<bool> Expire(MaintenanceMode mode);
  /// Looks for leftovers of killed runs, when it is time to.
  Status SweepOrphans(MaintenanceMode mode);
  /// \return whether there was something to delete
  bool DeleteSome(MaintenanceMode mode);

 private:
  bool SharesFolder() const;
  Status AddOrphans(MaintenanceMode mode);

  const TableSettings& settings_;
  const Ports& ports_;
  IcebergTable& table_;
  RowLocator& locator_;
  FilesToDelete to_delete_;
  bool swept_thoroughly_ = false;
};

}  // namespace cdc::iceberg_sink
