#pragma once

/// \file lib/delta/log.h
/// The log of one table: reading a version, adding one, checkpoints (PROTOCOL.md, "Delta Log Entries",
/// "Checkpoints", "Metadata Cleanup").

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/delta/action.h"
#include "lib/delta/snapshot.h"
#include "lib/storage/file_system.h"

namespace cdc::delta {

/// Thread-safe as its file system is.
class Log {
 public:
  /// \param root the table's folder, without a slash at its end \param files must outlive this
  Log(std::string root, storage::FileSystem& files) : root_(std::move(root)), files_(files) {}

  /// Called for each version that is read one by one, with the table before it.
  using Visit =
      std::function<void(const Snapshot& before, int64_t version, const std::vector<Action>& actions)>;

  /// The newest version. \param visit may be empty; called again from an earlier version where a checkpoint
  /// turns out to be damaged \return kNotFound: there is no table; kUnsupported, kCorrupt, kTransient.
  Result<Snapshot> Load(const Visit& visit = {}) const;

  /// The actions of one version. \return kNotFound: it is not there.
  Result<std::vector<Action>> Read(int64_t version) const;

  /// Adds a version, if nobody has. \return kConflict: somebody has, perhaps an earlier attempt of this call.
  /// Any other error: it may be there.
  Status Write(int64_t version, const std::vector<Action>& actions) const;

  /// Writes a checkpoint of the snapshot, and notes it as the last one.
  /// \return kConflict: there is one; kTransient.
  Status WriteCheckpoint(const Snapshot& snapshot) const;

  /// The version of the checkpoint that is noted as the last one; nothing: none, or it cannot be read.
  std::optional<int64_t> LastCheckpoint() const;

  /// Deletes versions that were made before `before_ms` and that no checkpoint newer than them needs.
  /// \return how many files
  Result<size_t> CleanUp(int64_t before_ms) const;

  std::string folder() const { return root_ + "/_delta_log"; }

 private:
  std::string CommitPath(int64_t version) const;
  Result<Snapshot> LoadFrom(int64_t checkpoint, const std::vector<std::string>& parts,
                            const Visit& visit) const;
  Result<Snapshot> LoadByListing(const Visit& visit) const;

  std::string root_;
  storage::FileSystem& files_;
};

}  // namespace cdc::delta
