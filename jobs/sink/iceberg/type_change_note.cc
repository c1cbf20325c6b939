#include "jobs/sink/iceberg/type_change_note.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/core/read_file.h"
#include "lib/iceberg/schema_evolution.h"
#include "lib/iceberg/schema_json.h"

namespace cdc::iceberg_sink {
namespace {

constexpr const char* kNoteFile = "type-change";

std::string SchemaText(const std::vector<Retyped>& columns, rows::Type Retyped::*type) {
  rows::Schema schema;
  for (const Retyped& each : columns) schema.fields.push_back({0, 0, each.name, false, each.*type});
  return iceberg::SchemaToJson(iceberg::AssignFieldIds(std::move(schema)));
}

}  // namespace

Status NoteRetyped(const std::filesystem::path& folder, const std::string& table_uuid,
                   const std::vector<Retyped>& columns) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto temporary = folder / (std::string(kNoteFile) + ".new");
  {
    std::ofstream out(temporary, std::ios::trunc);
    out << nlohmann::json{{"table_uuid", table_uuid},
                          {"from", SchemaText(columns, &Retyped::from)},
                          {"to", SchemaText(columns, &Retyped::to)}}
               .dump();
    out.flush();
    if (!out) return Error{ErrorKind::kTransient, "cannot write " + temporary.string()};
  }
  std::filesystem::rename(temporary, folder / kNoteFile, error);
  if (error)
    return Error{ErrorKind::kTransient, "cannot write " + temporary.string() + ": " + error.message()};
  return {};
}

std::vector<Retyped> ReadRetyped(const std::filesystem::path& folder, const std::string& table_uuid,
                                 const rows::Schema& schema) {
  const auto text = ReadWholeFile(folder / kNoteFile);
  if (!text || !*text) return {};
  const auto note = nlohmann::json::parse(**text, nullptr, false);
  if (!note.is_object()) return {};
  for (const auto& [name, value] : note.items()) {
    if (!value.is_string()) return {};
  }
  if (note.value("table_uuid", "") != table_uuid) return {};
  const auto from = iceberg::ParseSchema(note.value("from", "")),
             to = iceberg::ParseSchema(note.value("to", ""));
  if (!from || !to || from->fields.size() != to->fields.size()) return {};
  std::vector<Retyped> columns;
  for (size_t i = 0; i < to->fields.size(); ++i) {
    const rows::Field& field = to->fields[i];
    const int at = schema.IndexOf(field.name);
    if (at < 0 || !(schema.fields[static_cast<size_t>(at)].type == from->fields[i].type)) return {};
    columns.push_back({field.name, from->fields[i].type, field.type});
  }
  return columns;
}

void ForgetRetyped(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::remove(folder / kNoteFile, ignored);
}

}  // namespace cdc::iceberg_sink
