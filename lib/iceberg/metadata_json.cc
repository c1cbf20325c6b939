#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "lib/iceberg/compression_internal.h"
#include "lib/iceberg/json_scan_internal.h"
#include "lib/iceberg/json_text_internal.h"
#include "lib/iceberg/metadata.h"
#include "lib/iceberg/metadata_json_internal.h"
#include "lib/iceberg/schema_json_internal.h"

namespace cdc::iceberg {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
std::optional<T> Optional(const Json& tree, const char* key) {
  const auto it = tree.find(key);
  if (it == tree.end() || it->is_null()) return std::nullopt;
  return it->get<T>();
}

/// What is left of an object when the members that we know are taken out, as text; empty when nothing is.
std::string Rest(const Json& tree, std::initializer_list<const char*> known) {
  Json rest = Json::object();
  for (const auto& [key, value] : tree.items()) {
    const bool ours = std::any_of(known.begin(), known.end(), [&](const char* k) { return key == k; });
    if (!ours) rest[key] = value;
  }
  return rest.empty() ? std::string() : DumpJson(rest);
}

/// "{...}" → ",..." so that the foreign members follow ours.
void AppendRest(const std::string& object, std::string* out) {
  if (object.size() <= 2) return;
  out->push_back(',');
  out->append(object, 1, object.size() - 2);
}

}  // namespace

void AppendText(std::string_view text, std::string* out) {
  // Most strings (paths, counters) need no escape: only the others take the slow way.
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F && c != '"' &&
           c != '\\';
  });
  if (plain) {
    out->append("\"").append(text).append("\"");
  } else {
    out->append(DumpJson(Json(std::string(text))));
  }
}

void AppendSnapshot(const Snapshot& snapshot, std::string* out) {
  fmt::format_to(std::back_inserter(*out), R"({{"snapshot-id":{})", snapshot.snapshot_id);
  const auto number = [&](const char* key, int64_t value) {
    fmt::format_to(std::back_inserter(*out), R"(,"{}":{})", key, value);
  };
  if (snapshot.parent_snapshot_id) number("parent-snapshot-id", *snapshot.parent_snapshot_id);
  number("sequence-number", snapshot.sequence_number);
  number("timestamp-ms", snapshot.timestamp_ms);
  out->append(R"(,"manifest-list":)");
  AppendText(snapshot.manifest_list, out);
  out->append(R"(,"summary":{)");
  bool first = true;
  for (const auto& [key, value] : snapshot.summary) {
    if (!first) out->push_back(',');
    first = false;
    AppendText(key, out);
    out->push_back(':');
    AppendText(value, out);
  }
  out->push_back('}');
  if (snapshot.schema_id) number("schema-id", *snapshot.schema_id);
  AppendRest(snapshot.extra_json, out);
  out->push_back('}');
}

namespace {

std::string TextOf(const Snapshot& snapshot) {
  std::string text;
  AppendSnapshot(snapshot, &text);
  return text;
}

}  // namespace

StoredSnapshot::StoredSnapshot(Snapshot snapshot) : Snapshot(std::move(snapshot)), json(TextOf(*this)) {}

