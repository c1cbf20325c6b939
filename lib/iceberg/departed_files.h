#pragma once

/// \file lib/iceberg/departed_files.h
/// What each of our own commits took out of the table, remembered until its snapshots are expired: reading
/// it back from the manifests of an expired snapshot takes as long as a tenth of a commit's own work.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "lib/iceberg/live_files.h"
#include "lib/iceberg/metadata.h"
#include "lib/iceberg/snapshot_writer.h"

namespace cdc::iceberg {

/// In memory only and bounded; what it does not know is read (FindUnreachable). One thread at a time.
class DepartedFiles {
 public:
  /// Of some 60 bytes a path, a snapshot of 100 files and some manifests, the newest 300 commits.
  static constexpr size_t kMostBytes = 2 << 20;

  explicit DepartedFiles(size_t most_bytes = kMostBytes) : most_bytes_(most_bytes) {}

  /// `staged` is committed: notes what is live in `before`, its parent, and not any more.
  /// \param location of the table; what it begins with is not kept again for each path
  void Note(const LiveFiles& before, const StagedSnapshot& staged, const std::string& location);

  /// Data files, delete files and manifests, in this order, that the commit of `snapshot` took out.
  /// nothing: not known.
  std::optional<std::vector<std::string>> Of(const Snapshot& snapshot, const std::string& location) const;

  /// Forgets what came before the snapshot `id` (itself included).
  void ForgetUpTo(int64_t id);

  size_t byte_size() const { return bytes_; }

 private:
  struct Commit {
    int64_t snapshot_id = 0;
    std::optional<int64_t> parent_snapshot_id;
    std::string paths;  ///< each ends in a line break; relative to the table's location where they are in it
  };
  static size_t Cost(const Commit& commit) { return sizeof commit + commit.paths.capacity(); }
  void DropOldest();

  size_t most_bytes_;
  size_t bytes_ = 0;
  std::deque<Commit> commits_;  // oldest first
};

}  // namespace cdc::iceberg
