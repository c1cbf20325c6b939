#include "lib/iceberg/schema_evolution.h"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::iceberg {

rows::Schema AssignFieldIds(rows::Schema schema) {
  const bool all = std::all_of(schema.fields.begin(), schema.fields.end(), [](const rows::Field& f) {
    return f.id > 0 && (f.type.kind != rows::TypeKind::kList || f.element_id > 0);
  });
  if (all) return schema;
  int next = 1;
  for (rows::Field& field : schema.fields) field.id = next++;
  for (rows::Field& field : schema.fields) {
    field.element_id = field.type.kind == rows::TypeKind::kList ? next++ : 0;
  }
  return schema;
}

bool CanIdentify(const rows::Type& type) {
  return type.kind != rows::TypeKind::kFloat && type.kind != rows::TypeKind::kDouble &&
         type.kind != rows::TypeKind::kList;
}

namespace {

/// The field of `column`'s name and place from now on. Half a key identifies nothing.
void Replace(rows::Field* column, const rows::Type& type, int* next, rows::Schema* schema) {
  auto& ids = schema->identifier_field_ids;
  const auto identifier = std::find(ids.begin(), ids.end(), column->id);
  if (identifier != ids.end() && CanIdentify(type))
    *identifier = *next;
  else if (identifier != ids.end())
    ids.clear();
  column->type = type;
  column->id = (*next)++;
  column->element_id = type.kind == rows::TypeKind::kList ? (*next)++ : 0;
}

}  // namespace

Result<rows::Schema> Evolve(const rows::Schema& current, int last_column_id, const SchemaChanges& changes) {
  rows::Schema evolved = current;
  const auto find = [&](const std::string& name) -> Result<rows::Field*> {
    const int at = evolved.IndexOf(name);
    if (at >= 0) return &evolved.fields[static_cast<size_t>(at)];
    return Error{ErrorKind::kInvalidArgument, fmt::format("changing the schema: no column {}", name)};
  };
  for (const auto& [name, to] : changes.renames) {
    CDC_ASSIGN(rows::Field * field, find(name));
    if (evolved.IndexOf(to) >= 0) {
      return Error{ErrorKind::kUnsupported,
                   fmt::format("renaming column {} to {}: the table has one of that name", name, to)};
    }
    field->name = to;
  }
  for (const auto& [name, type] : changes.promotions) {
    CDC_ASSIGN(rows::Field * field, find(name));
    if (!rows::CanPromote(field->type, type)) {
      return Error{ErrorKind::kUnsupported,
                   fmt::format("column {}: {} cannot become {} in an Iceberg table", name,
                               rows::ToString(field->type), rows::ToString(type))};
    }
    field->type = type;
  }
  for (const auto& [name, words] : changes.source_types) {
    CDC_ASSIGN(rows::Field * field, find(name));
    field->source_type = words;
  }
  for (const std::string& name : changes.relaxations) {
    CDC_ASSIGN(rows::Field * field, find(name));
    field->required = false;
    std::erase(evolved.identifier_field_ids, field->id);
  }
  int next = std::max(last_column_id, current.max_field_id()) + 1;
  for (const auto& [name, type] : changes.replacements) {
    CDC_ASSIGN(rows::Field * field, find(name));
    Replace(field, type, &next, &evolved);
  }
  for (rows::Field field : changes.additions) {
    if (evolved.IndexOf(field.name) >= 0) {
      return Error{ErrorKind::kUnsupported,
                   fmt::format("adding column {}: the table has one of that name", field.name)};
    }
    field.id = next++;
    field.element_id = field.type.kind == rows::TypeKind::kList ? next++ : 0;
    field.required = false;
    evolved.fields.push_back(std::move(field));
  }
  return evolved;
}

TableCommit SchemaCommit(const TableMetadata& base, const rows::Schema& evolved) {
  return TableCommit{{AssertTableUuid{base.table_uuid}, AssertCurrentSchemaId{base.current_schema_id},
                      AssertLastAssignedFieldId{base.last_column_id},
                      AssertRefSnapshotId{std::string(kMainBranch), base.current_snapshot_id}},
                     {AddSchema{evolved}, SetCurrentSchema{-1}}};
}

}  // namespace cdc::iceberg
