#include "lib/iceberg/table_update.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_set>

#include "lib/iceberg/json_text_internal.h"
#include "lib/iceberg/schema_json_internal.h"

namespace cdc::iceberg {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

Error Conflict(std::string message) { return Error{ErrorKind::kConflict, std::move(message)}; }
Error Mistake(std::string message) { return Error{ErrorKind::kInvalidArgument, std::move(message)}; }

Error NameTaken(const std::string& name) {
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("adding column {}: another engine has added a column of that name and of a type that cdc "
                  "does not write",
                  name),
      fmt::format("give the source's column another name, \"{0}\" = {{ name = \"other_name\" }} under "
                  "[tables.<name>.columns], or drop the table's column {0} with the engine that added it",
                  name)};
}

bool SameForeign(const std::vector<ForeignColumn>& a, const std::vector<ForeignColumn>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ForeignColumn& x, const ForeignColumn& y) { return x.json == y.json; });
}

/// Applies updates one by one to a copy of the metadata.
class Builder {
 public:
  Builder(const TableMetadata& base, int64_t now_ms) : m_(base) {
    m_.last_updated_ms = std::max(now_ms, base.last_updated_ms);
  }

  Status operator()(const AddSnapshot& update);
  Status operator()(const SetSnapshotRef& update);
  Status operator()(const RemoveSnapshotRef& update);
  Status operator()(const RemoveSnapshots& update);
  Status operator()(const AddSchema& update);
  Status operator()(const SetCurrentSchema& update);
  Status operator()(const SetProperties& update);
  Status operator()(const RemoveProperties& update);

  TableMetadata Take() && { return std::move(m_); }

 private:
  TableMetadata m_;
  int last_added_schema_ = -1;
};

Status Builder::operator()(const AddSnapshot& update) {
  const Snapshot& snapshot = update.snapshot;
  if (m_.FindSnapshot(snapshot.snapshot_id) != nullptr) {
    return Conflict(fmt::format("snapshot {} exists already", snapshot.snapshot_id));
  }
  if (snapshot.sequence_number <= m_.last_sequence_number) {
    return Conflict(fmt::format("snapshot {} has sequence number {}, the table is at {}",
                                snapshot.snapshot_id, snapshot.sequence_number, m_.last_sequence_number));
  }
  m_.last_sequence_number = snapshot.sequence_number;
  m_.last_updated_ms = std::max(m_.last_updated_ms, snapshot.timestamp_ms);
  m_.snapshots.push_back(std::make_shared<const StoredSnapshot>(snapshot));
  return {};
}

Status Builder::operator()(const SetSnapshotRef& update) {
  const SnapshotPtr snapshot = m_.FindSnapshot(update.target.snapshot_id);
  if (snapshot == nullptr) {
    return Mistake(fmt::format("reference {}: no snapshot {}", update.ref, update.target.snapshot_id));
  }
  m_.refs[update.ref] = update.target;
  if (update.ref != kMainBranch || m_.current_snapshot_id == snapshot->snapshot_id) return {};
  m_.current_snapshot_id = snapshot->snapshot_id;
  m_.snapshot_log.push_back({m_.last_updated_ms, snapshot->snapshot_id});
  return {};
}

Status Builder::operator()(const RemoveSnapshotRef& update) {
  m_.refs.erase(update.ref);
  if (update.ref == kMainBranch) m_.current_snapshot_id.reset();
  return {};
}

/// Statistics files of snapshots that are gone mean nothing.
std::string WithoutStatisticsOf(const std::string& json, const std::unordered_set<int64_t>& gone) {
  if (json == "[]") return json;
  using Json = nlohmann::ordered_json;
  const Json all = Json::parse(json, nullptr, false);
  if (!all.is_array()) return json;
  Json kept = Json::array();
  for (const Json& each : all) {
    const auto id = each.is_object() ? each.find("snapshot-id") : each.end();
    const bool drop =
        each.is_object() && id != each.end() && id->is_number_integer() && gone.count(id->get<int64_t>());
    if (!drop) kept.push_back(each);
  }
  return DumpJson(kept);
}

Status Builder::operator()(const RemoveSnapshots& update) {
  const std::unordered_set<int64_t> gone(update.snapshot_ids.begin(), update.snapshot_ids.end());
  for (const auto& [name, ref] : m_.refs) {
    if (gone.count(ref.snapshot_id) != 0) {
      return Mistake(
          fmt::format("snapshot {} is the head of {} and cannot be removed", ref.snapshot_id, name));
    }
  }
  std::erase_if(m_.snapshots, [&](const SnapshotPtr& s) { return gone.count(s->snapshot_id) != 0; });
  // As Java: the log tells who was current when; before a gap it would lie, so it starts after the last one.
  std::vector<SnapshotLogEntry> log;
  std::unordered_set<int64_t> known;
  for (const SnapshotPtr& s : m_.snapshots) known.insert(s->snapshot_id);
  for (const SnapshotLogEntry& entry : m_.snapshot_log) {
    if (known.count(entry.snapshot_id) != 0) {
      log.push_back(entry);
    } else if (gone.count(entry.snapshot_id) != 0) {
      log.clear();
    }
  }
  m_.snapshot_log = std::move(log);
  m_.statistics_json = WithoutStatisticsOf(m_.statistics_json, gone);
  m_.partition_statistics_json = WithoutStatisticsOf(m_.partition_statistics_json, gone);
  return {};
}

