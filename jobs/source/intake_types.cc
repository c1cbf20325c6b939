#include <fmt/format.h>

#include <algorithm>

#include "jobs/source/intake.h"
#include "jobs/source/type_change.h"
#include "lib/event/json_cursor.h"

namespace cdc::source {
namespace {

using Verdict = Intake::Verdict;

/// Rows with values of another kind, and none of the right one: then it is the column that has changed.
constexpr size_t kManyBadRows = 3;
constexpr size_t kLookAhead = 1000;
constexpr std::chrono::seconds kAskAgain{30};

/// Of a JSON value: s(tring), n(umber), b(oolean), [ or {; 0: null, or any.
char KindOf(std::string_view value) {
  const char first = value.empty() ? 'n' : value.front();
  switch (first) {
    case '"': return 's';
    case 't':
    case 'f': return 'b';
    case '[':
    case '{': return first;
    case 'n': return 0;
    default: return 'n';
  }
}

/// Of member `name` of a row; 0 also where there is none.
char KindOf(std::string_view object, const std::string& name) {
  event::JsonCursor cursor(object);
  if (!cursor.Consume('{')) return 0;
  do {
    event::JsonString key;
    std::string_view value;
    std::string unescaped;
    if (!cursor.ReadString(&key) || !cursor.Consume(':') || !cursor.SkipValue(&value)) return 0;
    if (event::AppendUnescaped(key, &unescaped) && unescaped == name) return KindOf(value);
  } while (cursor.Consume(','));
  return 0;
}

/// Of the values that are written so.
char KindOf(event::Wire wire) {
  using event::Wire;
  switch (wire) {
    case Wire::kBoolean: return 'b';
    case Wire::kInteger:
    case Wire::kFloat:
    case Wire::kDecimalNumber:
    case Wire::kDays:
    case Wire::kMillisOfDay:
    case Wire::kMicrosOfDay:
    case Wire::kNanosOfDay:
    case Wire::kEpochMillis:
    case Wire::kEpochMicros:
    case Wire::kEpochNanos: return 'n';
    case Wire::kVariableDecimal: return '{';
    case Wire::kArray: return '[';
    case Wire::kAnything: return 0;
    default: return 's';
  }
}

/// The database knows a column's present type, but not which of the events were written before it had it.
Status RefuseUndeclared(const std::vector<Retyped>& retyped, const Declarations& declared) {
  std::vector<Retyped> undeclared;
  std::string lines;
  for (const Retyped& each : retyped) {
    if (declared.columns.contains(declared.SourceOf(each.name))) continue;
    undeclared.push_back(each);
    const auto words = declared.database.find(declared.SourceOf(each.name));
    lines +=
        fmt::format("\n\"{}\" = \"{}\"", each.name, words == declared.database.end() ? "…" : words->second);
  }
  if (undeclared.empty()) return {};
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("the source database changed the type of {}, and events without a schema do not say "
                  "which of them came before",
                  ToString(undeclared)),
      fmt::format("where all events that are still to be read are of the new type, declare it in "
                  "tables.toml:\n[tables.\"{}\".columns]{}",
                  declared.table, lines)};
}

}  // namespace

/// Columns that the source does not fill.
std::set<std::string> Intake::OwnColumns() const {
  std::set<std::string> own;
  if (const auto names = table_.shape().own_names) {
    for (const auto& [value, name] : *names) own.insert(name);
  }
  for (const OwnColumn& column : settings_.own_columns) own.insert(column.name);
  if (mapping_ != nullptr) {
    for (const rows::Field& field : mapping_->Derived()) own.insert(field.name);
  }
  return own;
}

/// A schema does not tell all types apart; the source database does. It is asked where a column is new, or its
/// schema says another type than the table's column had at the source.
Status Intake::NoteSourceTypes(std::vector<event::SourceColumn>* columns) const {
  // What a program makes of a column need not be of the column's type at the source.
  if (!table_.needs_source_types() || settings_.rows.select || settings_.rows.counts) return {};
  const auto schema = table_.shape().schema;
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

/// Columns of other types than the table's, and such as were gone for a while. What only widens is not here.
Result<Verdict> Intake::FollowTypes(const std::vector<event::SourceColumn>& columns, bool from_schema) {
  const std::set<std::string> own = OwnColumns();
  if (from_schema) {
    CDC_ASSIGN(const Verdict followed, FollowAbsence(columns, own));
    if (followed == Verdict::kCommitFirst) return followed;
  }
  CDC_ASSIGN(const auto retyped, FindRetyped(*table_.shape().schema, columns, own, settings_.table));
  if (retyped.empty()) return Verdict::kTaken;
  if (!from_schema) CDC_TRY(RefuseUndeclared(retyped, declared_));
  const bool of_key = std::any_of(retyped.begin(), retyped.end(), [&](const Retyped& each) {
    return std::find(table_.shape().key.begin(), table_.shape().key.end(), each.name) != table_.shape().key.end();
  });
  if (of_key && !tainted_.empty()) {
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("the source changed the type of {}, of the key, while older changes of rows are dead "
                    "letters: which rows these are is only known by the old key",
                    ToString(retyped)),
        SnapshotAnew(settings_.table)};
  }
  // The second half of a key change will have a key of the new type: the first is a delete by itself.
  if (of_key) changes_.Truncate();
  if (has_changes()) return Verdict::kCommitFirst;
  CDC_TRY(table_.Follow(worker::NewTypes{retyped}));
  return Verdict::kTaken;
}

