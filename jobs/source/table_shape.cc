#include "jobs/source/table_shape.h"

#include <algorithm>

#include "lib/event/connect_schema.h"
#include "lib/event/infer.h"
#include "lib/event/json_cursor.h"
#include "lib/rows/type_change.h"

namespace cdc::source {
namespace {

using event::SourceColumn;
using event::Wire;
using rows::Type;
using rows::TypeKind;

Error Unsupported(const std::vector<SourceColumn>& problems, const std::string& table) {
  std::string message =
      problems.size() == 1 ? "a column cannot be kept exactly:" : "columns cannot be kept exactly:";
  std::string hint = "in tables.toml:\n[tables.\"" + table + "\".columns]";
  for (const SourceColumn& column : problems) {
    message += " '" + column.name + "' (" + column.problem + ")";
    hint += "\n\"" + column.name + "\" = \"" + column.hint + "\"";
  }
  return Error{ErrorKind::kUnsupported, std::move(message), std::move(hint)};
}

/// How values of a column that only the table knows are sent: as Debezium writes such a type.
Result<SourceColumn> ColumnOfField(const rows::Field& field, const event::Handling& handling) {
  const bool list = field.type.kind == TypeKind::kList;
  const Type type = list ? field.type.element_type() : field.type;
  std::string words;
  switch (type.kind) {
    case TypeKind::kBoolean: words = "boolean"; break;
    case TypeKind::kInt: words = "integer"; break;
    case TypeKind::kLong: words = "bigint"; break;
    case TypeKind::kFloat: words = "real"; break;
    case TypeKind::kDouble: words = "double precision"; break;
    case TypeKind::kDecimal:
      words = "numeric(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
      break;
    case TypeKind::kDate: words = "date"; break;
    case TypeKind::kTime: words = "time"; break;
    case TypeKind::kTimestamp: words = "timestamp"; break;
    case TypeKind::kTimestamptz: words = "timestamptz"; break;
    case TypeKind::kUuid: words = "uuid"; break;
    case TypeKind::kBinary: words = "bytea"; break;
    default: words = "text"; break;
  }
  CDC_ASSIGN(SourceColumn column,
             event::ColumnOfPgType(field.name, list ? words + "[]" : words, handling, true));
  column.source_type = field.source_type;
  // The table does not say which of the types that look alike it is at the source.
  if (list && (words == "text" || words == "bigint")) column.unchanged = event::Unchanged::kUnsure;
  return column;
}

}  // namespace

const std::string& Declarations::TargetOf(const std::string& source) const {
  const auto found = names.find(source);
  return found == names.end() ? source : found->second;
}

const std::string& Declarations::SourceOf(const std::string& target) const {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const auto& each) { return each.second == target; });
  return found == names.end() ? target : found->first;
}

Result<std::vector<SourceColumn>> ColumnsOfSchema(std::string_view schema, const Declarations& declared) {
  CDC_ASSIGN(std::vector<SourceColumn> columns, event::ColumnsOfValueSchema(schema));
  std::vector<SourceColumn> problems;
  for (SourceColumn& column : columns) {
    if (const auto words = declared.columns.find(column.name); words != declared.columns.end()) {
      CDC_ASSIGN(const SourceColumn wanted,
                 event::ColumnOfPgType(column.name, words->second, declared.handling, true));
      CDC_ASSIGN(column, event::Override(column, wanted, words->second));
    } else if (declared.as_text && column.hint == "text" &&
               event::IsConvertible(column, Type::Of(TypeKind::kString))) {
      column.type = Type::Of(TypeKind::kString);
      column.problem.clear();
    }
    column.target = declared.TargetOf(column.name);
    if (!column.problem.empty()) problems.push_back(column);
  }
  if (!problems.empty()) return Unsupported(problems, declared.table);
  return columns;
}

Result<std::vector<SourceColumn>> ColumnsOfObjects(const std::vector<std::string_view>& objects,
                                                   const Declarations& declared, const rows::Schema* table) {
  const event::Placeholder placeholder(declared.handling.unavailable_placeholder);
  event::Inference inference(&placeholder);
  std::vector<std::string> names;
  for (const std::string_view object : objects) {
    inference.Add(object);
    for (std::string& name : event::MemberNames(object)) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }
  }
  return ColumnsOfNames(names, inference.columns(), declared, table);
}

