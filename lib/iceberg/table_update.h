#pragma once

/// \file lib/iceberg/table_update.h
/// A commit as data: what must hold of the table and what changes, in the words of the REST catalog
/// specification (TableRequirement, TableUpdate), and the pure function that applies it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lib/iceberg/metadata.h"

namespace cdc::iceberg {

struct AssertTableUuid {
  std::string uuid;
};
/// Without a snapshot id: the reference must not exist.
struct AssertRefSnapshotId {
  std::string ref;
  std::optional<int64_t> snapshot_id;
};
struct AssertCurrentSchemaId {
  int schema_id = 0;
};
struct AssertLastAssignedFieldId {
  int field_id = 0;
};
using Requirement =
    std::variant<AssertTableUuid, AssertRefSnapshotId, AssertCurrentSchemaId, AssertLastAssignedFieldId>;

struct AddSnapshot {
  Snapshot snapshot;
};
struct SetSnapshotRef {
  std::string ref;
  SnapshotRef target;
};
struct RemoveSnapshotRef {
  std::string ref;
};
/// Head snapshots of references cannot be removed.
struct RemoveSnapshots {
  std::vector<int64_t> snapshot_ids;
};
/// The schema gets the next free schema id, whatever it says; one that exists already is reused.
struct AddSchema {
  rows::Schema schema;
  std::vector<ForeignColumn> foreign = {};  ///< columns of the schema before that stay
};
/// -1: the schema added last in this commit.
struct SetCurrentSchema {
  int schema_id = -1;
};
struct SetProperties {
  std::map<std::string, std::string> updates;
};
struct RemoveProperties {
  std::vector<std::string> removals;
};
using Update = std::variant<AddSnapshot, SetSnapshotRef, RemoveSnapshotRef, RemoveSnapshots, AddSchema,
                            SetCurrentSchema, SetProperties, RemoveProperties>;

struct TableCommit {
  std::vector<Requirement> requirements;
  std::vector<Update> updates;
};

/// \return kConflict: a requirement does not hold.
Status CheckRequirements(const TableMetadata& metadata, const std::vector<Requirement>& requirements);

/// `metadata` after `commit`; last-updated-ms becomes max(now_ms, its old value).
///
/// \param now_ms Unix milliseconds
/// \return kConflict: a requirement does not hold, or the snapshot's sequence number or id is used;
/// kInvalidArgument: an update that makes no sense (an unknown snapshot or schema).
Result<TableMetadata> ApplyCommit(const TableMetadata& metadata, const TableCommit& commit, int64_t now_ms);

}  // namespace cdc::iceberg
