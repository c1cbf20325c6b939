#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "jobs/source/event_key.h"
#include "jobs/source/intake.h"
#include "jobs/source/type_change.h"
#include "lib/contract/names.h"
#include "lib/event/connect_schema.h"
#include "lib/event/json_cursor.h"

namespace cdc::source {
namespace {

using Verdict = Intake::Verdict;

/// The shape of events that carry no schema.
constexpr const char* kSchemaLess = "-";
/// Rows looked at to learn the columns of such events.
constexpr size_t kLookAhead = 1000;

Error KeyDropped(const std::string& table, const std::vector<std::string>& key) {
  return Error{
      ErrorKind::kUnsupported,
      fmt::format(
          "the key was dropped at the source: its events carry none any more, the table is keyed by {}",
          fmt::join(key, ",")),
      fmt::format("give the source table a primary key; or, where those columns still identify a row, say "
                  "key = [\"{1}\"] in tables.toml under [tables.\"{0}\"]; or say mode = \"append\" there and "
                  "`cdc reset {0} --yes`",
                  table, fmt::join(key, "\", \""))};
}

void WarnOfUnmarked(const std::vector<event::SourceColumn>& columns, const rows::Schema* known,
                    const SourceSettings& settings, const worker::Table& table, const log::Logger& log) {
  const std::string names =
      settings.append || table.shape().identity != nullptr ? std::string() : NamesOfUnmarked(columns, known);
  if (names.empty()) return;
  log.Warn(
      "Debezium sends null for unchanged values of {} that are stored out of line (TOAST): such an update of "
      "a row "
      "with a large old value becomes a dead letter; with `ALTER TABLE {}.{} REPLICA IDENTITY FULL` at the "
      "source it "
      "sends them",
      names, settings.source_schema.empty() ? "public" : settings.source_schema,
      settings.source_table.empty() ? settings.table : settings.source_table);
}

}  // namespace

/// Topics keep only some characters of a name, so two tables may share one: value.source tells them apart.
bool Intake::IsOurs(const event::Envelope& envelope) {
  if (settings_.takes_all || settings_.source_table.empty()) return true;
  if (!our_source_.empty()) {
    // The names stand where they stood last time, or not far from there.
    if (envelope.source.size() >= our_source_at_ + our_source_.size() &&
        event::SameBytes(envelope.source.data() + our_source_at_, our_source_.data(), our_source_.size())) {
      return true;
    }
    const size_t at = envelope.source.find(our_source_);
    if (at != std::string_view::npos) {
      our_source_at_ = at;
      return true;
    }
  }
  const auto source = event::ParseSource(envelope.source);
  if (!source || source->table.empty()) return true;
  const bool ours = source->table == settings_.source_table &&
                    (settings_.source_schema.empty() || source->schema == settings_.source_schema);
  if (!ours) {
    const bool namesake =
        contract::SanitiseForTopic(source->table) == contract::SanitiseForTopic(settings_.source_table) &&
        contract::SanitiseForTopic(source->schema) == contract::SanitiseForTopic(settings_.source_schema);
    left_alone_.Note(source->schema, source->table, namesake);
  }
  if (ours) {
    our_source_ = fmt::format("\"schema\":\"{}\",\"table\":\"{}\",", source->schema, source->table);
  } else if (!shared_topic_) {
    shared_topic_ = true;
    std::error_code error;
    std::filesystem::create_directories(settings_.index_folder, error);
    std::ofstream(settings_.index_folder / kSharedTopicFile, std::ios::trunc) << "";
    log_.Warn(
        "topic {} also carries table {}.{}, whose rows are left alone: if they belong to this table, as "
        "partitions that are routed into one topic do, say topic = \"{}\" here; else rename one of the two "
        "at "
        "the source, or let Debezium write them to different topics (RegexRouter)",
        settings_.topic, source->schema, source->table, settings_.topic);
  }
  return ours;
}

Result<Verdict> Intake::FollowShape(const kafka::Message& message, const event::Envelope& envelope,
                                    std::span<const kafka::Message> ahead) {
  if (rows_ != nullptr && !relearn_) {
    bool same = envelope.schema.empty() ? shape_ == kSchemaLess
                                        : shape_number_ != 0 && shape_number_ == envelope.schema_number;
    if (!same && !envelope.schema.empty() && shape_ == envelope.schema) {
      shape_number_ = envelope.schema_number;
      same = true;
    }
    if (same) {
      CDC_TRY(CheckKeyOf(message, envelope));
      return Verdict::kTaken;
    }
  }
  std::string shape = envelope.schema.empty() ? kSchemaLess : std::string(envelope.schema);
  std::vector<event::SourceColumn> columns;
  if (!envelope.schema.empty()) {
    CDC_ASSIGN(columns, ColumnsOfSchema(envelope.schema, declared_));
    CDC_TRY(NoteSourceTypes(&columns));
  } else {
    const bool of_removals = settings_.rows.counts || settings_.rows.by_event_time;
    if (envelope.after.empty() && table_.shape().schema == nullptr && !of_removals) return Verdict::kTaken;
    CDC_ASSIGN(columns, LearnColumns(envelope, ahead));
  }
  row_names_.clear();
  for (const event::SourceColumn& column : columns) row_names_.insert(column.name);
  key_form_ = {};
  if (table_.shape().schema != nullptr) CDC_TRY(CheckKeyOf(message, envelope));
  return AdoptColumns(std::move(columns), message, std::move(shape));
}

Result<std::vector<event::SourceColumn>> Intake::LearnColumns(const event::Envelope& envelope,
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
  const bool computes = settings_.rows.computes();
  if (table_.shape().schema == nullptr && !computes) return ColumnsOfObjects(objects, declared_, nullptr);
  const rows::Schema known = computes ? known_columns_.schema() : SourceFields(*table_.shape().schema);
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

/// The table's columns that are neither the worker's nor the job's: what those hold says nothing of the
/// source's.
rows::Schema Intake::SourceFields(const rows::Schema& table) const {
  std::set<std::string> own;
  for (const OwnColumn& column : settings_.own_columns) own.insert(column.name);
  for (const auto& [value, name] : table_.shape().own_names.value_or(OwnNames())) own.insert(name);
  if (mapping_ != nullptr) {
    for (const rows::Field& field : mapping_->Derived()) own.insert(field.name);
  }
  rows::Schema fields = table;
  std::erase_if(fields.fields, [&](const rows::Field& field) { return own.contains(field.name); });
  return fields;
}

/// A table that was dropped or renamed at the source leaves events behind, whose columns are known from the
/// time before or from tables.toml. For others the database was to be asked, so JSON's own types may be
/// wrong.
Status Intake::RefuseGuesses(const std::string& missing, const std::vector<std::string_view>& objects) const {
  rows::Schema schema = table_.shape().schema == nullptr ? rows::Schema() : SourceFields(*table_.shape().schema);
  if (settings_.rows.computes()) schema = known_columns_.schema();
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
          settings_.table)};
}

