#include "jobs/sink/lake/table_notes.h"

#include <nlohmann/json.hpp>

namespace cdc::lake_sink {
namespace {

using nlohmann::json;

/// \return false: it is no list of texts
bool ReadNames(const json& list, std::vector<std::string>* out) {
  if (!list.is_array()) return false;
  for (const json& name : list) {
    if (!name.is_string()) return false;
    out->push_back(name.get<std::string>());
  }
  return true;
}

}  // namespace

std::optional<std::vector<std::string>> NamesFrom(const std::string& text) {
  std::vector<std::string> names;
  if (!ReadNames(json::parse(text, nullptr, false), &names)) return std::nullopt;
  return names;
}

std::optional<worker::OwnNames> OwnNamesFrom(const std::string& text) {
  const json noted = json::parse(text, nullptr, false);
  if (!noted.is_object()) return std::nullopt;
  worker::OwnNames names;
  for (const auto& [value, name] : noted.items()) {
    if (name.is_string()) names.emplace(value, name.get<std::string>());
  }
  return names;
}

std::optional<IdentityNote> IdentityNoteFrom(const std::string& text) {
  const json said = json::parse(text, nullptr, false);
  IdentityNote note;
  if (!said.is_object() || !ReadNames(said.value("derived", json()), &note.derived) ||
      !ReadNames(said.value("absent", json()), &note.absent) ||
      !said.value("ids", json()).is_number_integer())
    return std::nullopt;
  note.last_field_id = said["ids"].get<int>();
  return note;
}

std::string NamesText(const std::vector<std::string>& names) { return json(names).dump(); }

std::string OwnNamesText(const worker::OwnNames& own) { return json(own).dump(); }

std::string IdentityText(const IdentityNote& note) {
  return json{{"derived", note.derived}, {"absent", note.absent}, {"ids", note.last_field_id}}.dump();
}

}  // namespace cdc::lake_sink
