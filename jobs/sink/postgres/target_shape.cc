#include "jobs/sink/postgres/target_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cdc::postgres_sink {

using postgres::QuoteName;

TargetShape::TargetShape(const Settings& settings, Link* link, std::function<Status(WriterTable)> changed)
    : settings_(settings),
      link_(link),
      changed_(std::move(changed)),
      target_(settings.schema, settings.target) {}

/// The columns' types are the server's; what the worker knows of them is noted.
Status TargetShape::Adopt(const TableState& state) {
  CDC_ASSIGN(const auto columns, target_.Describe(link_->session()));
  if (!columns) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("the table {} is gone, which this pipeline has filled", target_.full_name()),
                 WayOut(settings_.table)};
  }
  if (!settings_.append && !settings_.key.empty() && settings_.key != state.key) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} was made with another key than tables.toml says now", target_.full_name()),
                 "take the key back; or rebuild: " + WayOut(settings_.table)};
  }
  WriterTable table;
  table.target = &target_;
  table.key = state.key;
  table.soft_deletes = settings_.soft_deletes;
  table.marks = settings_.marks;
  table.order_column = settings_.order_column;
  auto schema = std::make_shared<rows::Schema>();
  for (const rows::Field& field : state.columns) {
    const auto column = std::find_if(columns->begin(), columns->end(),
                                     [&](const TargetColumn& each) { return each.name == field.name; });
    if (column == columns->end()) {
      return Error{ErrorKind::kUnsupported,
                   fmt::format("table {} has no column {} any more", target_.full_name(), QuoteName(field.name)),
                   fmt::format("add it again, then `cdc trigger {0}`; or rebuild: `cdc reset {0} --yes`",
                               settings_.table)};
    }
    TargetType type{column->words, Form::kPlain, 0};
    type.form = FormFor(field.type, column->words, &type.bits);
    table.types.push_back(type);
    table.fields.push_back(field);
    schema->fields.push_back(field);
  }
  state_ = state;
  schema_ = std::move(schema);
  return changed_(std::move(table));
}

Status TargetShape::CheckKey(const std::vector<TargetColumn>& columns, const std::vector<std::string>& key) {
  for (const std::string& name : key) {
    if (std::any_of(columns.begin(), columns.end(), [&](const auto& each) { return each.name == name; })) continue;
    return Error{ErrorKind::kUnsupported,
                 fmt::format("the table {} is there already, without the key's column {}", target_.full_name(),
                             QuoteName(name)),
                 "say another target = \"…\" in tables.toml, or drop the table to have it made"};
  }
  if (key.empty()) return {};
  CDC_ASSIGN(const bool unique, target_.HasUniqueKey(link_->session(), key));
  if (unique) return {};
  return Error{ErrorKind::kUnsupported,
               fmt::format("the table {} is there already, and no primary key or unique index of it has the columns {}",
                           target_.full_name(), QuotedList(key)),
               fmt::format("ALTER TABLE {} ADD PRIMARY KEY ({}); or say another target = \"…\" in tables.toml",
                           target_.full_name(), QuotedList(key))};
}

Status TargetShape::AddColumn(const rows::Field& field) {
  const std::string words = TypeFor(field, target_.KnowsType(link_->session(), field.source_type)).words;
  const auto done = link_->session()->Run(target_.AddStatement(field.name, words), "Adding a column");
  if (done || link_->session()->sqlstate() == "42701") return {};  // it is there: taken as it is
  return done.error();
}

Status TargetShape::Follow(const worker::ShapeChange& change, const std::string& source_json) {
  if (const auto* made = std::get_if<worker::NewTable>(&change)) return Create(*made, source_json);
  if (const auto* evolution = std::get_if<worker::Evolution>(&change)) return Evolve(evolution->changes, evolution->own);
  if (const auto* types = std::get_if<worker::NewTypes>(&change)) return Retype(types->columns);
  if (const auto* gone = std::get_if<worker::AbsentColumns>(&change)) state_.absent = gone->names;
  return {};  // without a key no table is made: nothing is told apart by content
}

/// A table that is there is taken as it is: what it lacks is added, what else it has is left alone.
Status TargetShape::Create(const worker::NewTable& made, const std::string& source_json) {
  const rows::Schema& schema = made.schema;
  const std::vector<std::string>& key = made.key;
  if (key.empty() && !settings_.append) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("table {} has no key, and rows in PostgreSQL are found by one", settings_.table),
                 fmt::format("in tables.toml under [tables.\"{0}\"]: key = [\"…\"] names columns that identify a row; "
                             "mode = \"append\" keeps every change as a row",
                             settings_.table)};
  }
  Checkpoint checkpoint;
  checkpoint.source = source_json;
  checkpoint.state = {settings_.target, key, made.own, made.derived, {}, schema.fields, KeySecret::Random()};
  CDC_ASSIGN(const auto columns, target_.Describe(link_->session()));
  if (columns) CDC_TRY(CheckKey(*columns, key));
  std::vector<TargetType> types;
  for (const rows::Field& field : schema.fields)
    types.push_back(TypeFor(field, target_.KnowsType(link_->session(), field.source_type)));
  std::vector<rows::Field> missing;
  for (const rows::Field& field : schema.fields) {
    const auto same = [&](const TargetColumn& each) { return each.name == field.name; };
    if (columns && std::none_of(columns->begin(), columns->end(), same)) missing.push_back(field);
  }
  for (const rows::Field& field : missing) CDC_TRY(AddColumn(field));
  CDC_TRY(link_->session()->Run("BEGIN", "Beginning a transaction"));
  Status done;
  if (!columns) {
    const auto created = link_->session()->Run(target_.CreateStatement(schema.fields, types, key), "Making the table");
    if (!created) done = created.error();
  }
  if (done) done = link_->Insert(checkpoint);
  if (done) done = link_->session()->Commit();
  if (!done) {
    const Error error = link_->HintFor(done.error());
    link_->session()->RollBack();
    return error;
  }
  return Adopt(checkpoint.state);
}