/// Values like [] and [null] of a column that no other event has told the type of: one that is guessed stays
/// for ever, and a row without it would be wrong. Names all such columns of the row, and what solves it.
Error Intake::Untyped(std::string_view object) const {
  const auto schema = table_.shape().schema;
  std::string names, lines;
  event::JsonCursor cursor(object);
  cursor.Consume('{');
  do {
    event::JsonString name;
    std::string_view value;
    std::string text;
    if (!cursor.ReadString(&name) || !cursor.Consume(':') || !cursor.SkipValue(&value)) break;
    if (value == "null" || !event::AppendUnescaped(name, &text)) continue;
    if (schema->IndexOf(text) >= 0 || declared_.columns.contains(text) || placeholder_.IsValue(value))
      continue;
    names += fmt::format("{}'{}' ({})", names.empty() ? "" : ", ", text, value.substr(0, 40));
    lines += fmt::format("\n\"{}\" = \"{}\"", text, value.front() == '[' ? "text[]" : "text");
  } while (cursor.Consume(','));
  return Error{ErrorKind::kUnsupported,
               "the events carry no schema, and the values so far do not tell a column's type: " + names,
               fmt::format("declare the type that it has at the source, in tables.toml, for example:\n"
                           "[tables.\"{}\".columns]{}\nor set [source] dsn",
                           settings_.table, lines)};
}

