#pragma once

/// \file lib/iceberg/metadata.h
/// Table metadata, format version 2 (specification, "Table Metadata"). Value types; what we do not understand
/// of a foreign table is kept as JSON text and written back.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/rows/type.h"

namespace cdc::iceberg {

inline constexpr std::string_view kMainBranch = "main";

struct Snapshot {
  int64_t snapshot_id = 0;  ///< positive
  std::optional<int64_t> parent_snapshot_id;
  int64_t sequence_number = 0;
  int64_t timestamp_ms = 0;  ///< Unix milliseconds
  std::string manifest_list;
  std::map<std::string, std::string> summary;  ///< with "operation"
  std::optional<int> schema_id;
  std::string extra_json;  ///< an object of foreign members; empty without any

  /// The summary's value of `key`; null when it has none.
  const std::string* FindSummary(const std::string& key) const;
};

/// With its JSON text: a commit a second writes the same hundreds of snapshots again and again.
struct StoredSnapshot : Snapshot {
  explicit StoredSnapshot(Snapshot snapshot);
  const std::string json;
};

/// Shared: a commit copies the metadata, not its hundreds of snapshots.
using SnapshotPtr = std::shared_ptr<const StoredSnapshot>;

struct SnapshotRef {
  int64_t snapshot_id = 0;
  std::string type = "branch";  ///< branch | tag
  std::optional<int32_t> min_snapshots_to_keep;
  std::optional<int64_t> max_snapshot_age_ms;
  std::optional<int64_t> max_ref_age_ms;
};

struct SnapshotLogEntry {
  int64_t timestamp_ms = 0;
  int64_t snapshot_id = 0;
};

struct MetadataLogEntry {
  int64_t timestamp_ms = 0;
  std::string metadata_file;
};

/// A column that another engine added and whose type has no counterpart here (a map, a struct, a list of
/// those). We write nothing into it, so that it is null in our rows, and hand it on in each schema.
struct ForeignColumn {
  std::string name;
  std::string json;      ///< the whole field, with the ids of what is nested in it
  size_t position = 0;   ///< among all columns of its schema, from 0
  std::vector<int> ids;  ///< its own and the nested ones
};

struct StoredSchema {
  int schema_id = 0;
  std::string json;     ///< as read; authoritative
  rows::Schema schema;  ///< without the foreign columns; meaningless when `unsupported` is set
  std::vector<ForeignColumn> foreign = {};  ///< by position
  std::string unsupported;                  ///< why the schema has no counterpart here; empty normally
};

struct TableMetadata {
  int format_version = 2;
  std::string table_uuid;
  std::string location;
  int64_t last_sequence_number = 0;
  int64_t last_updated_ms = 0;
  int last_column_id = 0;
  std::vector<StoredSchema> schemas;
  int current_schema_id = 0;
  std::string partition_specs_json = R"([{"spec-id":0,"fields":[]}])";
  int default_spec_id = 0;
  bool partitioned = false;  ///< any spec has a field: we read such tables and refuse to write them
  int last_partition_id = 999;
  std::string sort_orders_json = R"([{"order-id":0,"fields":[]}])";
  int default_sort_order_id = 0;
  std::map<std::string, std::string> properties;
  std::optional<int64_t> current_snapshot_id;  ///< the main branch's head
  std::vector<SnapshotPtr> snapshots;
  std::vector<SnapshotLogEntry> snapshot_log;
  std::vector<MetadataLogEntry> metadata_log;
  std::map<std::string, SnapshotRef> refs;
  std::string statistics_json = "[]";
  std::string partition_statistics_json = "[]";
  std::string extra_json;  ///< an object of foreign members; empty without any

  /// `location` without slashes at its end, which some engines leave there.
  std::string folder() const;
  /// Null when there is none.
  SnapshotPtr FindSnapshot(int64_t snapshot_id) const;
  SnapshotPtr current_snapshot() const;
  /// The newest snapshot from the main branch's head back through its parents whose summary has `key`; null
  /// when none.
  SnapshotPtr NewestAncestorWith(const std::string& key) const;
  /// Whether `snapshot_id` is the main branch's head or an ancestor of it that is still listed: how an
  /// unknown commit is resolved.
  bool HistoryContains(int64_t snapshot_id) const;
  /// \return kUnsupported: a required column of a type that we do not have; kCorrupt: no such schema.
  Result<rows::Schema> CurrentSchema() const;
  /// Of the current schema; empty without that schema.
  std::vector<ForeignColumn> ForeignColumns() const;
  /// Value of a table property, or `fallback`.
  std::string Property(const std::string& key, const std::string& fallback) const;
  /// As Property(); `fallback` also for what is no integer.
  int64_t IntProperty(const std::string& key, int64_t fallback) const;
};

/// \param known an earlier state of the same table, or null: snapshots that it has are taken from it, not
/// read again (they never change; another table is told by its uuid) \return kCorrupt: no table metadata, or
/// it contradicts itself; kUnsupported: another format version than 2.
Result<TableMetadata> ParseTableMetadata(std::string_view json, const TableMetadata* known = nullptr);
std::string TableMetadataToJson(const TableMetadata& metadata);

/// Random and positive, not in use in `metadata`.
int64_t NewSnapshotId(const TableMetadata& metadata);
/// Random (version 4), lower case with dashes.
std::string NewUuid();

}  // namespace cdc::iceberg
