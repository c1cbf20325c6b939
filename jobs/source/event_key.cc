#include "jobs/source/event_key.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cdc::source {
namespace {

using nlohmann::json;

/// As Java prints it in a Struct, for the types that keys mostly have.
std::string Printed(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

/// What Debezium may put where a required value is not known.
bool IsFilling(const json& value) {
  if (value.is_null() || value.empty()) return true;
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value.get<double>() == 0;
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.empty() || text == "AA==" || text == "{}" || text.starts_with("1970-01-01") ||
         text.find_first_not_of("0.:-+Z") == std::string::npos;
}

/// The default of a column, from the schema that the value embeds; null: none is told.
json DefaultOf(const json& schema, const std::string& column) {
  const auto fields = [](const json& struct_schema) {
    const auto found = struct_schema.is_object() ? struct_schema.find("fields") : struct_schema.end();
    return found != struct_schema.end() && found->is_array() ? *found : json::array();
  };
  for (const json& image : fields(schema)) {
    for (const json& field : fields(image)) {
      if (!field.is_object() || field.value("field", json()) != column) continue;
      if (field.contains("default")) return field["default"];
    }
  }
  return {};
}

/// `Struct{id=1,code=x}` of a StringConverter, of exactly these columns in any order.
bool IsStructOf(std::string_view text, const json& before, const std::vector<std::string>& key) {
  constexpr std::string_view kStart = "Struct{", kEnd = "}";
  if (!text.starts_with(kStart) || !text.ends_with(kEnd)) return false;
  const std::string_view inside = text.substr(kStart.size(), text.size() - kStart.size() - kEnd.size());
  std::vector<std::string> pieces;
  for (const std::string& name : key) pieces.push_back(name + "=" + Printed(before.at(name)));
  std::sort(pieces.begin(), pieces.end());
  do {
    std::string whole;
    for (const std::string& piece : pieces) whole += (whole.empty() ? "" : ",") + piece;
    if (whole == inside) return true;
  } while (pieces.size() <= 4 && std::next_permutation(pieces.begin(), pieces.end()));
  return false;
}

/// The key's only value alone: as text, in JSON, or with a schema around it.
bool IsValueOf(std::string_view text, const json& value) {
  if (text == Printed(value)) return true;
  const json parsed = json::parse(text, nullptr, false);
  return parsed == value || (parsed.is_object() && parsed.value("payload", json()) == value);
}

}  // namespace

std::vector<std::string> KeyOfRow(std::vector<std::string> names, const std::set<std::string>& row_names,
                                  bool routed) {
  std::vector<std::string> kept;
  for (const std::string& name : names) {
    if (row_names.contains(name) || (!routed && name != kRouterField)) kept.push_back(name);
  }
  return kept.empty() ? names : kept;
}

bool IsKeyOfBefore(std::string_view key_text, std::string_view before, const std::vector<std::string>& key,
                   std::string_view schema) {
  const json row = json::parse(before, nullptr, false);
  if (!row.is_object() || key.empty()) return false;
  for (const std::string& name : key) {
    if (!row.contains(name) || row[name].is_null()) return false;
  }
  if (IsStructOf(key_text, row, key)) return true;
  if (key.size() == 1 && IsValueOf(key_text, row[key.front()])) return true;
  json parsed;
  for (const std::string& name : key) {
    if (IsFilling(row[name])) return false;
    if (schema.empty()) continue;
    if (parsed.is_null()) parsed = json::parse(schema, nullptr, false);
    if (DefaultOf(parsed, name) == row[name]) return false;
  }
  return true;
}

}  // namespace cdc::source
