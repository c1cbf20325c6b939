#pragma once

/// \file tests/support/schema_check.h
/// The part of JSON Schema that docs/api.schema.json uses: type, enum, properties, required,
/// additionalProperties, items, minimum, $ref. A word that is not known here is a flaw of the schema.

#include <algorithm>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

namespace cdc::testing {

inline bool HasType(const nlohmann::json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  return type == "null" && value.is_null();
}

inline std::string SchemaFlaw(const nlohmann::json& root, const nlohmann::json& schema,
                              const nlohmann::json& value);

inline std::string ObjectFlaw(const nlohmann::json& root, const nlohmann::json& schema,
                              const nlohmann::json& value) {
  const nlohmann::json none = nlohmann::json::object();
  const nlohmann::json& properties = schema.contains("properties") ? schema["properties"] : none;
  for (const auto& [name, field] : value.items()) {
    if (properties.contains(name)) {
      if (auto flaw = SchemaFlaw(root, properties[name], field); !flaw.empty()) return name + ": " + flaw;
    } else if (schema.value("additionalProperties", true) == false) {
      return name + ": is not promised";
    }
  }
  for (const auto& name : schema.value("required", nlohmann::json::array())) {
    if (!value.contains(name.get<std::string>())) return name.get<std::string>() + ": is missing";
  }
  return "";
}

/// Where and how `value` is not what `schema` says; empty: it is.
inline std::string SchemaFlaw(const nlohmann::json& root, const nlohmann::json& schema,
                              const nlohmann::json& value) {
  static const std::set<std::string> known = {
      "type",  "enum", "properties", "required",   "additionalProperties",
      "items", "$ref", "minimum",    "description"};
  for (const auto& [word, rule] : schema.items()) {
    if (known.count(word) == 0) return "the schema's word " + word + " is not checked";
  }
  if (schema.contains("$ref")) {
    const auto pointer = schema["$ref"].get<std::string>().substr(1);
    return SchemaFlaw(root, root.at(nlohmann::json::json_pointer(pointer)), value);
  }
  if (schema.contains("type")) {
    const nlohmann::json types =
        schema["type"].is_array() ? schema["type"] : nlohmann::json::array({schema["type"]});
    if (std::none_of(types.begin(), types.end(), [&](const auto& type) { return HasType(value, type); }))
      return "has another type: " + value.dump();
  }
  if (schema.contains("enum") && std::count(schema["enum"].begin(), schema["enum"].end(), value) == 0)
    return "is none of the words: " + value.dump();
  if (schema.contains("minimum") && value.is_number() && value < schema["minimum"]) return "is too small";
  if (value.is_object()) return ObjectFlaw(root, schema, value);
  if (value.is_array() && schema.contains("items")) {
    for (const auto& item : value) {
      if (auto flaw = SchemaFlaw(root, schema["items"], item); !flaw.empty()) return flaw;
    }
  }
  return "";
}

}  // namespace cdc::testing