namespace {

SnapshotPtr SnapshotFrom(const Json& tree) {
  Snapshot snapshot;
  snapshot.snapshot_id = tree.at("snapshot-id").get<int64_t>();
  snapshot.parent_snapshot_id = Optional<int64_t>(tree, "parent-snapshot-id");
  if (snapshot.parent_snapshot_id == -1) snapshot.parent_snapshot_id.reset();
  snapshot.sequence_number = tree.value("sequence-number", int64_t{0});
  snapshot.timestamp_ms = tree.at("timestamp-ms").get<int64_t>();
  snapshot.manifest_list = tree.at("manifest-list").get<std::string>();
  if (const auto summary = tree.find("summary"); summary != tree.end() && summary->is_object()) {
    for (const auto& [key, value] : summary->items()) {
      snapshot.summary[key] = value.is_string() ? value.get<std::string>() : DumpJson(value);
    }
  }
  snapshot.schema_id = Optional<int>(tree, "schema-id");
  snapshot.extra_json = Rest(tree, {"snapshot-id", "parent-snapshot-id", "sequence-number", "timestamp-ms",
                                    "manifest-list", "summary", "schema-id"});
  return std::make_shared<const StoredSnapshot>(std::move(snapshot));
}

SnapshotRef RefFrom(const Json& tree) {
  SnapshotRef ref;
  ref.snapshot_id = tree.at("snapshot-id").get<int64_t>();
  ref.type = tree.at("type").get<std::string>();
  ref.min_snapshots_to_keep = Optional<int32_t>(tree, "min-snapshots-to-keep");
  ref.max_snapshot_age_ms = Optional<int64_t>(tree, "max-snapshot-age-ms");
  ref.max_ref_age_ms = Optional<int64_t>(tree, "max-ref-age-ms");
  return ref;
}

Json RefToTree(const SnapshotRef& ref) {
  Json tree = {{"snapshot-id", ref.snapshot_id}, {"type", ref.type}};
  if (ref.min_snapshots_to_keep) tree["min-snapshots-to-keep"] = *ref.min_snapshots_to_keep;
  if (ref.max_snapshot_age_ms) tree["max-snapshot-age-ms"] = *ref.max_snapshot_age_ms;
  if (ref.max_ref_age_ms) tree["max-ref-age-ms"] = *ref.max_ref_age_ms;
  return tree;
}

StoredSchema SchemaFrom(const Json& tree) {
  StoredSchema stored;
  stored.schema_id = tree.value("schema-id", 0);
  stored.json = DumpJson(tree);
  if (auto schema = SchemaFromTree(tree, &stored.foreign)) {
    stored.schema = std::move(*schema);
  } else {
    stored.unsupported = schema.error().message;
  }
  return stored;
}

std::string ArrayText(const Json& tree, const char* key) {
  const auto it = tree.find(key);
  return it == tree.end() || !it->is_array() ? "[]" : DumpJson(*it);
}

void ReadHistory(const Json& tree, TableMetadata* m) {
  m->current_snapshot_id = Optional<int64_t>(tree, "current-snapshot-id");
  if (m->current_snapshot_id == -1) m->current_snapshot_id.reset();
  if (tree.contains("snapshot-log")) {
    for (const Json& each : tree["snapshot-log"]) {
      m->snapshot_log.push_back(
          {each.at("timestamp-ms").get<int64_t>(), each.at("snapshot-id").get<int64_t>()});
    }
  }
  if (tree.contains("metadata-log")) {
    for (const Json& each : tree["metadata-log"]) {
      m->metadata_log.push_back(
          {each.at("timestamp-ms").get<int64_t>(), each.at("metadata-file").get<std::string>()});
    }
  }
  if (tree.contains("refs")) {
    for (const auto& [name, ref] : tree["refs"].items()) m->refs[name] = RefFrom(ref);
  }
  // Writers before branches existed have no refs: the current snapshot is main's head.
  const auto main = m->refs.find(std::string(kMainBranch));
  if (main != m->refs.end()) {
    m->current_snapshot_id = main->second.snapshot_id;
  } else if (m->current_snapshot_id) {
    m->refs[std::string(kMainBranch)] = SnapshotRef{*m->current_snapshot_id, "branch", {}, {}, {}};
  }
}

/// `tree`: all but the snapshots.
Result<TableMetadata> MetadataFrom(const Json& tree) {
  TableMetadata m;
  m.format_version = tree.at("format-version").get<int>();
  m.location = tree.at("location").get<std::string>();
  if (m.format_version != 2) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("the table at {} has format version {}, only 2 is handled", m.location,
                             m.format_version)};
  }
  m.table_uuid = tree.at("table-uuid").get<std::string>();
  m.last_sequence_number = tree.at("last-sequence-number").get<int64_t>();
  m.last_updated_ms = tree.at("last-updated-ms").get<int64_t>();
  m.last_column_id = tree.at("last-column-id").get<int>();
  for (const Json& each : tree.at("schemas")) m.schemas.push_back(SchemaFrom(each));
  m.current_schema_id = tree.at("current-schema-id").get<int>();
  const Json& specs = tree.at("partition-specs");
  m.partition_specs_json = DumpJson(specs);
  for (const Json& spec : specs) m.partitioned = m.partitioned || !spec.at("fields").empty();
  m.default_spec_id = tree.at("default-spec-id").get<int>();
  m.last_partition_id = tree.value("last-partition-id", 999);
  m.sort_orders_json = ArrayText(tree, "sort-orders");
  m.default_sort_order_id = tree.value("default-sort-order-id", 0);
  if (tree.contains("properties"))
    m.properties = tree["properties"].get<std::map<std::string, std::string>>();
  ReadHistory(tree, &m);
  m.statistics_json = ArrayText(tree, "statistics");
  m.partition_statistics_json = ArrayText(tree, "partition-statistics");
  m.extra_json = Rest(tree, {"format-version",
                             "table-uuid",
                             "location",
                             "last-sequence-number",
                             "last-updated-ms",
                             "last-column-id",
                             "schemas",
                             "current-schema-id",
                             "partition-specs",
                             "default-spec-id",
                             "last-partition-id",
                             "sort-orders",
                             "default-sort-order-id",
                             "properties",
                             "current-snapshot-id",
                             "snapshots",
                             "snapshot-log",
                             "metadata-log",
                             "refs",
                             "statistics",
                             "partition-statistics"});
  return m;
}