Result<std::vector<SourceColumn>> ColumnsOfNames(const std::vector<std::string>& names,
                                                 const std::vector<SourceColumn>& inferences,
                                                 const Declarations& declared, const rows::Schema* table) {
  std::vector<SourceColumn> columns;
  for (const std::string& name : names) {
    const auto words = declared.columns.find(name);
    const auto described = declared.database.find(name);
    const int known = table == nullptr ? -1 : table->IndexOf(declared.TargetOf(name));
    if (words != declared.columns.end()) {
      CDC_ASSIGN(columns.emplace_back(), event::ColumnOfPgType(name, words->second, declared.handling, true));
    } else if (described != declared.database.end()) {
      CDC_ASSIGN(columns.emplace_back(),
                 event::ColumnOfPgType(name, described->second, declared.handling, false));
    } else if (known >= 0) {
      CDC_ASSIGN(columns.emplace_back(),
                 ColumnOfField(table->fields[static_cast<size_t>(known)], declared.handling));
    } else {
      const auto inferred = std::find_if(inferences.begin(), inferences.end(),
                                         [&](const SourceColumn& c) { return c.name == name; });
      if (inferred == inferences.end()) continue;
      columns.push_back(*inferred);
    }
    columns.back().name = name;
    columns.back().target = declared.TargetOf(name);
  }
  return columns;
}

Result<rows::Schema> NewTableSchema(const std::vector<SourceColumn>& columns,
                                    const std::vector<std::string>& key,
                                    const std::vector<OwnColumn>& own_columns,
                                    const std::vector<rows::Field>& derived) {
  rows::Schema schema;
  for (const SourceColumn& column : columns) {
    rows::Field field;
    field.name = column.column();
    field.type = column.type;
    field.source_type = column.source_type;
    field.required = std::find(key.begin(), key.end(), column.column()) != key.end();
    schema.fields.push_back(std::move(field));
  }
  for (const rows::Field& field : derived) schema.fields.push_back(field);
  for (const OwnColumn& own : own_columns) schema.fields.push_back(FieldOf(own));
  schema = rows::AssignFieldIds(std::move(schema));
  for (const std::string& name : key) {
    const int at = schema.IndexOf(name);
    if (at < 0) {
      return Error{ErrorKind::kUnsupported, "the key column '" + name + "' is not among the event's columns",
                   "set key = [\"…\"] to columns of this table"};
    }
    const rows::Field& field = schema.fields[static_cast<size_t>(at)];
    if (rows::CanIdentify(field.type)) schema.identifier_field_ids.push_back(field.id);
  }
  // Half a key identifies nothing.
  if (schema.identifier_field_ids.size() != key.size()) schema.identifier_field_ids.clear();
  return schema;
}

rows::SchemaChanges ChangesFor(const rows::Schema& table, const std::vector<SourceColumn>& columns) {
  rows::SchemaChanges changes;
  for (const SourceColumn& column : columns) {
    const int at = table.IndexOf(column.column());
    if (at < 0) {
      rows::Field field;
      field.name = column.column();
      field.type = column.type;
      field.source_type = column.source_type;
      changes.additions.push_back(std::move(field));
      continue;
    }
    const rows::Field& present = table.fields[static_cast<size_t>(at)];
    const rows::TypeChange change = rows::DecideTypeChange(present.type, column.type);
    if (change.what == rows::Change::kPromote) changes.promotions.emplace_back(column.column(), change.to);
  }
  return changes;
}

std::vector<std::pair<std::string, std::string>> SourceTypeChanges(const rows::Schema& table,
                                                                   const std::vector<SourceColumn>& columns) {
  std::vector<std::pair<std::string, std::string>> changes;
  for (const SourceColumn& column : columns) {
    const int at = table.IndexOf(column.column());
    if (at < 0 || column.source_type.empty()) continue;
    if (column.source_type != table.fields[static_cast<size_t>(at)].source_type)
      changes.emplace_back(column.column(), column.source_type);
  }
  return changes;
}

}  // namespace cdc::source
