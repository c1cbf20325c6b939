#include "lib/delta/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "lib/iceberg/metadata.h"

namespace cdc::delta {
namespace {

using nlohmann::json;
using rows::Type;
using rows::TypeKind;

constexpr const char* kFieldId = "cdc.id";
constexpr const char* kElementId = "cdc.element-id";
constexpr const char* kRowsType = "cdc.type";
constexpr const char* kRequired = "cdc.required";
constexpr const char* kMappingId = "delta.columnMapping.id";
constexpr const char* kPhysicalName = "delta.columnMapping.physicalName";

std::string PrimitiveName(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return "boolean";
    case TypeKind::kInt: return "integer";
    case TypeKind::kLong: return "long";
    case TypeKind::kFloat: return "float";
    case TypeKind::kDouble: return "double";
    case TypeKind::kDecimal: return fmt::format("decimal({},{})", type.precision, type.scale);
    case TypeKind::kDate: return "date";
    case TypeKind::kTimestamp: return "timestamp_ntz";
    case TypeKind::kTimestamptz: return "timestamp";
    case TypeKind::kBinary: return "binary";
    default: return "string";
  }
}

std::optional<Type> PrimitiveType(const std::string& name) {
  static const std::map<std::string, TypeKind> kinds = {{"boolean", TypeKind::kBoolean},
                                                        {"integer", TypeKind::kInt},
                                                        {"long", TypeKind::kLong},
                                                        {"float", TypeKind::kFloat},
                                                        {"double", TypeKind::kDouble},
                                                        {"date", TypeKind::kDate},
                                                        {"timestamp_ntz", TypeKind::kTimestamp},
                                                        {"timestamp", TypeKind::kTimestamptz},
                                                        {"string", TypeKind::kString},
                                                        {"binary", TypeKind::kBinary}};
  if (const auto found = kinds.find(name); found != kinds.end()) return Type::Of(found->second);
  int precision = 0, scale = 0;
  if (std::sscanf(name.c_str(), "decimal(%d,%d)", &precision, &scale) == 2 && precision >= 1 &&
      precision <= 38 && scale >= 0 && scale <= precision)
    return Type::Decimal(precision, scale);
  return std::nullopt;
}

/// \param said `cdc.type`: what a text is to rows
Type AsRows(Type stored, const std::string& said) {
  TypeKind& kind = stored.kind == TypeKind::kList ? stored.element : stored.kind;
  if (kind == TypeKind::kString && said == "uuid") kind = TypeKind::kUuid;
  if (kind == TypeKind::kString && said == "time") kind = TypeKind::kTime;
  return stored;
}

json FieldJson(const rows::Field& field, const std::string& physical, bool mapped) {
  json metadata = {{kFieldId, field.id}};
  const bool list = field.type.kind == TypeKind::kList;
  const TypeKind kind = list ? field.type.element : field.type.kind;
  if (list) metadata[kElementId] = field.element_id;
  if (field.required) metadata[kRequired] = true;
  if (kind == TypeKind::kUuid) metadata[kRowsType] = "uuid";
  if (kind == TypeKind::kTime) metadata[kRowsType] = "time";
  if (mapped) {
    metadata[kMappingId] = field.id;
    metadata[kPhysicalName] = physical;
  }
  json type = PrimitiveName(list ? field.type.element_type() : field.type);
  if (list) type = {{"type", "array"}, {"elementType", type}, {"containsNull", true}};
  return {{"name", field.name}, {"type", type}, {"nullable", true}, {"metadata", metadata}};
}

Result<rows::Field> FieldOf(const json& in) {
  rows::Field field;
  field.name = in.at("name").get<std::string>();
  const json& type = in.at("type");
  const json metadata = in.value("metadata", json::object());
  field.required = metadata.value(kRequired, false);
  const bool list = type.is_object() && type.value("type", "") == "array";
  const json& leaf = list ? type.at("elementType") : type;
  const auto known = leaf.is_string() ? PrimitiveType(leaf.get<std::string>()) : std::nullopt;
  if (!known) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("column '{}' of the Delta table has a type that is not spoken: {}", field.name,
                             type.dump())};
  }
  field.type = AsRows(list ? Type::ListOf(*known) : *known, metadata.value(kRowsType, ""));
  field.id = metadata.value(kFieldId, 0);
  field.element_id = metadata.value(kElementId, 0);
  return field;
}

int NumberIn(const std::map<std::string, std::string>& configuration, const char* key) {
  const auto found = configuration.find(key);
  return found == configuration.end() ? 0 : std::atoi(found->second.c_str());
}

}  // namespace

Type StoredType(const Type& type) {
  Type stored = type;
  TypeKind& kind = stored.kind == TypeKind::kList ? stored.element : stored.kind;
  if (kind == TypeKind::kUuid || kind == TypeKind::kTime) kind = TypeKind::kString;
  return stored;
}

std::shared_ptr<const rows::Schema> StoredSchema(const rows::Schema& projection, const TableSchema& schema) {
  auto stored = std::make_shared<rows::Schema>(projection);
  for (rows::Field& field : stored->fields) {
    const int at = schema.logical->IndexOfId(field.id);
    if (at >= 0) field.name = schema.physical[static_cast<size_t>(at)];
    field.type = StoredType(field.type);
    field.required = false;
  }
  return stored;
}

bool NeedsMapping(const std::string& name) { return name.find_first_of(" ,;{}()\n\t=") != std::string::npos; }

std::string NewPhysicalName() { return "col-" + iceberg::NewUuid(); }

std::string EncodeSchema(const TableSchema& schema) {
  json fields = json::array();
  for (size_t i = 0; i < schema.logical->fields.size(); ++i)
    fields.push_back(FieldJson(schema.logical->fields[i], schema.physical[i], schema.mapped));
  return json{{"type", "struct"}, {"fields", fields}}.dump();
}

Result<TableSchema> DecodeSchema(const std::string& text,
                                 const std::map<std::string, std::string>& configuration) {
  TableSchema schema;
  const auto mode = configuration.find(kMappingMode);
  schema.mapped = mode != configuration.end() && mode->second != "none";
  schema.last_id = std::max(NumberIn(configuration, kLastId), NumberIn(configuration, kMaxColumnId));
  auto logical = std::make_shared<rows::Schema>();
  try {
    const json parsed = json::parse(text);
    for (const json& each : parsed.at("fields")) {
      CDC_ASSIGN(rows::Field field, FieldOf(each));
      const json metadata = each.value("metadata", json::object());
      schema.physical.push_back(schema.mapped ? metadata.value(kPhysicalName, field.name) : field.name);
      logical->fields.push_back(std::move(field));
    }
  } catch (const json::exception& failed) {
    return Error{ErrorKind::kCorrupt, std::string("reading the schema of a Delta table: ") + failed.what()};
  }
  schema.last_id = std::max(schema.last_id, logical->max_field_id());
  // Columns that another writer added have no id yet: they get the same ones whenever they are read before
  // one is kept.
  for (rows::Field& field : logical->fields) {
    if (field.id == 0) field.id = ++schema.last_id;
    if (field.type.kind == TypeKind::kList && field.element_id == 0) field.element_id = ++schema.last_id;
  }
  schema.logical = std::move(logical);
  return schema;
}

bool HasTimestampNtz(const rows::Schema& schema) {
  return std::any_of(schema.fields.begin(), schema.fields.end(), [](const rows::Field& field) {
    return (field.type.kind == TypeKind::kList ? field.type.element : field.type.kind) ==
           TypeKind::kTimestamp;
  });
}

}  // namespace cdc::delta
