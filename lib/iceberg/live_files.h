#pragma once

/// \file lib/iceberg/live_files.h
/// All live files of a table's current snapshot in memory: read once, then kept up to date by our own
/// commits, so that a commit reads no manifest.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/manifest.h"
#include "lib/iceberg/metadata.h"
#include "lib/storage/file_system.h"

namespace cdc::iceberg {

struct StagedSnapshot;

/// A manifest of the current snapshot with its live entries; their own `status` says nothing here.
struct LiveManifest {
  ManifestFile file;
  std::vector<std::shared_ptr<const ManifestEntry>> entries;
};
using LiveManifestPtr = std::shared_ptr<const LiveManifest>;

/// Sums for the snapshot summary's total-* counters.
struct LiveTotals {
  int64_t data_files = 0;
  int64_t delete_files = 0;
  int64_t records = 0;  ///< of data files, deleted rows included
  int64_t bytes = 0;    ///< of data and delete files
  int64_t position_deletes = 0;
  int64_t equality_deletes = 0;
};

/// One thread at a time. Entries stay alive and unchanged for as long as somebody holds them.
class LiveFiles {
 public:
  using Entry = std::shared_ptr<const ManifestEntry>;

  /// Empty: a table without a snapshot.
  LiveFiles() = default;

  /// Reads the manifests of `metadata`'s current snapshot.
  /// \return kCorrupt: a manifest is missing or damaged, or one path is listed twice; kUnsupported;
  /// kTransient.
  static Result<LiveFiles> Load(storage::FileSystem& files, const TableMetadata& metadata);

  /// Takes over the state after `staged` has been committed (or found committed).
  void Advance(const StagedSnapshot& staged);

  /// The snapshot that this is the state of.
  std::optional<int64_t> snapshot_id() const { return snapshot_id_; }
  const LiveTotals& totals() const { return totals_; }

  /// Null when no live data or delete file has that path.
  Entry FindData(const std::string& path) const;
  Entry FindDelete(const std::string& path) const;
  /// Live position delete files that may speak of `data_path`: those with that referenced_data_file (or equal
  /// bounds of file_path), then those that speak of several files. Empty: no deletes, equality deletes aside.
  std::vector<Entry> DeletesOf(const std::string& data_path) const;

  /// Live position delete files that speak of several data files, or do not say of which.
  const std::vector<Entry>& SharedDeletes() const;

  const std::unordered_map<std::string, Entry>& data() const { return data_; }
  const std::unordered_map<std::string, Entry>& deletes() const { return deletes_; }
  const std::vector<LiveManifestPtr>& manifests() const { return manifests_; }
  /// The manifest that lists a live entry.
  const LiveManifest* ManifestOf(const ManifestEntry& entry) const;
  /// Foreign equality deletes: we cannot work on such a table.
  bool has_equality_deletes() const { return totals_.equality_deletes > 0; }

 private:
  Status Add(const Entry& entry);
  void Remove(const Entry& entry);
  void AdoptManifests(std::vector<LiveManifestPtr> manifests);

  std::optional<int64_t> snapshot_id_;
  std::vector<LiveManifestPtr> manifests_;
  std::unordered_map<std::string, Entry> data_;
  std::unordered_map<std::string, Entry> deletes_;
  std::unordered_map<std::string, std::vector<Entry>> deletes_by_data_;  // key "": of several files
  std::unordered_map<const ManifestEntry*, const LiveManifest*> homes_;
  LiveTotals totals_;
};

/// The one data file that a position delete file speaks of; nothing for one of several files.
std::optional<std::string> ReferencedDataFile(const DataFile& position_deletes);

}  // namespace cdc::iceberg
