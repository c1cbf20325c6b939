#include "lib/rows/schema_changes.h"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::rows {

Schema AssignFieldIds(Schema schema) {
  const bool all = std::all_of(schema.fields.begin(), schema.fields.end(), [](const Field& f) {
    return f.id > 0 && (f.type.kind != TypeKind::kList || f.element_id > 0);
  });
  if (all) return schema;
  int next = 1;
  for (Field& field : schema.fields) field.id = next++;
  for (Field& field : schema.fields) {
    field.element_id = field.type.kind == TypeKind::kList ? next++ : 0;
  }
  return schema;
}

bool CanIdentify(const Type& type) {
  return type.kind != TypeKind::kFloat && type.kind != TypeKind::kDouble &&
         type.kind != TypeKind::kList;
}

namespace {

/// The field of `column`'s name and place from now on. Half a key identifies nothing.
void Replace(Field* column, const Type& type, int* next, Schema* schema) {
  auto& ids = schema->identifier_field_ids;
  const auto identifier = std::find(ids.begin(), ids.end(), column->id);
  if (identifier != ids.end() && CanIdentify(type))
    *identifier = *next;
  else if (identifier != ids.end())
    ids.clear();
  column->type = type;
  column->id = (*next)++;
  column->element_id = type.kind == TypeKind::kList ? (*next)++ : 0;
}

}  // namespace

Result<Schema> Evolve(const Schema& current, int last_column_id, const SchemaChanges& changes) {
  Schema evolved = current;
  const auto find = [&](const std::string& name) -> Result<Field*> {
    const int at = evolved.IndexOf(name);
    if (at >= 0) return &evolved.fields[static_cast<size_t>(at)];
    return Error{ErrorKind::kInvalidArgument, fmt::format("changing the schema: no column {}", name)};
  };
  for (const auto& [name, to] : changes.renames) {
    CDC_ASSIGN(Field * field, find(name));
    if (evolved.IndexOf(to) >= 0) {
      return Error{ErrorKind::kUnsupported,
                   fmt::format("renaming column {} to {}: the table has one of that name", name, to)};
    }
    field->name = to;
  }
  for (const auto& [name, type] : changes.promotions) {
    CDC_ASSIGN(Field * field, find(name));
    if (!CanPromote(field->type, type)) {
      return Error{ErrorKind::kUnsupported,
                   fmt::format("column {}: {} cannot become {} in an Iceberg table", name,
                               ToString(field->type), ToString(type))};
    }
    field->type = type;
  }
  for (const auto& [name, words] : changes.source_types) {
    CDC_ASSIGN(Field * field, find(name));
    field->source_type = words;
  }
  for (const std::string& name : changes.relaxations) {
    CDC_ASSIGN(Field * field, find(name));
    field->required = false;
    std::erase(evolved.identifier_field_ids, field->id);
  }
  int next = std::max(last_column_id, current.max_field_id()) + 1;
  for (const auto& [name, type] : changes.replacements) {
    CDC_ASSIGN(Field * field, find(name));
    Replace(field, type, &next, &evolved);
  }
  for (Field field : changes.additions) {
    if (evolved.IndexOf(field.name) >= 0) {
      return Error{ErrorKind::kUnsupported,
                   fmt::format("adding column {}: the table has one of that name", field.name)};
    }
    field.id = next++;
    field.element_id = field.type.kind == TypeKind::kList ? next++ : 0;
    field.required = false;
    evolved.fields.push_back(std::move(field));
  }
  return evolved;
}

}  // namespace cdc::rows
