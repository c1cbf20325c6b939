#include "lib/iceberg/rest_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/iceberg/json_scan_internal.h"
#include "lib/iceberg/json_text_internal.h"
#include "lib/iceberg/metadata_json_internal.h"
#include "lib/iceberg/new_table_internal.h"
#include "lib/iceberg/schema_json_internal.h"

namespace cdc::iceberg {
namespace {

using Json = nlohmann::ordered_json;

struct RequirementToTree {
  Json operator()(const AssertTableUuid& r) const {
    return {{"type", "assert-table-uuid"}, {"uuid", r.uuid}};
  }
  Json operator()(const AssertRefSnapshotId& r) const {
    Json tree = {{"type", "assert-ref-snapshot-id"}, {"ref", r.ref}, {"snapshot-id", nullptr}};
    if (r.snapshot_id) tree["snapshot-id"] = *r.snapshot_id;
    return tree;
  }
  Json operator()(const AssertCurrentSchemaId& r) const {
    return {{"type", "assert-current-schema-id"}, {"current-schema-id", r.schema_id}};
  }
  Json operator()(const AssertLastAssignedFieldId& r) const {
    return {{"type", "assert-last-assigned-field-id"}, {"last-assigned-field-id", r.field_id}};
  }
};

struct UpdateToText {
  const TableMetadata& base;

  std::string operator()(const AddSnapshot& u) const {
    std::string text = R"({"action":"add-snapshot","snapshot":)";
    AppendSnapshot(u.snapshot, &text);
    return text + "}";
  }
  std::string operator()(const SetSnapshotRef& u) const {
    Json tree = {{"action", "set-snapshot-ref"},
                 {"ref-name", u.ref},
                 {"type", u.target.type},
                 {"snapshot-id", u.target.snapshot_id}};
    if (u.target.min_snapshots_to_keep) tree["min-snapshots-to-keep"] = *u.target.min_snapshots_to_keep;
    if (u.target.max_snapshot_age_ms) tree["max-snapshot-age-ms"] = *u.target.max_snapshot_age_ms;
    if (u.target.max_ref_age_ms) tree["max-ref-age-ms"] = *u.target.max_ref_age_ms;
    return DumpJson(tree);
  }
  std::string operator()(const RemoveSnapshotRef& u) const {
    return DumpJson({{"action", "remove-snapshot-ref"}, {"ref-name", u.ref}});
  }
  std::string operator()(const RemoveSnapshots& u) const {
    return DumpJson({{"action", "remove-snapshots"}, {"snapshot-ids", u.snapshot_ids}});
  }
  std::string operator()(const AddSchema& u) const {
    rows::Schema schema = u.schema;
    for (const StoredSchema& stored : base.schemas) {
      schema.schema_id = std::max(schema.schema_id, stored.schema_id + 1);
    }
    // The last column id is deprecated, and still wanted by servers from before it was.
    return DumpJson({{"action", "add-schema"},
                     {"schema", SchemaToTree(schema, u.foreign)},
                     {"last-column-id", std::max(schema.max_field_id(), base.last_column_id)}});
  }
  std::string operator()(const SetCurrentSchema& u) const {
    return DumpJson({{"action", "set-current-schema"}, {"schema-id", u.schema_id}});
  }
  std::string operator()(const SetProperties& u) const {
    return DumpJson({{"action", "set-properties"}, {"updates", u.updates}});
  }
  std::string operator()(const RemoveProperties& u) const {
    return DumpJson({{"action", "remove-properties"}, {"removals", u.removals}});
  }
};

Error NoAnswer(const std::string& why) {
  return Error{ErrorKind::kTransient, "reading the catalog's answer: " + why};
}

/// Members that are no text, as some servers send, are kept as JSON.
std::map<std::string, std::string> TextMap(const Json& tree) {
  std::map<std::string, std::string> map;
  if (!tree.is_object()) return map;
  for (const auto& [key, value] : tree.items()) {
    if (!value.is_null()) map[key] = value.is_string() ? value.get<std::string>() : DumpJson(value);
  }
  return map;
}

std::vector<StorageCredential> CredentialsFrom(std::string_view text) {
  std::vector<StorageCredential> credentials;
  const Json tree = Json::parse(text, nullptr, false);
  if (!tree.is_array()) return credentials;
  for (const Json& each : tree) {
    if (!each.is_object() || !each.contains("config")) continue;
    const auto prefix = each.find("prefix");
    const bool named = prefix != each.end() && prefix->is_string();
    credentials.push_back({named ? prefix->get<std::string>() : "", TextMap(each["config"])});
  }
  return credentials;
}

}  // namespace

Result<std::string> CreateTableBody(const std::string& name, const rows::Schema& schema,
                                    const std::string& location,
                                    const std::map<std::string, std::string>& properties) {
  CDC_ASSIGN(const TableMetadata table, NewTableMetadata(schema, location, properties, 0));
  Json tree = {{"name", name},
               {"schema", SchemaToTree(table.schemas.front().schema)},
               {"partition-spec", {{"spec-id", 0}, {"fields", Json::array()}}},
               {"write-order", {{"order-id", 0}, {"fields", Json::array()}}},
               {"stage-create", false},
               {"properties", table.properties}};
  if (!location.empty()) tree["location"] = table.location;
  tree["properties"]["format-version"] = std::to_string(table.format_version);
  return DumpJson(tree);
}

std::string CommitTableBody(const TableCommit& commit, const TableMetadata& base) {
  Json requirements = Json::array();
  for (const Requirement& each : commit.requirements) {
    requirements.push_back(std::visit(RequirementToTree{}, each));
  }
  std::string body = R"({"requirements":)" + DumpJson(requirements) + R"(,"updates":[)";
  for (size_t i = 0; i < commit.updates.size(); ++i) {
    body.append(i > 0 ? "," : "").append(std::visit(UpdateToText{base}, commit.updates[i]));
  }
  return body + "]}";
}

Result<TableAnswer> ParseTableAnswer(std::string_view json, const TableMetadata* known) {
  std::string_view location;
  std::string_view metadata;
  std::string_view config;
  std::string_view credentials;
  const bool object = ScanObject(json, [&](std::string_view key, std::string_view value) {
    if (key == "metadata-location") location = value;
    if (key == "metadata") metadata = value;
    if (key == "config") config = value;
    if (key == "storage-credentials") credentials = value;
    return true;
  });
  if (!object) return NoAnswer("it is no JSON object, or was cut off");
  if (metadata.empty()) return NoAnswer("it has no table metadata");
  TableAnswer answer;
  CDC_ASSIGN(TableMetadata parsed, ParseTableMetadata(metadata, known));
  answer.metadata = std::make_shared<const TableMetadata>(std::move(parsed));
  const Json path = Json::parse(location, nullptr, false);
  if (path.is_string()) answer.metadata_location = path.get<std::string>();
  answer.config = TextMap(Json::parse(config, nullptr, false));
  answer.credentials = CredentialsFrom(credentials);
  return answer;
}

Result<std::vector<StorageCredential>> ParseCredentialsAnswer(std::string_view json) {
  std::string_view credentials;
  const bool object = ScanObject(json, [&](std::string_view key, std::string_view value) {
    if (key == "storage-credentials") credentials = value;
    return true;
  });
  if (!object || credentials.empty()) return NoAnswer("it has no storage-credentials");
  return CredentialsFrom(credentials);
}

}  // namespace cdc::iceberg