/// The id of a snapshot given as text; 0 when there is none to be seen.
int64_t SnapshotIdOf(std::string_view snapshot) {
  int64_t id = 0;
  ScanObject(snapshot, [&](std::string_view key, std::string_view value) {
    if (key != "snapshot-id") return true;
    std::from_chars(value.data(), value.data() + value.size(), id);
    return false;
  });
  return id;
}

/// `json`: the array; snapshots that `known` has are taken from it. \return whether it is an array
bool ReadSnapshots(std::string_view json, const TableMetadata* known, TableMetadata* m) {
  std::unordered_map<int64_t, const SnapshotPtr*> by_id;
  if (known != nullptr && known->table_uuid == m->table_uuid) {
    for (const SnapshotPtr& snapshot : known->snapshots) by_id.emplace(snapshot->snapshot_id, &snapshot);
  }
  return ScanArray(json, [&](std::string_view text) {
    const auto found = by_id.empty() ? by_id.end() : by_id.find(SnapshotIdOf(text));
    m->snapshots.push_back(found != by_id.end() ? *found->second : SnapshotFrom(Json::parse(text)));
    return true;
  });
}

/// "{...}" with all members but the snapshots. \return whether `json` is an object
bool SplitOffSnapshots(std::string_view json, std::string* head, std::string_view* snapshots) {
  const bool object = ScanObject(json, [&](std::string_view key, std::string_view value) {
    if (key == "snapshots") {
      *snapshots = value;
    } else {
      head->append(head->empty() ? "{\"" : ",\"").append(key).append("\":").append(value);
    }
    return true;
  });
  head->append(head->empty() ? "{}" : "}");
  return object;
}

void AppendNumber(int64_t number, std::string* out) {
  const fmt::format_int digits(number);
  out->append(digits.data(), digits.size());
}

void AppendHistory(const TableMetadata& m, std::string* out) {
  const auto list = [&](const char* key, const auto& items, auto append) {
    fmt::format_to(std::back_inserter(*out), R"(,"{}":[)", key);
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out->push_back(',');
      append(items[i]);
    }
    out->push_back(']');
  };
  list("snapshots", m.snapshots, [&](const SnapshotPtr& s) { out->append(s->json); });
  list("snapshot-log", m.snapshot_log, [&](const SnapshotLogEntry& e) {
    out->append(R"({"timestamp-ms":)");
    AppendNumber(e.timestamp_ms, out);
    out->append(R"(,"snapshot-id":)");
    AppendNumber(e.snapshot_id, out);
    out->push_back('}');
  });
  list("metadata-log", m.metadata_log, [&](const MetadataLogEntry& e) {
    fmt::format_to(std::back_inserter(*out), R"({{"timestamp-ms":{},"metadata-file":)", e.timestamp_ms);
    AppendText(e.metadata_file, out);
    out->push_back('}');
  });
}

