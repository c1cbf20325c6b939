#include "jobs/source/shape_follower.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/source/type_change.h"

namespace cdc::source {
namespace {

/// The shape of events that carry no schema.
constexpr const char* kSchemaLess = "-";

/// The table's schema with the names that own columns are about to get.
rows::Schema Renamed(rows::Schema table, const OwnPlan& own) {
  for (const auto& [before, after] : own.changes.renames)
    table.fields[static_cast<size_t>(table.IndexOf(before))].name = after;
  return table;
}

/// By the program that an earlier run had; nothing: not enough is known.
std::optional<LearntShape> ComputedShape(const OpenBatch& batch, const Declarations& declared,
                                         const rows::Schema& known) {
  const SourceSettings& settings = batch.settings;
  const worker::Shape& table = batch.table.shape();
  std::vector<std::string> names;
  for (const rows::Field& field : known.fields) names.push_back(field.name);
  const auto columns = ColumnsOfNames(names, {}, declared, &known);
  if (!columns || columns->empty()) return {};
  auto program = RowProgram::Compile(settings.rows, *columns, settings.table);
  if (!program || !(*program)->Bind(*table.schema, table.key)) return {};
  LearntShape shape;
  if (!settings.rows.counts) {
    auto of_key = (*program)->CompileKey(table.key);
    if (!of_key) return {};
    shape.key = std::move(*of_key);
  }
  shape.columns = (*program)->outputs();
  shape.row = std::move(*program);
  return shape;
}

}  // namespace

ShapeFollower::ShapeFollower(OpenBatch& batch, Mapping* mapping, SourceColumns& columns,
                             const EventReader& reader, EventClock& event_clock)
    : batch_(batch),
      mapping_(mapping),
      columns_(columns),
      reader_(reader),
      event_clock_(event_clock),
      key_(batch, columns) {}

std::vector<rows::Field> ShapeFollower::Derived() const {
  return mapping_ != nullptr ? mapping_->Derived() : std::vector<rows::Field>();
}

std::optional<LearntShape> ShapeFollower::Known() const {
  const auto schema = batch_.table.shape().schema;
  if (schema == nullptr) return {};
  const Declarations& declared = columns_.declared();
  if (batch_.settings.rows.computes()) return ComputedShape(batch_, declared, columns_.known().schema());
  std::vector<std::string> names;
  for (const rows::Field& field : columns_.FieldsOf(*schema).fields)
    names.push_back(declared.SourceOf(field.name));
  auto columns = ColumnsOfNames(names, {}, declared, schema.get());
  if (!columns) return {};
  return LearntShape{std::move(*columns), nullptr, nullptr};
}

// ---- the shape of an event

bool ShapeFollower::IsSame(const event::Envelope& envelope) {
  if (!reader_.ready() || relearn_) return false;
  if (envelope.schema.empty()) return shape_ == kSchemaLess;
  if (shape_number_ != 0 && shape_number_ == envelope.schema_number) return true;
  if (shape_ != envelope.schema) return false;
  shape_number_ = envelope.schema_number;
  return true;
}

Result<ShapeFollower::Followed> ShapeFollower::Follow(const kafka::Message& message,
                                                      const event::Envelope& envelope,
                                                      std::span<const kafka::Message> ahead) {
  if (IsSame(envelope)) {
    CDC_TRY(key_.Check(message, envelope, reader_.program(), reader_.by_content()));
    return Followed{};
  }
  const bool made = batch_.table.shape().schema != nullptr;
  std::vector<event::SourceColumn> columns;
  if (!envelope.schema.empty()) {
    CDC_ASSIGN(columns, columns_.OfSchema(envelope));
  } else {
    const RowRules& rules = batch_.settings.rows;
    const bool of_removals = rules.counts || rules.by_event_time;
    if (envelope.after.empty() && !made && !of_removals) return Followed{};
    CDC_ASSIGN(columns, columns_.Learn(envelope, ahead));
  }
  key_.Learn(columns);
  if (made) CDC_TRY(key_.Check(message, envelope, reader_.program(), reader_.by_content()));
  return Adopt(std::move(columns), message,
               envelope.schema.empty() ? kSchemaLess : std::string(envelope.schema));
}

Result<ShapeFollower::Followed> ShapeFollower::Adopt(std::vector<event::SourceColumn> columns,
                                                     const kafka::Message& message, std::string shape) {
  const bool from_schema = shape != kSchemaLess;
  LearntShape learnt;
  std::vector<event::SourceColumn> source = columns;
  if (batch_.settings.rows.computes()) {
    CDC_TRY(columns_.known().Learn(columns));
    CDC_ASSIGN(learnt.row, RowProgram::Compile(batch_.settings.rows, columns, batch_.settings.table));
    columns = learnt.row->outputs();  // from here on they are what the table follows
  }
  Verdict verdict = Verdict::kTaken;
  if (batch_.table.shape().schema == nullptr) {
    CDC_TRY(MakeTable(columns, learnt.row.get(), message));
  } else {
    CDC_ASSIGN(verdict, Evolve(columns, from_schema));
  }
  const bool other_rows = batch_.fold.batch().shared_schema() != batch_.table.shape().schema;
  if (other_rows && batch_.has_changes()) verdict = Verdict::kCommitFirst;
  if (verdict == Verdict::kTaken) {
    CDC_ASSIGN(verdict, FollowContent(columns, from_schema));
  }
  if (verdict == Verdict::kCommitFirst) return Followed{verdict};
  if (learnt.row != nullptr) {
    const worker::Shape& table = batch_.table.shape();
    CDC_TRY(learnt.row->Bind(*table.schema, table.key));
    if (!batch_.settings.rows.counts) {
      CDC_ASSIGN(learnt.key, learnt.row->CompileKey(table.key));
    }
  }
  if (event_clock_.runs()) event_clock_.reader().LearnColumns(source);
  shape_ = std::move(shape);
  shape_number_ = 0;
  relearn_ = false;
  learnt.columns = std::move(columns);
  return Followed{Verdict::kTaken, std::make_unique<LearntShape>(std::move(learnt))};
}

// ---- the table

void ShapeFollower::WarnOfUnmarked(const std::vector<event::SourceColumn>& columns,
                                   const rows::Schema* known) const {
  const SourceSettings& settings = batch_.settings;
  const std::string names = settings.append || batch_.table.shape().identity != nullptr
                                ? std::string()
                                : NamesOfUnmarked(columns, known);
  if (names.empty()) return;
  batch_.log.Warn(
      "Debezium sends null for unchanged values of {} that are stored out of line (TOAST): such an update of "
      "a row "
      "with a large old value becomes a dead letter; with `ALTER TABLE {}.{} REPLICA IDENTITY FULL` at the "
      "source it "
      "sends them",
      names, settings.source_schema.empty() ? "public" : settings.source_schema,
      settings.source_table.empty() ? settings.table : settings.source_table);
}

/// \param columns of the table, as if the source had them \param program null: they are the source's
Status ShapeFollower::MakeTable(const std::vector<event::SourceColumn>& columns, const RowProgram* program,
                                const kafka::Message& message) {
  const SourceSettings& settings = batch_.settings;
  const std::vector<rows::Field> derived = Derived();
  CDC_ASSIGN(const std::vector<std::string> key, key_.OfNewTable(message, program));
  if (program != nullptr && !settings.rows.counts) CDC_TRY(program->CompileKey(key));
  OwnNames own;
  for (const OwnColumn& column : settings.own_columns) own[column.value] = column.name;
  CDC_TRY(CheckNames({columns, own, derived, nullptr, settings.table}));
  CDC_ASSIGN(const rows::Schema schema, NewTableSchema(columns, key, settings.own_columns, derived));
  std::vector<std::string> derived_names;
  for (const rows::Field& field : derived) derived_names.push_back(field.name);
  if (program != nullptr) {
    for (std::string& name : program->event_columns()) derived_names.push_back(std::move(name));
  }
  CDC_TRY(batch_.table.Follow(worker::NewTable{schema, key, own, derived_names}));
  batch_.log.Info("made table {} columns={} key={}", ToString(settings.ident), schema.fields.size(),
                  fmt::join(key, ","));
  if (batch_.table.shape().identity != nullptr) {
    batch_.log.Info(
        "the table has no key: rows are told apart by their content, which takes REPLICA IDENTITY FULL");
  }
  WarnOfUnmarked(columns, nullptr);
  return {};
}

/// Of a table that is there. \param from_schema the columns are as an embedded schema says
Result<Verdict> ShapeFollower::Evolve(const std::vector<event::SourceColumn>& columns, bool from_schema) {
  const SourceSettings& settings = batch_.settings;
  const worker::Shape& table = batch_.table.shape();
  CDC_ASSIGN(const OwnPlan own,
             PlanOwnColumns(*table.schema, settings.own_columns, table.own_names, settings.table));
  const rows::Schema named = Renamed(*table.schema, own);
  CDC_TRY(CheckNames({columns, own.names, Derived(), &named, settings.table}));
  CDC_ASSIGN(const Verdict typed, FollowTypes(columns, from_schema));
  if (typed == Verdict::kCommitFirst) return typed;
  const rows::Schema present = Renamed(*table.schema, own);
  rows::SchemaChanges changes = ChangesFor(present, columns);
  if (batch_.table.needs_source_types()) changes.source_types = SourceTypeChanges(present, columns);
  changes.renames = own.changes.renames;
  changes.additions.insert(changes.additions.end(), own.changes.additions.begin(),
                           own.changes.additions.end());
  if (changes.empty() && table.own_names == own.names) return Verdict::kTaken;
  if (batch_.has_changes()) return Verdict::kCommitFirst;
  WarnOfUnmarked(columns, table.schema.get());
  CDC_TRY(batch_.table.Follow(worker::Evolution{changes, own.names}));
  if (!changes.empty()) {
    batch_.log.Info("table {} follows its source: new columns={} widened={}", ToString(settings.ident),
                    changes.additions.size(), changes.promotions.size());
  }
  return Verdict::kTaken;
}

/// Which columns tell rows apart in a table without a key.
Result<Verdict> ShapeFollower::FollowContent(const std::vector<event::SourceColumn>& columns,
                                             bool from_schema) {
  const worker::Shape& table = batch_.table.shape();
  if (table.identity == nullptr || !from_schema) return Verdict::kTaken;
  std::vector<std::string> absent = FindAbsent(*table.schema, columns, columns_.OwnNamesOf());
  if (absent != absent_ && batch_.has_changes()) return Verdict::kCommitFirst;
  CDC_TRY(batch_.table.Follow(worker::ContentWithout{absent}));
  absent_ = std::move(absent);
  return Verdict::kTaken;
}

/// Columns of other types than the table's, and such as were gone for a while. What only widens is not here.
Result<Verdict> ShapeFollower::FollowTypes(const std::vector<event::SourceColumn>& columns,
                                           bool from_schema) {
  const std::set<std::string> own = columns_.OwnNamesOf();
  if (from_schema) {
    CDC_ASSIGN(const Verdict followed, FollowAbsence(columns, own));
    if (followed == Verdict::kCommitFirst) return followed;
  }
  CDC_ASSIGN(const auto retyped,
             FindRetyped(*batch_.table.shape().schema, columns, own, batch_.settings.table));
  if (retyped.empty()) return Verdict::kTaken;
  if (!from_schema) CDC_TRY(columns_.RefuseUndeclared(retyped));
  const bool of_key = std::any_of(retyped.begin(), retyped.end(), [&](const Retyped& each) {
    return std::find(batch_.table.shape().key.begin(), batch_.table.shape().key.end(), each.name) !=
           batch_.table.shape().key.end();
  });
  if (of_key && !batch_.tainted.empty()) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("the source changed the type of {}, of the key, while older changes of rows are dead "
                    "letters: which rows these are is only known by the old key",
                    ToString(retyped)),
        SnapshotAnew(batch_.settings.table)};
  }
  // The second half of a key change will have a key of the new type: the first is a delete by itself.
  if (of_key) batch_.changes.Truncate();
  if (batch_.has_changes()) return Verdict::kCommitFirst;
  CDC_TRY(batch_.table.Follow(worker::NewTypes{retyped}));
  return Verdict::kTaken;
}

