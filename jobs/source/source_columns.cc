#include "jobs/source/source_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/source/event_key.h"
#include "jobs/source/json_kind.h"
#include "jobs/source/type_change.h"
#include "lib/event/json_cursor.h"

namespace cdc::source {
namespace {

/// Rows looked at to learn the columns of events without a schema, or whether a column has another type.
constexpr size_t kLookAhead = 1000;
/// Rows with values of another kind, and none of the right one: then it is the column that has changed.
constexpr size_t kManyBadRows = 3;
constexpr std::chrono::seconds kAskAgain{30};

}  // namespace

SourceColumns::SourceColumns(const OpenBatch& batch, Mapping* mapping, Describe describe)
    : batch_(batch),
      mapping_(mapping),
      describe_(std::move(describe)),
      declared_(batch.settings.declared),
      known_(batch.settings.rows.computes() ? batch.settings.index_folder / kColumnsFile
                                            : std::filesystem::path()) {
  declared_.as_text = batch.table.needs_source_types();
}

Result<std::vector<event::SourceColumn>> SourceColumns::OfSchema(const event::Envelope& envelope) const {
  CDC_ASSIGN(std::vector<event::SourceColumn> columns, ColumnsOfSchema(envelope.schema, declared_));
  CDC_TRY(NoteSourceTypes(&columns));
  return columns;
}

Result<std::vector<event::SourceColumn>> SourceColumns::Learn(const event::Envelope& envelope,
                                                              std::span<const kafka::Message> ahead) {
  std::string missing;
  if (describe_) {
    CDC_ASSIGN(SourceDescription description, describe_());
    missing = std::move(description.missing);
    database_key_ = std::move(description.key);
    declared_.database = std::move(description.columns);
  }
  std::vector<std::string_view> objects;
  objects.push_back(envelope.after.empty() ? envelope.before : envelope.after);
  event::EnvelopeParser parser;
  for (size_t i = 1; i < ahead.size() && i < kLookAhead; ++i) {
    const auto value = ahead[i].value();
    if (!value) continue;
    const auto next = parser.Parse(*value);
    if (next && next->schema.empty() && !next->after.empty()) objects.push_back(next->after);
  }
  if (!missing.empty()) CDC_TRY(RefuseGuesses(missing, objects));
  const bool computes = batch_.settings.rows.computes();
  if (batch_.table.shape().schema == nullptr && !computes)
    return ColumnsOfObjects(objects, declared_, nullptr);
  const rows::Schema known = computes ? known_.schema() : FieldsOf(*batch_.table.shape().schema);
  CDC_ASSIGN(std::vector<event::SourceColumn> columns, ColumnsOfObjects(objects, declared_, &known));
  // The table's other columns stay known, so that a row that has them again needs no new plan.
  std::vector<std::string> others;
  for (const rows::Field& field : known.fields)
    others.push_back(computes ? field.name : declared_.SourceOf(field.name));
  std::erase_if(others, [&](const std::string& name) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](const auto& column) { return column.name == name; });
  });
  CDC_ASSIGN(const auto more, ColumnsOfNames(others, {}, declared_, &known));
  columns.insert(columns.end(), more.begin(), more.end());
  return columns;
}

rows::Schema SourceColumns::FieldsOf(const rows::Schema& table) const {
  std::set<std::string> own;
  for (const OwnColumn& column : batch_.settings.own_columns) own.insert(column.name);
  for (const auto& [value, name] : batch_.table.shape().own_names.value_or(OwnNames())) own.insert(name);
  if (mapping_ != nullptr) {
    for (const rows::Field& field : mapping_->Derived()) own.insert(field.name);
  }
  rows::Schema fields = table;
  std::erase_if(fields.fields, [&](const rows::Field& field) { return own.contains(field.name); });
  return fields;
}

std::set<std::string> SourceColumns::OwnNamesOf() const {
  std::set<std::string> own;
  if (const auto names = batch_.table.shape().own_names) {
    for (const auto& [value, name] : *names) own.insert(name);
  }
  for (const OwnColumn& column : batch_.settings.own_columns) own.insert(column.name);
  if (mapping_ != nullptr) {
    for (const rows::Field& field : mapping_->Derived()) own.insert(field.name);
  }
  return own;
}

/// A table that was dropped or renamed at the source leaves events behind, whose columns are known from the
/// time before or from tables.toml. For others the database was to be asked, so JSON's own types may be
/// wrong.
Status SourceColumns::RefuseGuesses(const std::string& missing,
                                    const std::vector<std::string_view>& objects) const {
  rows::Schema schema =
      batch_.table.shape().schema == nullptr ? rows::Schema() : FieldsOf(*batch_.table.shape().schema);
  if (batch_.settings.rows.computes()) schema = known_.schema();
  std::set<std::string> unknown;
  for (const std::string_view object : objects) {
    for (std::string& name : event::MemberNames(object)) {
      const bool known = schema.IndexOf(declared_.TargetOf(name)) >= 0;
      if (!known && !declared_.columns.contains(name)) unknown.insert(std::move(name));
    }
  }
  if (unknown.empty()) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("{}, and its events have columns whose types nothing else tells: {}", missing,
                  fmt::join(unknown, ", ")),
      fmt::format(
          "if it was dropped or renamed there, declare them in tables.toml under [tables.\"{}\".columns]; "
          "else correct [source] dsn",
          batch_.settings.table)};
}