/// A column that is dropped and added again is another one: rows that have not changed since have no value
/// there. Only an embedded schema proves that a column is gone, and only in one partition what came first.
Result<Verdict> Intake::FollowAbsence(const std::vector<event::SourceColumn>& columns,
                                      const std::set<std::string>& skipped) {
  // Tables that are routed into one topic need not have the same columns.
  if (partitions_ != 1 || settings_.source_table.empty()) return Verdict::kTaken;
  const auto schema = table_.shape().schema;
  std::set<std::string> others = skipped;
  others.insert(table_.shape().key.begin(), table_.shape().key.end());
  std::vector<std::string> absent = FindAbsent(*schema, columns, others);
  rows::SchemaChanges back;
  for (const std::string& name : table_.shape().absent) {
    const auto column = std::find_if(columns.begin(), columns.end(),
                                     [&](const event::SourceColumn& each) { return each.column() == name; });
    if (column != columns.end() && schema->IndexOf(name) >= 0 && !others.contains(name))
      back.replacements.emplace_back(name, column->type);
  }
  if (!back.empty()) {
    if (has_changes()) return Verdict::kCommitFirst;
    CDC_TRY(table_.Follow(worker::AbsentColumns{std::move(absent)}));
    CDC_TRY(table_.Follow(worker::Evolution{back, table_.shape().own_names.value_or(OwnNames{})}));
    for (const auto& [name, type] : back.replacements)
      log_.Info("column '{}' was dropped at the source and added again: older rows have none", name);
  } else if (absent != table_.shape().absent && changes_.open().empty()) {
    // With a key change open, the next commit may end before it, with events that still have the column.
    CDC_TRY(table_.Follow(worker::AbsentColumns{std::move(absent)}));
  }
  return Verdict::kTaken;
}

/// A value that does not fit may be the first that shows a change of its column's type.
Result<Verdict> Intake::TakeBadRow(const kafka::Message& message, const event::Envelope& envelope) {
  const std::string reason = rows_->error();
  CDC_ASSIGN(relearn_, DatabaseSaysOtherwise());
  if (relearn_) return Verdict::kCommitFirst;
  CDC_TRY(SuspectType(envelope.after));
  return DropRow(message, fold_.batch().rows(), reason);
}

/// Asks the source database again when a value of an event without a schema does not fit its column.
Result<bool> Intake::DatabaseSaysOtherwise() {
  const SteadyTime now = clock_.steady();
  if (!describe_ || shape_number_ != 0 || shape_ != "-") return false;
  if (database_asked_ && now - *database_asked_ < kAskAgain) return false;
  database_asked_ = now;
  CDC_ASSIGN(const SourceDescription description, describe_());
  return description.missing.empty() && description.columns != declared_.database;
}

/// Without a schema the values alone can show that a column's type was changed at the source: JSON of another
/// kind in several rows, and in all from here on. What is only out of range is a bad value.
Status Intake::SuspectType(std::string_view row) {
  if (shape_ != "-" || program_ != nullptr) return {};
  const std::string& reason = rows_->error();
  const size_t start = std::string_view("column '").size(), end = reason.find("': ");
  if (!reason.starts_with("column '") || end == reason.npos) return {};
  const std::string name = reason.substr(start, end - start);
  CDC_ASSIGN(const auto known, ColumnsOfNames({name}, {}, declared_, table_.shape().schema.get()));
  const auto is_other = [&](std::string_view object) {
    const char kind = KindOf(object, name);
    return kind != 0 && kind != KindOf(known.front().wire);
  };
  if (known.empty() || KindOf(known.front().wire) == 0 || !is_other(row)) return {};
  event::EnvelopeParser parser;
  size_t bad = 1;
  for (size_t i = 1; i < ahead_.size() && i < kLookAhead; ++i) {
    const auto value = ahead_[i].value();
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
                  settings_.table)};
}

}  // namespace cdc::source
