#include "jobs/source/known_columns.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace cdc::source {
namespace {

using nlohmann::json;

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
  std::ifstream in(file_, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const json saved = json::parse(text, nullptr, false);
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
  const std::filesystem::path temporary = file_.string() + ".new";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out << json{{"columns", list}}.dump(-1, ' ', true, json::error_handler_t::replace) << '\n';
    out.flush();
    if (!out)
      return Error{ErrorKind::kTransient, "cannot write " + temporary.string() + ": " + std::strerror(errno)};
  }
  std::filesystem::rename(temporary, file_, error);
  if (error)
    return Error{ErrorKind::kTransient, "cannot rename " + temporary.string() + ": " + error.message()};
  return {};
}

}  // namespace cdc::source
