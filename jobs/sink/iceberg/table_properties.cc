#include "jobs/sink/iceberg/table_properties.h"

#include <nlohmann/json.hpp>

namespace cdc::iceberg_sink {

using nlohmann::json;

namespace {

constexpr const char* kPropertyAbsent = "cdc.absent-columns";  ///< JSON array of column names

json ParseProperty(const iceberg::TableMetadata& metadata, const char* name) {
  return json::parse(metadata.Property(name, ""), nullptr, false);
}

/// \return false: the member is no list of texts
bool ReadNames(const json& object, const char* member, std::vector<std::string>* out) {
  const auto list = object.find(member);
  if (list == object.end() || !list->is_array()) return false;
  for (const json& name : *list) {
    if (!name.is_string()) return false;
    out->push_back(name.get<std::string>());
  }
  return true;
}

}  // namespace

std::vector<std::string> KeyIn(const iceberg::TableMetadata& metadata, const rows::Schema& schema) {
  std::vector<std::string> key;
  const json names = ParseProperty(metadata, kPropertyKey);
  if (names.is_array()) {
    for (const json& column : names) key.push_back(column.get<std::string>());
    return key;
  }
  for (const int id : schema.identifier_field_ids)
    key.push_back(schema.fields[static_cast<size_t>(schema.IndexOfId(id))].name);
  return key;
}

std::optional<OwnNames> OwnNamesIn(const iceberg::TableMetadata& metadata) {
  const json noted = ParseProperty(metadata, kPropertyOwn);
  if (!noted.is_object()) return std::nullopt;
  OwnNames names;
  for (const auto& [value, name] : noted.items()) {
    if (name.is_string()) names.emplace(value, name.get<std::string>());
  }
  return names;
}

std::string OwnNamesText(const OwnNames& own) { return json(own).dump(); }

std::optional<IdentityNote> IdentityNoteIn(const iceberg::TableMetadata& metadata) {
  const json said = ParseProperty(metadata, kPropertyIdentity);
  IdentityNote note;
  if (!said.is_object() || !ReadNames(said, "derived", &note.derived) ||
      !ReadNames(said, "absent", &note.absent) || !said.value("ids", json()).is_number_integer())
    return std::nullopt;
  note.last_field_id = said["ids"].get<int>();
  return note;
}

std::string IdentityText(const IdentityNote& note) {
  return json{{"derived", note.derived}, {"absent", note.absent}, {"ids", note.last_field_id}}.dump();
}

std::vector<std::string> AbsentIn(const iceberg::TableMetadata& metadata) {
  std::vector<std::string> columns;
  const json names = ParseProperty(metadata, kPropertyAbsent);
  if (!names.is_array()) return columns;
  for (const json& name : names) {
    if (name.is_string()) columns.push_back(name.get<std::string>());
  }
  return columns;
}

iceberg::SetProperties AbsentProperty(const std::vector<std::string>& columns) {
  return {{{kPropertyAbsent, json(columns).dump()}}};
}

}  // namespace cdc::iceberg_sink