Status Builder::operator()(const AddSchema& update) {
  std::set<int> ids;
  int largest = -1;
  for (const StoredSchema& stored : m_.schemas) {
    largest = std::max(largest, stored.schema_id);
    if (stored.unsupported.empty() && stored.schema.fields == update.schema.fields &&
        stored.schema.identifier_field_ids == update.schema.identifier_field_ids &&
        SameForeign(stored.foreign, update.foreign)) {
      last_added_schema_ = stored.schema_id;
      return {};
    }
  }
  for (const rows::Field& field : update.schema.fields) {
    if (field.id <= 0 || !ids.insert(field.id).second) {
      return Mistake(fmt::format("column {}: field id {} is missing or used twice", field.name, field.id));
    }
  }
  for (const ForeignColumn& column : update.foreign) {
    if (update.schema.IndexOf(column.name) >= 0) return NameTaken(column.name);
  }
  StoredSchema stored;
  stored.schema = update.schema;
  stored.schema.schema_id = stored.schema_id = largest + 1;
  stored.json = DumpJson(SchemaToTree(stored.schema, update.foreign));
  stored.foreign = update.foreign;
  m_.last_column_id = std::max(m_.last_column_id, update.schema.max_field_id());
  last_added_schema_ = stored.schema_id;
  m_.schemas.push_back(std::move(stored));
  return {};
}

Status Builder::operator()(const SetCurrentSchema& update) {
  const int id = update.schema_id == -1 ? last_added_schema_ : update.schema_id;
  const bool known = std::any_of(m_.schemas.begin(), m_.schemas.end(),
                                 [&](const StoredSchema& stored) { return stored.schema_id == id; });
  if (!known) return Mistake(fmt::format("no schema {} to make current", id));
  m_.current_schema_id = id;
  return {};
}

Status Builder::operator()(const SetProperties& update) {
  for (const auto& [key, value] : update.updates) m_.properties[key] = value;
  return {};
}

Status Builder::operator()(const RemoveProperties& update) {
  for (const std::string& key : update.removals) m_.properties.erase(key);
  return {};
}

Status CheckRef(const TableMetadata& m, const AssertRefSnapshotId& r) {
  const auto ref = m.refs.find(r.ref);
  if (!r.snapshot_id) {
    if (ref == m.refs.end()) return {};
    return Conflict(fmt::format("reference {} exists at snapshot {}, it was to be absent", r.ref,
                                ref->second.snapshot_id));
  }
  if (ref != m.refs.end() && ref->second.snapshot_id == *r.snapshot_id) return {};
  return Conflict(fmt::format("reference {} is at snapshot {}, expected {}", r.ref,
                              ref == m.refs.end() ? "none" : std::to_string(ref->second.snapshot_id),
                              *r.snapshot_id));
}

Status Check(const TableMetadata& m, const Requirement& requirement) {
  return std::visit(Overloaded{
                        [&](const AssertTableUuid& r) -> Status {
                          if (r.uuid == m.table_uuid) return {};
                          return Conflict(fmt::format("the table is {}, expected {}", m.table_uuid, r.uuid));
                        },
                        [&](const AssertRefSnapshotId& r) -> Status { return CheckRef(m, r); },
                        [&](const AssertCurrentSchemaId& r) -> Status {
                          if (r.schema_id == m.current_schema_id) return {};
                          return Conflict(fmt::format("the current schema is {}, expected {}",
                                                      m.current_schema_id, r.schema_id));
                        },
                        [&](const AssertLastAssignedFieldId& r) -> Status {
                          if (r.field_id == m.last_column_id) return {};
                          return Conflict(fmt::format("the last column id is {}, expected {}",
                                                      m.last_column_id, r.field_id));
                        },
                    },
                    requirement);
}

}  // namespace

Status CheckRequirements(const TableMetadata& metadata, const std::vector<Requirement>& requirements) {
  for (const Requirement& requirement : requirements) CDC_TRY(Check(metadata, requirement));
  return {};
}

Result<TableMetadata> ApplyCommit(const TableMetadata& metadata, const TableCommit& commit, int64_t now_ms) {
  CDC_TRY(CheckRequirements(metadata, commit.requirements));
  Builder builder(metadata, now_ms);
  for (const Update& update : commit.updates) CDC_TRY(std::visit(builder, update));
  return std::move(builder).Take();
}

}  // namespace cdc::iceberg