Error SourceColumns::Untyped(std::string_view object, const event::Placeholder& placeholder) const {
  const auto schema = batch_.table.shape().schema;
  std::string names, lines;
  event::JsonCursor cursor(object);
  cursor.Consume('{');
  do {
    event::JsonString name;
    std::string_view value;
    std::string text;
    if (!cursor.ReadString(&name) || !cursor.Consume(':') || !cursor.SkipValue(&value)) break;
    if (value == "null" || !event::AppendUnescaped(name, &text)) continue;
    if (schema->IndexOf(text) >= 0 || declared_.columns.contains(text) || placeholder.IsValue(value))
      continue;
    names += fmt::format("{}'{}' ({})", names.empty() ? "" : ", ", text, value.substr(0, 40));
    lines += fmt::format("\n\"{}\" = \"{}\"", text, value.front() == '[' ? "text[]" : "text");
  } while (cursor.Consume(','));
  return Error{ErrorKind::kUnsupported,
               "the events carry no schema, and the values so far do not tell a column's type: " + names,
               fmt::format("declare the type that it has at the source, in tables.toml, for example:\n"
                           "[tables.\"{}\".columns]{}\nor set [source] dsn",
                           batch_.settings.table, lines)};
}

/// A schema does not tell all types apart; the source database does. It is asked where a column is new, or
/// its schema says another type than the table's column had at the source.
Status SourceColumns::NoteSourceTypes(std::vector<event::SourceColumn>* columns) const {
  // What a program makes of a column need not be of the column's type at the source.
  if (!batch_.table.needs_source_types() || batch_.settings.rows.select || batch_.settings.rows.counts)
    return {};
  const auto schema = batch_.table.shape().schema;
  bool is_new = false;
  std::vector<event::SourceColumn*> unsure;
  for (event::SourceColumn& column : *columns) {
    const int at = schema == nullptr ? -1 : schema->IndexOf(column.column());
    const rows::Field* field = at < 0 ? nullptr : &schema->fields[static_cast<size_t>(at)];
    is_new |= field == nullptr;
    if (field != nullptr && (column.source_type.empty() || MayBeType(column.source_type, field->source_type)))
      column.source_type = field->source_type;
    else if (!declared_.columns.contains(column.name))
      unsure.push_back(&column);
  }
  if (unsure.empty() || !describe_) return {};
  const auto description = describe_();
  // Of columns that are there the schema says enough; a new one has its type for good.
  if (!description) return is_new ? Status(description.error()) : Status{};
  for (event::SourceColumn* column : unsure) {
    const auto words = description->columns.find(column->name);
    if (words != description->columns.end()) column->source_type = words->second;
  }
  return {};
}

Status SourceColumns::RefuseUndeclared(const std::vector<Retyped>& retyped) const {
  std::vector<Retyped> undeclared;
  std::string lines;
  for (const Retyped& each : retyped) {
    if (declared_.columns.contains(declared_.SourceOf(each.name))) continue;
    undeclared.push_back(each);
    const auto words = declared_.database.find(declared_.SourceOf(each.name));
    lines +=
        fmt::format("\n\"{}\" = \"{}\"", each.name, words == declared_.database.end() ? "…" : words->second);
  }
  if (undeclared.empty()) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("the source database changed the type of {}, and events without a schema do not say "
                  "which of them came before",
                  ToString(undeclared)),
      fmt::format("where all events that are still to be read are of the new type, declare it in "
                  "tables.toml:\n[tables.\"{}\".columns]{}",
                  declared_.table, lines)};
}

Result<bool> SourceColumns::DatabaseSaysOtherwise() {
  const SteadyTime now = batch_.clock.steady();
  if (!describe_) return false;
  if (database_asked_ && now - *database_asked_ < kAskAgain) return false;
  database_asked_ = now;
  CDC_ASSIGN(const SourceDescription description, describe_());
  return description.missing.empty() && description.columns != declared_.database;
}

Status SourceColumns::SuspectType(std::string_view row, const std::string& reason,
                                  std::span<const kafka::Message> ahead) const {
  const size_t start = std::string_view("column '").size(), end = reason.find("': ");
  if (!reason.starts_with("column '") || end == reason.npos) return {};
  const std::string name = reason.substr(start, end - start);
  CDC_ASSIGN(const auto known, ColumnsOfNames({name}, {}, declared_, batch_.table.shape().schema.get()));
  const auto is_other = [&](std::string_view object) {
    const char kind = KindOf(object, name);
    return kind != 0 && kind != KindOf(known.front().wire);
  };
  if (known.empty() || KindOf(known.front().wire) == 0 || !is_other(row)) return {};
  event::EnvelopeParser parser;
  size_t bad = 1;
  for (size_t i = 1; i < ahead.size() && i < kLookAhead; ++i) {
    const auto value = ahead[i].value();
    const auto next = value ? parser.Parse(*value) : Result<event::Envelope>(event::Envelope{});
    if (!next || KindOf(next->after, name) == 0) continue;
    if (!is_other(next->after)) return {};
    ++bad;
  }
  if (bad < kManyBadRows) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("column '{}' has had values of another type in all {} events since: {}", name, bad, reason),
      fmt::format("if its type was changed at the source, say the new one in tables.toml under "
                  "[tables.\"{}\".columns]; events that embed their schema need no such line",
                  batch_.settings.table)};
}

}  // namespace cdc::source
