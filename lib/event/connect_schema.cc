#include "lib/event/connect_schema.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "lib/core/decimal.h"
#include "lib/event/unchanged_value.h"

namespace cdc::event {
namespace {

using nlohmann::json;
using rows::Type;
using rows::TypeKind;

std::string StringMember(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

int IntegerParameter(const json& field, const char* name, int otherwise) {
  const auto parameters = field.find("parameters");
  if (parameters == field.end() || !parameters->is_object()) return otherwise;
  const std::string text = StringMember(*parameters, name);
  int value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

struct Named {
  Wire wire;
  TypeKind kind;
};

/// PostgreSQL's words for a field, as far as its schema tells types apart; empty: it does not. Of json and jsonb
/// "json": it keeps the text of either.
std::string SourceTypeOf(const std::string& name, const std::string& type) {
  static const std::map<std::string, const char*, std::less<>> named = {
      {"io.debezium.data.Json", "json"},
      {"io.debezium.data.Xml", "xml"},
      {"io.debezium.data.TsVector", "tsvector"},
      {"io.debezium.data.Ltree", "ltree"},
      {"io.debezium.data.VariableScaleDecimal", "numeric"},
      {"io.debezium.time.ZonedTime", "time with time zone"},
      {"io.debezium.time.Interval", "interval"},
  };
  if (const auto found = named.find(name); found != named.end()) return found->second;
  if (!name.empty()) return {};
  if (type == "int16") return "smallint";
  if (type == "int32") return "integer";
  return type == "int64" ? "bigint" : "";
}

/// Semantic types by their schema names (Debezium "Data types", Kafka Connect's logical types).
const std::map<std::string, Named, std::less<>>& SemanticTypes() {
  static const std::map<std::string, Named, std::less<>> types = {
      {"io.debezium.time.Date", {Wire::kDays, TypeKind::kDate}},
      {"org.apache.kafka.connect.data.Date", {Wire::kDays, TypeKind::kDate}},
      {"io.debezium.time.IsoDate", {Wire::kIsoDate, TypeKind::kDate}},
      {"io.debezium.time.Time", {Wire::kMillisOfDay, TypeKind::kTime}},
      {"org.apache.kafka.connect.data.Time", {Wire::kMillisOfDay, TypeKind::kTime}},
      {"io.debezium.time.MicroTime", {Wire::kMicrosOfDay, TypeKind::kTime}},
      {"io.debezium.time.NanoTime", {Wire::kNanosOfDay, TypeKind::kTime}},
      {"io.debezium.time.IsoTime", {Wire::kIsoTime, TypeKind::kTime}},
      {"io.debezium.time.Timestamp", {Wire::kEpochMillis, TypeKind::kTimestamp}},
      {"org.apache.kafka.connect.data.Timestamp", {Wire::kEpochMillis, TypeKind::kTimestamp}},
      {"io.debezium.time.MicroTimestamp", {Wire::kEpochMicros, TypeKind::kTimestamp}},
      {"io.debezium.time.NanoTimestamp", {Wire::kEpochNanos, TypeKind::kTimestamp}},
      {"io.debezium.time.IsoTimestamp", {Wire::kIsoTimestamp, TypeKind::kTimestamp}},
      {"io.debezium.time.ZonedTimestamp", {Wire::kIsoInstant, TypeKind::kTimestamptz}},
      {"io.debezium.data.Uuid", {Wire::kUuid, TypeKind::kUuid}},
  };
  return types;
}

void Unsupported(SourceColumn* column, std::string problem, std::string hint) {
  column->type = Type::Of(TypeKind::kString);
  column->problem = std::move(problem);
  column->hint = std::move(hint);
}

void SetDecimal(const json& field, SourceColumn* column) {
  column->wire = Wire::kDecimalBytes;
  column->scale = IntegerParameter(field, "scale", 0);
  // Without a precision (money) the widest holds every value.
  const int precision = IntegerParameter(field, "connect.decimal.precision", kMaxDecimalPrecision);
  // PostgreSQL's scale may exceed the precision; Iceberg's may not: numeric(3,5) is 0.00123, a decimal(5,5).
  const int digits = std::max(precision, column->scale);
  if (column->scale >= 0 && digits <= kMaxDecimalPrecision) {
    column->type = Type::Decimal(digits, column->scale);
    return;
  }
  Unsupported(column,
              "a numeric of precision " + std::to_string(precision) + " and scale " +
                  std::to_string(column->scale) + " is beyond Iceberg's decimal(38, s)",
              "text");
}

void SetByPhysicalType(const std::string& type, const std::string& name, SourceColumn* column) {
  if (type == "boolean") {
    column->wire = Wire::kBoolean;
    column->type = Type::Of(TypeKind::kBoolean);
  } else if (type == "int8" || type == "int16" || type == "int32" || type == "int64") {
    column->wire = Wire::kInteger;
    column->type = Type::Of(type == "int64" ? TypeKind::kLong : TypeKind::kInt);
    if (name == "io.debezium.time.MicroDuration" || name == "io.debezium.time.NanoDuration") {
      Unsupported(column, "an interval arrives as a count that takes a month for 30.4375 days", "bigint");
    }
  } else if (type == "float" || type == "float32") {
    column->wire = Wire::kFloat;
    column->type = Type::Of(TypeKind::kFloat);
  } else if (type == "double" || type == "float64") {
    column->wire = Wire::kFloat;
    column->type = Type::Of(TypeKind::kDouble);
  } else if (type == "string") {
    column->wire = Wire::kText;
    column->type = Type::Of(TypeKind::kString);
  } else if (type == "bytes") {
    column->wire = Wire::kBase64;
    column->type = Type::Of(TypeKind::kBinary);
  } else {
    column->wire = Wire::kAnything;
    Unsupported(column, "a " + (name.empty() ? type : name) + " has no Iceberg type here", "text");
  }
}

SourceColumn ColumnOfField(const json& field);

void SetArray(const json& field, SourceColumn* column) {
  column->wire = Wire::kArray;
  const auto items = field.find("items");
  SourceColumn element;
  if (items != field.end() && items->is_object()) element = ColumnOfField(*items);
  column->element = element.wire;
  column->scale = element.scale;
  if (items != field.end() && items->is_object())
    column->unchanged = UnchangedOfSchema(StringMember(*items, "name"), StringMember(*items, "type"), true);
  if (items == field.end() || !element.problem.empty() || element.wire == Wire::kArray) {
    const bool as_text = items != field.end() && element.wire != Wire::kArray &&
                         IsConvertible(element, Type::Of(TypeKind::kString));
    return Unsupported(column,
                       element.problem.empty() ? "an array of this element has no Iceberg list here"
                                               : "an array whose element is " + element.problem,
                       as_text ? "text[]" : "text");
  }
  column->type = Type::ListOf(element.type);
  if (!element.source_type.empty()) column->source_type = element.source_type + "[]";
}

SourceColumn ColumnOfField(const json& field) {
  SourceColumn column;
  column.name = StringMember(field, "field");
  const auto optional = field.find("optional");
  column.optional = optional == field.end() || !optional->is_boolean() || optional->get<bool>();
  const std::string name = StringMember(field, "name"), type = StringMember(field, "type");
  column.unchanged = UnchangedOfSchema(name, type, false);
  column.source_type = SourceTypeOf(name, type);
  const auto fallback = field.find("default");
  column.empty_for_null = fallback != field.end() && fallback->is_array() && fallback->empty();
  const auto semantic = SemanticTypes().find(name);
  if (semantic != SemanticTypes().end()) {
    column.wire = semantic->second.wire;
    column.type = Type::Of(semantic->second.kind);
  } else if (name == "org.apache.kafka.connect.data.Decimal") {
    SetDecimal(field, &column);
  } else if (name == "io.debezium.data.VariableScaleDecimal") {
    column.wire = Wire::kVariableDecimal;
    Unsupported(&column, "a numeric without precision and scale has no fixed Iceberg decimal", "text");
  } else if (type == "array") {
    SetArray(field, &column);
  } else {
    SetByPhysicalType(type, name, &column);
  }
  return column;
}

const json* FieldNamed(const json& schema, std::string_view name) {
  const auto fields = schema.find("fields");
  if (fields == schema.end() || !fields->is_array()) return nullptr;
  for (const json& field : *fields) {
    if (StringMember(field, "field") == name) return &field;
  }
  return nullptr;
}

}  // namespace

Result<std::vector<SourceColumn>> ColumnsOfValueSchema(std::string_view text) {
  const json schema = json::parse(text, nullptr, false);
  if (!schema.is_object()) return Error{ErrorKind::kBadValue, "the embedded schema is not a JSON object"};
  const json* row = FieldNamed(schema, "after");
  if (row == nullptr) row = &schema;
  const auto fields = row->find("fields");
  if (fields == row->end() || !fields->is_array()) {
    return Error{ErrorKind::kBadValue, "the embedded schema has no fields"};
  }
  std::vector<SourceColumn> columns;
  for (const json& field : *fields) {
    if (!field.is_object() || StringMember(field, "field").empty()) {
      return Error{ErrorKind::kBadValue, "the embedded schema has a field without a name"};
    }
    columns.push_back(ColumnOfField(field));
  }
  return columns;
}

Result<std::vector<std::string>> NamesOfKeySchema(std::string_view text) {
  const json schema = json::parse(text, nullptr, false);
  const auto fields = schema.is_object() ? schema.find("fields") : schema.end();
  if (!schema.is_object() || fields == schema.end() || !fields->is_array()) {
    return Error{ErrorKind::kBadValue, "the key's embedded schema has no fields"};
  }
  std::vector<std::string> names;
  for (const json& field : *fields) names.push_back(StringMember(field, "field"));
  return names;
}

}  // namespace cdc::event