Result<std::vector<std::string>> Intake::KeyOfNewTable(const kafka::Message& message,
                                                       const RowProgram* program) const {
  if (settings_.append) return std::vector<std::string>();
  if (settings_.rows.counts) return program->KeyOf({});
  if (!settings_.key.empty()) return settings_.key;
  std::vector<std::string> names = database_key_;
  if (names.empty() && message.key()) {
    event::EnvelopeParser parser;
    std::string_view schema;
    const auto object = parser.ParseKey(*message.key(), &schema);
    if (object && !schema.empty()) {
      CDC_ASSIGN(names, event::NamesOfKeySchema(schema));
    } else if (object && !object->empty()) {
      names = event::MemberNames(*object);
    }
    names = KeyOfRow(std::move(names), row_names_, settings_.takes_all);
  }
  if (program != nullptr) return program->KeyOf(names);
  for (std::string& name : names) name = declared_.TargetOf(name);
  // Without a name rows are told apart by their content, as REPLICA IDENTITY FULL sends it (TakeByContent).
  return names;
}

/// A primary key that changed at the source identifies other rows than the table's, and without one nothing
/// does: they would collapse into one.
Status Intake::CheckKeyOf(const kafka::Message& message, const event::Envelope& envelope) {
  if (settings_.append || !settings_.key.empty() || settings_.rows.counts) return {};
  if (settings_.rows.computes() && program_ == nullptr) return {};
  if (by_content() && !message.key()) return {};
  if (!message.key()) return database_key_.empty() ? KeyDropped(settings_.table, table_.shape().key) : Status();
  if (key_form_.Has(*message.key())) return {};
  event::EnvelopeParser parser;
  std::string_view schema;
  const auto object = parser.ParseKey(*message.key(), &schema);
  if (!object || object->empty()) return {};
  std::vector<std::string> now = event::MemberNames(*object), then = table_.shape().key;
  key_form_ = KeyForm(*message.key(), *object, now);
  // A column that has come since the shape was learned is in the row itself.
  for (std::string& name : event::MemberNames(envelope.after.empty() ? envelope.before : envelope.after))
    row_names_.insert(std::move(name));
  now = KeyOfRow(std::move(now), row_names_, settings_.takes_all);
  if (program_ != nullptr) {
    CDC_ASSIGN(now, program_->KeyOf(now));
  } else {
    for (std::string& name : now) name = declared_.TargetOf(name);
  }
  std::sort(now.begin(), now.end());
  std::sort(then.begin(), then.end());
  if (now == then) return {};
  key_form_ = {};
  return Error{ErrorKind::kUnsupported,
               fmt::format("the key changed at the source: its events are keyed by {}, the table by {}",
                           fmt::join(now, ","), fmt::join(then, ",")),
               fmt::format("`cdc reset {} --yes` builds the table anew with the new key", settings_.table)};
}

/// \param columns of the table, as if the source had them \param program null: they are the source's
Status Intake::MakeTable(const std::vector<event::SourceColumn>& columns, const RowProgram* program,
                         const kafka::Message& message) {
  const std::vector<rows::Field> derived =
      mapping_ != nullptr ? mapping_->Derived() : std::vector<rows::Field>();
  CDC_ASSIGN(const std::vector<std::string> key, KeyOfNewTable(message, program));
  if (program != nullptr && !settings_.rows.counts) CDC_TRY(program->CompileKey(key));
  OwnNames own;
  for (const OwnColumn& column : settings_.own_columns) own[column.value] = column.name;
  CDC_TRY(CheckNames({columns, own, derived, nullptr, settings_.table}));
  CDC_ASSIGN(const rows::Schema schema, NewTableSchema(columns, key, settings_.own_columns, derived));
  std::vector<std::string> derived_names;
  for (const rows::Field& field : derived) derived_names.push_back(field.name);
  if (program != nullptr) {
    for (std::string& name : program->event_columns()) derived_names.push_back(std::move(name));
  }
  CDC_TRY(table_.Follow(worker::NewTable{schema, key, own, derived_names}));
  log_.Info("made table {} columns={} key={}", ToString(settings_.ident), schema.fields.size(),
            fmt::join(key, ","));
  if (table_.shape().identity != nullptr) {
    log_.Info(
        "the table has no key: rows are told apart by their content, which takes REPLICA IDENTITY FULL");
  }
  WarnOfUnmarked(columns, nullptr, settings_, table_, log_);
  return {};
}