/// Old rows have no value in a column that was dropped at the source and has come back.
Status TargetShape::EmptyColumn(const std::string& name, const rows::Type& type) {
  const std::string words = WordsOf(type), column = QuoteName(name);
  CDC_TRY(link_->session()->Run(
      fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP DEFAULT, ALTER COLUMN {} TYPE {} USING NULL::{}",
                  target_.full_name(), column, column, words, words),
      "Emptying a column"));
  return {};
}

/// Columns whose type in the target must follow the source's, and the new types.
Result<std::vector<std::pair<std::string, std::string>>> TargetShape::FindRetyped(
    const rows::SchemaChanges& changes, const rows::Schema& evolved) {
  CDC_ASSIGN(const auto columns, target_.Describe(link_->session()));
  std::vector<std::pair<std::string, std::string>> retyped;
  std::set<std::string> names;
  for (const auto& [name, type] : changes.promotions) names.insert(name);
  for (const auto& [name, words] : changes.source_types) names.insert(name);
  for (const std::string& name : names) {
    const rows::Field& field = evolved.fields[static_cast<size_t>(evolved.IndexOf(name))];
    const std::string words = TypeFor(field, target_.KnowsType(link_->session(), field.source_type)).words;
    const bool same = columns && std::any_of(columns->begin(), columns->end(), [&](const TargetColumn& each) {
                        return each.name == name && each.words == words;
                      });
    if (!same) retyped.emplace_back(name, words);
  }
  return retyped;
}

Status TargetShape::Evolve(const rows::SchemaChanges& changes, const worker::OwnNames& own) {
  rows::Schema current;
  current.fields = state_.columns;
  CDC_ASSIGN(const rows::Schema evolved, rows::Evolve(current, current.max_field_id(), changes));
  TableState state = state_;
  state.columns = evolved.fields;
  for (const auto& [name, type] : changes.replacements)
    state.columns[static_cast<size_t>(evolved.IndexOf(name))].source_type.clear();
  state.own = own;
  for (const auto& field : changes.additions) CDC_TRY(AddColumn(field));
  CDC_ASSIGN(const auto retyped, FindRetyped(changes, evolved));
  const Status done = link_->InTransaction([&]() -> Status {
    for (const auto& [from, to] : changes.renames)
      CDC_TRY(link_->session()->Run(target_.RenameStatement(from, to), "Renaming a column"));
    for (const auto& [name, words] : retyped)
      CDC_TRY(link_->session()->Run(target_.RetypeStatement(name, words), "Changing a column's type"));
    for (const std::string& name : changes.relaxations) {
      CDC_TRY(link_->session()->Run(fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", target_.full_name(),
                                        QuoteName(name)),
                            "Relaxing a column"));
    }
    for (const auto& [name, type] : changes.replacements) CDC_TRY(EmptyColumn(name, type));
    return link_->checkpoints().SaveState(link_->session(), state);
  });
  if (!done) return done.error();
  return Adopt(state);
}

/// PostgreSQL writes the table anew by itself.
Status TargetShape::Retype(const std::vector<worker::Retyped>& columns) {
  if (!settings_.rewrite_on_type_change) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("the type of {} changed at the source, and the column of {} does not hold it",
                             ToString(columns), target_.full_name()),
                 fmt::format("say on_type_change = \"rewrite\" in tables.toml under [tables.\"{0}\"]: the column "
                             "gets the new type (ALTER TABLE, which writes all rows anew)",
                             settings_.table)};
  }
  TableState state = state_;
  const Status done = link_->InTransaction([&]() -> Status {
    for (const worker::Retyped& each : columns) {
      for (rows::Field& field : state.columns) {
        if (field.name != each.name) continue;
        field.type = each.to;
        field.source_type.clear();
      }
      CDC_TRY(link_->session()->Run(target_.RetypeStatement(each.name, WordsOf(each.to)), "Changing a column's type"));
    }
    return link_->checkpoints().SaveState(link_->session(), state);
  });
  if (!done) return done.error();
  return Adopt(state);
}

}  // namespace cdc::postgres_sink
