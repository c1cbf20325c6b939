#pragma once

/// \file lib/iceberg/manifest.h
/// Manifests and manifest lists: Avro files that name a snapshot's files (specification, "Manifests",
/// "Manifest Lists").

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/data_file.h"

namespace cdc::iceberg {

enum class EntryStatus { kExisting = 0, kAdded = 1, kDeleted = 2 };
enum class ManifestContent { kData = 0, kDeletes = 1 };

/// One row of a manifest. After reading, all numbers are set (inherited from the manifest where the file has
/// none).
struct ManifestEntry {
  EntryStatus status = EntryStatus::kAdded;
  int64_t snapshot_id = 0;  ///< the snapshot that added the file or, for kDeleted, deleted it
  /// Data sequence number: decides which deletes apply.
  int64_t sequence_number = 0;
  int64_t file_sequence_number = 0;
  DataFile file;
};

/// One row of a manifest list.
struct ManifestFile {
  std::string manifest_path;
  int64_t manifest_length = 0;  ///< bytes
  int32_t partition_spec_id = 0;
  ManifestContent content = ManifestContent::kData;
  int64_t sequence_number = 0;      ///< of the snapshot that wrote the manifest
  int64_t min_sequence_number = 0;  ///< least data sequence number of its live files
  int64_t added_snapshot_id = 0;
  int32_t added_files_count = 0;
  int32_t existing_files_count = 0;
  int32_t deleted_files_count = 0;
  int64_t added_rows_count = 0;
  int64_t existing_rows_count = 0;
  int64_t deleted_rows_count = 0;
};

/// What a manifest's Avro header says besides its entries.
struct ManifestHeader {
  std::string schema_json;  ///< the table's schema when it was written
  int schema_id = 0;
  int partition_spec_id = 0;
  ManifestContent content = ManifestContent::kData;
};

/// An entry as it is to be written: its own status and snapshot are replaced by these.
struct ManifestRow {
  EntryStatus status = EntryStatus::kAdded;
  int64_t snapshot_id = 0;
  const ManifestEntry* entry = nullptr;
};

/// The bytes of a manifest of format version 2 of an unpartitioned table. The file sequence number of a
/// kAdded row is left null (inherited), so is its data sequence number when it is the same; all others are
/// written.
Result<std::string> EncodeManifest(const ManifestHeader& header, const std::vector<ManifestRow>& rows);

/// Entries with inherited numbers filled in from `manifest`. Written by any engine: columns are found by
/// field id. \return kCorrupt: no manifest; kUnsupported: a codec, encryption or content we do not handle.
Result<std::vector<ManifestEntry>> DecodeManifest(std::string_view bytes, const ManifestFile& manifest);

struct ManifestListHeader {
  int64_t snapshot_id = 0;
  std::optional<int64_t> parent_snapshot_id;
  int64_t sequence_number = 0;
};

Result<std::string> EncodeManifestList(const ManifestListHeader& header,
                                       const std::vector<ManifestFile>& manifests);

/// \return as DecodeManifest.
Result<std::vector<ManifestFile>> DecodeManifestList(std::string_view bytes);

}  // namespace cdc::iceberg