Result<Verdict> Intake::AdoptColumns(std::vector<event::SourceColumn> columns, const kafka::Message& message,
                                     std::string shape) {
  const std::vector<rows::Field> derived =
      mapping_ != nullptr ? mapping_->Derived() : std::vector<rows::Field>();
  std::unique_ptr<RowProgram> program;
  std::vector<event::SourceColumn> source = columns;
  if (settings_.rows.computes()) {
    CDC_TRY(known_columns_.Learn(columns));
    CDC_ASSIGN(program, RowProgram::Compile(settings_.rows, columns, settings_.table));
    columns = program->outputs();  // from here on they are what the table follows
  }
  if (table_.shape().schema == nullptr) {
    CDC_TRY(MakeTable(columns, program.get(), message));
  } else {
    CDC_ASSIGN(const OwnPlan own,
               PlanOwnColumns(*table_.shape().schema, settings_.own_columns, table_.shape().own_names, settings_.table));
    rows::Schema table = *table_.shape().schema;
    for (const auto& [before, after] : own.changes.renames)
      table.fields[static_cast<size_t>(table.IndexOf(before))].name = after;
    CDC_TRY(CheckNames({columns, own.names, derived, &table, settings_.table}));
    CDC_ASSIGN(const Verdict typed, FollowTypes(columns, shape != kSchemaLess));
    if (typed == Verdict::kCommitFirst) return typed;
    table = *table_.shape().schema;
    for (const auto& [before, after] : own.changes.renames)
      table.fields[static_cast<size_t>(table.IndexOf(before))].name = after;
    rows::SchemaChanges changes = ChangesFor(table, columns);
    if (table_.needs_source_types()) changes.source_types = SourceTypeChanges(table, columns);
    changes.renames = own.changes.renames;
    changes.additions.insert(changes.additions.end(), own.changes.additions.begin(),
                             own.changes.additions.end());
    if (!changes.empty() || table_.shape().own_names != own.names) {
      if (has_changes()) return Verdict::kCommitFirst;
      WarnOfUnmarked(columns, table_.shape().schema.get(), settings_, table_, log_);
      CDC_TRY(table_.Follow(worker::Evolution{changes, own.names}));
      if (!changes.empty())
        log_.Info("table {} follows its source: new columns={} widened={}",
                  ToString(settings_.ident), changes.additions.size(), changes.promotions.size());
    }
  }
  if (fold_.batch().shared_schema() != table_.shape().schema) {
    if (has_changes()) return Verdict::kCommitFirst;
    StartBatch();
  }
  if (table_.shape().identity != nullptr && shape != kSchemaLess) {
    std::vector<std::string> absent = FindAbsent(*table_.shape().schema, columns, OwnColumns());
    if (absent != absent_ && has_changes()) return Verdict::kCommitFirst;
    CDC_TRY(table_.Follow(worker::ContentWithout{absent}));
    absent_ = std::move(absent);
  }
  if (program != nullptr) {
    CDC_TRY(program->Bind(*table_.shape().schema, table_.shape().key));
    key_program_.reset();
    if (!settings_.rows.counts) {
      CDC_ASSIGN(key_program_, program->CompileKey(table_.shape().key));
    }
    program_ = std::move(program);
  }
  if (event_clock_.runs()) event_clock_.reader().LearnColumns(source);
  MakeDecoders(std::move(columns));
  shape_ = std::move(shape);
  shape_number_ = 0;
  relearn_ = false;
  return Verdict::kTaken;
}

}  // namespace cdc::source
