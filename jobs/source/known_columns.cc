#include "jobs/source/known_columns.h"

#include <nlohmann/json.hpp>

#include "lib/core/sealed_file.h"

namespace cdc::source {
namespace {

using nlohmann::json;

constexpr std::string_view kKind = "cdccols1";

json Encode(const rows::Field& field) {
  return {{"name", field.name},
          {"kind", static_cast<int>(field.type.kind)},
          {"precision", field.type.precision},
          {"scale", field.type.scale},
          {"element", static_cast<int>(field.type.element)},
          {"source_type", field.source_type}};
}

rows::Field Decode(const json& encoded) {
  rows::Field field;
  encoded.at("name").get_to(field.name);
  field.type.kind = static_cast<rows::TypeKind>(encoded.at("kind").get<int>());
  field.type.precision = encoded.at("precision").get<int>();
  field.type.scale = encoded.at("scale").get<int>();
  field.type.element = static_cast<rows::TypeKind>(encoded.at("element").get<int>());
  encoded.at("source_type").get_to(field.source_type);
  return field;
}

}  // namespace

KnownColumns::KnownColumns(std::filesystem::path file) : file_(std::move(file)) {
  if (file_.empty()) return;
  const auto content = ReadSealed(file_, kKind);
  if (!content || !*content) return;
  const json saved = json::parse(**content, nullptr, false);
  try {
    for (const json& each : saved.at("columns")) schema_.fields.push_back(Decode(each));
  } catch (const std::exception&) {
    schema_.fields.clear();
  }
}

Status KnownColumns::Learn(const std::vector<event::SourceColumn>& columns) {
  const std::vector<rows::Field> before = schema_.fields;
  for (const event::SourceColumn& column : columns) {
    rows::Field field;
    field.name = column.name;
    field.type = column.type;
    field.source_type = column.source_type;
    const int at = schema_.IndexOf(column.name);
    if (at < 0)
      schema_.fields.push_back(std::move(field));
    else
      schema_.fields[static_cast<size_t>(at)] = std::move(field);
  }
  if (schema_.fields == before || file_.empty()) return {};
  json list = json::array();
  for (const rows::Field& field : schema_.fields) list.push_back(Encode(field));
  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  return WriteSealed(file_, kKind, json{{"columns", list}}.dump(-1, ' ', true, json::error_handler_t::replace));
}

}  // namespace cdc::source