/// A column that is dropped and added again is another one: rows that have not changed since have no value
/// there. Only an embedded schema proves that a column is gone, and only in one partition what came first.
Result<Verdict> ShapeFollower::FollowAbsence(const std::vector<event::SourceColumn>& columns,
                                             const std::set<std::string>& skipped) {
  // Tables that are routed into one topic need not have the same columns.
  if (batch_.partitions != 1 || batch_.settings.source_table.empty()) return Verdict::kTaken;
  const auto schema = batch_.table.shape().schema;
  std::set<std::string> others = skipped;
  others.insert(batch_.table.shape().key.begin(), batch_.table.shape().key.end());
  std::vector<std::string> absent = FindAbsent(*schema, columns, others);
  rows::SchemaChanges back;
  for (const std::string& name : batch_.table.shape().absent) {
    const auto column = std::find_if(columns.begin(), columns.end(),
                                     [&](const event::SourceColumn& each) { return each.column() == name; });
    if (column != columns.end() && schema->IndexOf(name) >= 0 && !others.contains(name))
      back.replacements.emplace_back(name, column->type);
  }
  if (!back.empty()) {
    if (batch_.has_changes()) return Verdict::kCommitFirst;
    CDC_TRY(batch_.table.Follow(worker::AbsentColumns{std::move(absent)}));
    CDC_TRY(
        batch_.table.Follow(worker::Evolution{back, batch_.table.shape().own_names.value_or(OwnNames{})}));
    for (const auto& [name, type] : back.replacements)
      batch_.log.Info("column '{}' was dropped at the source and added again: older rows have none", name);
  } else if (absent != batch_.table.shape().absent && batch_.changes.open().empty()) {
    // With a key change open, the next commit may end before it, with events that still have the column.
    CDC_TRY(batch_.table.Follow(worker::AbsentColumns{std::move(absent)}));
  }
  return Verdict::kTaken;
}

// ---- values that do not fit

/// With a schema the shape itself says what the values are.
Result<bool> ShapeFollower::Suspect(const event::Envelope& envelope, const std::string& reason,
                                    std::span<const kafka::Message> ahead) {
  if (shape_ != kSchemaLess) return false;
  CDC_ASSIGN(relearn_, columns_.DatabaseSaysOtherwise());
  if (relearn_) return true;
  if (reader_.program() == nullptr) CDC_TRY(columns_.SuspectType(envelope.after, reason, ahead));
  return false;
}

}  // namespace cdc::source
