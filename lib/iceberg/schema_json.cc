#include "lib/iceberg/schema_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "lib/iceberg/json_text_internal.h"
#include "lib/iceberg/schema_json_internal.h"

namespace cdc::iceberg {
namespace {

using Json = nlohmann::ordered_json;
using rows::Field;
using rows::Schema;
using rows::Type;
using rows::TypeKind;

constexpr TypeKind kNamedKinds[] = {TypeKind::kBoolean, TypeKind::kInt,         TypeKind::kLong,
                                    TypeKind::kFloat,   TypeKind::kDouble,      TypeKind::kDate,
                                    TypeKind::kTime,    TypeKind::kTimestamp,   TypeKind::kString,
                                    TypeKind::kUuid,    TypeKind::kTimestamptz, TypeKind::kBinary};

Result<Type> PrimitiveFromName(const std::string& name) {
  for (const TypeKind kind : kNamedKinds) {
    if (name == rows::ToString(Type::Of(kind))) return Type::Of(kind);
  }
  int precision = 0;
  int scale = 0;
  if (std::sscanf(name.c_str(), "decimal(%d , %d )", &precision, &scale) == 2) {
    return Type::Decimal(precision, scale);
  }
  return Error{ErrorKind::kUnsupported, fmt::format("type {}", name)};
}

Result<Field> FieldFromTree(const Json& tree) {
  Field field;
  field.id = tree.at("id").get<int>();
  field.name = tree.at("name").get<std::string>();
  field.required = tree.at("required").get<bool>();
  const Json& type = tree.at("type");
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorKind::kUnsupported, fmt::format("column {}: {}", field.name, why)};
  };
  if (type.is_string()) {
    auto primitive = PrimitiveFromName(type.get<std::string>());
    if (!primitive) return refuse(primitive.error().message);
    field.type = *primitive;
    return field;
  }
  const std::string kind = type.at("type").get<std::string>();
  if (kind != "list") return refuse(fmt::format("type {}", kind));
  const Json& element = type.at("element");
  if (!element.is_string()) return refuse("a list of a nested type");
  if (type.at("element-required").get<bool>()) return refuse("a list of required elements");
  auto primitive = PrimitiveFromName(element.get<std::string>());
  if (!primitive) return refuse("a list of " + primitive.error().message);
  field.element_id = type.at("element-id").get<int>();
  field.type = Type::ListOf(*primitive);
  return field;
}

/// Ids in a type: "id" of fields, "element-id", "key-id", "value-id" (specification, Appendix C).
void CollectIds(const Json& tree, std::vector<int>* ids) {
  for (const auto& [key, value] : tree.items()) {
    const bool id = key == "id" || key == "element-id" || key == "key-id" || key == "value-id";
    if (id && value.is_number_integer()) ids->push_back(value.get<int>());
    if (value.is_structured()) CollectIds(value, ids);
  }
}

ForeignColumn ForeignFromTree(const Json& tree, size_t position) {
  ForeignColumn column{tree.at("name").get<std::string>(), DumpJson(tree), position, {}};
  CollectIds(tree, &column.ids);
  return column;
}

}  // namespace

Json SchemaToTree(const Schema& schema, const std::vector<ForeignColumn>& foreign) {
  Json tree = {{"type", "struct"}, {"schema-id", schema.schema_id}};
  if (!schema.identifier_field_ids.empty()) tree["identifier-field-ids"] = schema.identifier_field_ids;
  Json fields = Json::array();
  for (const Field& field : schema.fields) {
    Json type = rows::ToString(field.type);
    if (field.type.kind == TypeKind::kList) {
      type = {{"type", "list"},
              {"element-id", field.element_id},
              {"element", rows::ToString(field.type.element_type())},
              {"element-required", false}};
    }
    fields.push_back({{"id", field.id}, {"name", field.name}, {"required", field.required}, {"type", type}});
  }
  for (const ForeignColumn& column : foreign) {
    const auto at = static_cast<std::ptrdiff_t>(std::min(column.position, fields.size()));
    fields.insert(fields.begin() + at, Json::parse(column.json));
  }
  tree["fields"] = std::move(fields);
  return tree;
}

Result<Schema> SchemaFromTree(const Json& tree, std::vector<ForeignColumn>* foreign) {
  try {
    Schema schema;
    schema.schema_id = tree.value("schema-id", 0);
    size_t position = 0;
    for (const Json& each : tree.at("fields")) {
      auto field = FieldFromTree(each);
      if (field) {
        schema.fields.push_back(std::move(*field));
      } else if (foreign != nullptr && !each.at("required").get<bool>()) {
        foreign->push_back(ForeignFromTree(each, position));
      } else {
        return field.error();
      }
      ++position;
    }
    if (const auto ids = tree.find("identifier-field-ids"); ids != tree.end() && ids->is_array()) {
      schema.identifier_field_ids = ids->get<std::vector<int>>();
    }
    return schema;
  } catch (const Json::exception& e) {
    return Error{ErrorKind::kCorrupt, fmt::format("reading a table schema: {}", e.what())};
  }
}

std::string SchemaToJson(const Schema& schema) { return DumpJson(SchemaToTree(schema)); }

Result<Schema> ParseSchema(std::string_view json) {
  const Json tree = Json::parse(json, nullptr, false);
  if (tree.is_discarded()) return Error{ErrorKind::kCorrupt, "reading a table schema: no JSON"};
  return SchemaFromTree(tree);
}

}  // namespace cdc::iceberg