Result<TableMetadata> ParsePlain(std::string_view json, const TableMetadata* known) {
  std::string head;
  std::string_view snapshots;
  const bool object = SplitOffSnapshots(json, &head, &snapshots);
  const Json tree = object ? Json::parse(head, nullptr, false) : Json();
  if (!tree.is_object()) {
    return Error{ErrorKind::kCorrupt, "reading table metadata: it is no JSON object"};
  }
  try {
    CDC_ASSIGN(TableMetadata m, MetadataFrom(tree));
    if (!snapshots.empty() && snapshots != "null" && !ReadSnapshots(snapshots, known, &m)) {
      return Error{ErrorKind::kCorrupt, "reading table metadata: its snapshots are no JSON array"};
    }
    if (m.current_snapshot_id && m.current_snapshot() == nullptr) {
      return Error{ErrorKind::kCorrupt,
                   fmt::format("the metadata of the table at {} lacks its current snapshot {}", m.location,
                               *m.current_snapshot_id)};
    }
    return m;
  } catch (const Json::exception& e) {
    return Error{ErrorKind::kCorrupt, fmt::format("reading table metadata: {}", e.what())};
  }
}

}  // namespace

Result<TableMetadata> ParseTableMetadata(std::string_view bytes, const TableMetadata* known) {
  if (!IsGzipped(bytes)) return ParsePlain(bytes, known);
  CDC_ASSIGN(const std::string json, Gunzip(bytes));
  return ParsePlain(json, known);
}

std::string TableMetadataToJson(const TableMetadata& m) {
  // Put together as text: a commit per second renders the same thousand snapshots again and again.
  Json head = {{"format-version", m.format_version},
               {"table-uuid", m.table_uuid},
               {"location", m.location},
               {"last-sequence-number", m.last_sequence_number},
               {"last-updated-ms", m.last_updated_ms},
               {"last-column-id", m.last_column_id},
               {"current-schema-id", m.current_schema_id},
               {"default-spec-id", m.default_spec_id},
               {"last-partition-id", m.last_partition_id},
               {"default-sort-order-id", m.default_sort_order_id},
               {"properties", m.properties}};
  if (m.current_snapshot_id) head["current-snapshot-id"] = *m.current_snapshot_id;
  Json refs = Json::object();
  for (const auto& [name, ref] : m.refs) refs[name] = RefToTree(ref);
  head["refs"] = std::move(refs);
  std::string out = DumpJson(head);
  // In one piece: growing by doubling would copy the snapshots twice.
  size_t most = out.size() + 1024 + m.partition_specs_json.size() + m.sort_orders_json.size() +
                m.statistics_json.size() + m.partition_statistics_json.size() + m.extra_json.size();
  for (const StoredSchema& stored : m.schemas) most += stored.json.size() + 1;
  for (const SnapshotPtr& snapshot : m.snapshots) most += snapshot->json.size() + 1;
  most += 96 * m.snapshot_log.size() + 352 * m.metadata_log.size();
  out.reserve(most);
  out.pop_back();
  out.append(R"(,"schemas":[)");
  for (size_t i = 0; i < m.schemas.size(); ++i) out.append(i > 0 ? "," : "").append(m.schemas[i].json);
  out.append(R"(],"partition-specs":)").append(m.partition_specs_json);
  out.append(R"(,"sort-orders":)").append(m.sort_orders_json);
  AppendHistory(m, &out);
  out.append(R"(,"statistics":)").append(m.statistics_json);
  out.append(R"(,"partition-statistics":)").append(m.partition_statistics_json);
  AppendRest(m.extra_json, &out);
  out.push_back('}');
  return out;
}

}  // namespace cdc::iceberg
