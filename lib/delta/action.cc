#include "lib/delta/action.h"

#include <nlohmann/json.hpp>

namespace cdc::delta {
namespace {

using nlohmann::json;

/// Throws json's exceptions where the member is of another type.
template <typename T>
void Take(const json& object, const char* name, T* out) {
  const auto found = object.find(name);
  if (found != object.end() && !found->is_null()) found->get_to(*out);
}
template <typename T>
void Take(const json& object, const char* name, std::optional<T>* out) {
  const auto found = object.find(name);
  if (found != object.end() && !found->is_null()) *out = found->get<T>();
}

json VectorJson(const DeletionVector& vector) {
  json out = {{"storageType", vector.storage_type},
              {"pathOrInlineDv", vector.path_or_inline},
              {"sizeInBytes", vector.size_in_bytes},
              {"cardinality", vector.cardinality}};
  if (vector.offset) out["offset"] = *vector.offset;
  return out;
}

std::optional<DeletionVector> VectorOf(const json& action) {
  const auto found = action.find("deletionVector");
  if (found == action.end() || found->is_null()) return std::nullopt;
  DeletionVector vector;
  Take(*found, "storageType", &vector.storage_type);
  Take(*found, "pathOrInlineDv", &vector.path_or_inline);
  Take(*found, "offset", &vector.offset);
  Take(*found, "sizeInBytes", &vector.size_in_bytes);
  Take(*found, "cardinality", &vector.cardinality);
  return vector;
}

struct Encoder {
  json operator()(const Protocol& p) const {
    json out = {{"minReaderVersion", p.min_reader}, {"minWriterVersion", p.min_writer}};
    if (p.min_reader >= 3) out["readerFeatures"] = p.reader_features;
    if (p.min_writer >= 7) out["writerFeatures"] = p.writer_features;
    return {{"protocol", out}};
  }
  json operator()(const Metadata& m) const {
    json out = {{"id", m.id},
                {"format", {{"provider", "parquet"}, {"options", json::object()}}},
                {"schemaString", m.schema_string},
                {"partitionColumns", m.partition_columns},
                {"configuration", m.configuration}};
    if (m.name) out["name"] = *m.name;
    if (m.description) out["description"] = *m.description;
    if (m.created_time) out["createdTime"] = *m.created_time;
    return {{"metaData", out}};
  }
  json operator()(const AddFile& f) const {
    json out = {{"path", f.path},
                {"partitionValues", json::object()},
                {"size", f.size},
                {"modificationTime", f.modification_time},
                {"dataChange", f.data_change}};
    if (!f.stats.empty()) out["stats"] = f.stats;
    if (!f.tags.empty()) out["tags"] = f.tags;
    if (f.vector) out["deletionVector"] = VectorJson(*f.vector);
    return {{"add", out}};
  }
  json operator()(const RemoveFile& f) const {
    json out = {{"path", f.path},
                {"dataChange", f.data_change},
                {"extendedFileMetadata", f.size.has_value()},
                {"partitionValues", json::object()}};
    if (f.deletion_timestamp) out["deletionTimestamp"] = *f.deletion_timestamp;
    if (f.size) out["size"] = *f.size;
    if (f.vector) out["deletionVector"] = VectorJson(*f.vector);
    return {{"remove", out}};
  }
  json operator()(const ChangeFile& f) const {
    return {
        {"cdc",
         {{"path", f.path}, {"partitionValues", json::object()}, {"size", f.size}, {"dataChange", false}}}};
  }
  json operator()(const Transaction& t) const {
    json out = {{"appId", t.app_id}, {"version", t.version}};
    if (t.last_updated) out["lastUpdated"] = *t.last_updated;
    return {{"txn", out}};
  }
  json operator()(const DomainMetadata& d) const {
    return {{"domainMetadata",
             {{"domain", d.domain}, {"configuration", d.configuration}, {"removed", d.removed}}}};
  }
  json operator()(const CommitInfo& c) const {
    return {{"commitInfo",
             {{"timestamp", c.timestamp},
              {"operation", c.operation},
              {"operationParameters", c.parameters},
              {"isBlindAppend", c.blind_append},
              {"engineInfo", c.engine},
              {"txnId", c.transaction_id}}}};
  }
};

Protocol ProtocolOf(const json& in) {
  Protocol out;
  Take(in, "minReaderVersion", &out.min_reader);
  Take(in, "minWriterVersion", &out.min_writer);
  Take(in, "readerFeatures", &out.reader_features);
  Take(in, "writerFeatures", &out.writer_features);
  return out;
}

Metadata MetadataOf(const json& in) {
  Metadata out;
  Take(in, "id", &out.id);
  Take(in, "name", &out.name);
  Take(in, "description", &out.description);
  Take(in, "schemaString", &out.schema_string);
  Take(in, "partitionColumns", &out.partition_columns);
  Take(in, "configuration", &out.configuration);
  Take(in, "createdTime", &out.created_time);
  return out;
}

AddFile AddOf(const json& in) {
  AddFile out;
  Take(in, "path", &out.path);
  Take(in, "size", &out.size);
  Take(in, "modificationTime", &out.modification_time);
  Take(in, "dataChange", &out.data_change);
  Take(in, "stats", &out.stats);
  if (in.contains("tags") && in["tags"].is_object()) {
    for (const auto& [name, value] : in["tags"].items()) {
      if (value.is_string()) out.tags[name] = value.get<std::string>();
    }
  }
  out.vector = VectorOf(in);
  return out;
}

RemoveFile RemoveOf(const json& in) {
  RemoveFile out;
  Take(in, "path", &out.path);
  Take(in, "deletionTimestamp", &out.deletion_timestamp);
  Take(in, "dataChange", &out.data_change);
  Take(in, "size", &out.size);
  out.vector = VectorOf(in);
  return out;
}

/// Everything of another writer's that is not of the type we expect is left out: nothing hangs on it.
CommitInfo CommitInfoOf(const json& in) {
  CommitInfo out;
  const auto text = [&in](const char* name) {
    const auto found = in.find(name);
    return found != in.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (in.contains("timestamp") && in["timestamp"].is_number_integer())
    out.timestamp = in["timestamp"].get<int64_t>();
  out.operation = text("operation");
  out.engine = text("engineInfo");
  out.transaction_id = text("txnId");
  if (in.contains("operationParameters") && in["operationParameters"].is_object()) {
    for (const auto& [name, value] : in["operationParameters"].items())
      out.parameters[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  if (in.contains("isBlindAppend") && in["isBlindAppend"].is_boolean())
    out.blind_append = in["isBlindAppend"].get<bool>();
  return out;
}

std::optional<Action> ActionOf(const std::string& kind, const json& in) {
  if (kind == "protocol") return ProtocolOf(in);
  if (kind == "metaData") return MetadataOf(in);
  if (kind == "add") return AddOf(in);
  if (kind == "remove") return RemoveOf(in);
  if (kind == "cdc") {
    ChangeFile out;
    Take(in, "path", &out.path);
    Take(in, "size", &out.size);
    return out;
  }
  if (kind == "txn") {
    Transaction out;
    Take(in, "appId", &out.app_id);
    Take(in, "version", &out.version);
    Take(in, "lastUpdated", &out.last_updated);
    return out;
  }
  if (kind == "domainMetadata") {
    DomainMetadata out;
    Take(in, "domain", &out.domain);
    Take(in, "configuration", &out.configuration);
    Take(in, "removed", &out.removed);
    return out;
  }
  if (kind == "commitInfo") return CommitInfoOf(in);
  return std::nullopt;
}

}  // namespace

std::string EncodeAction(const Action& action) {
  return std::visit(Encoder{}, action).dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::optional<Action>> DecodeAction(std::string_view line) {
  try {
    const json parsed = json::parse(line);
    for (const auto& [kind, content] : parsed.items()) {
      if (!content.is_object()) continue;  // a checkpoint's other columns
      if ((kind == "add" || kind == "cdc") && content.contains("partitionValues") &&
          content["partitionValues"].is_object() && !content["partitionValues"].empty())
        return Error{ErrorKind::kUnsupported, "reading a Delta log: the table has partitions"};
      if (auto action = ActionOf(kind, content)) return action;
    }
    return std::optional<Action>();
  } catch (const json::exception& failed) {
    return Error{ErrorKind::kCorrupt, std::string("reading a Delta log: ") + failed.what()};
  }
}

std::string EncodeActions(const std::vector<Action>& actions) {
  std::string text;
  for (const Action& action : actions) text += EncodeAction(action) + "\n";
  return text;
}

Result<std::vector<Action>> DecodeActions(std::string_view text) {
  std::vector<Action> actions;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(" \r") == std::string_view::npos) continue;
    CDC_ASSIGN(auto action, DecodeAction(line));
    if (action) actions.push_back(std::move(*action));
  }
  return actions;
}

}  // namespace cdc::delta
