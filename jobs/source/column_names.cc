#include "jobs/source/column_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/letter_case.h"
#include "lib/expression/compile.h"

namespace cdc::source {
namespace {

using rows::Field;
using rows::Schema;
using rows::Type;
using rows::TypeKind;

/// As tables of earlier versions name them.
std::string_view FirstName(std::string_view value) {
  if (value == kIngestionTime) return "ingestion_time";
  return value == kOperation ? kOperationName : std::string_view();
}

/// "ingestion_time()" → "_ingestion_time": a name that a hint may propose.
std::string Proposal(std::string_view value) { return "_" + std::string(value.substr(0, value.find('('))); }

const Field* FieldNamed(const Schema& table, std::string_view name) {
  const int at = table.IndexOf(name);
  return at < 0 ? nullptr : &table.fields[static_cast<size_t>(at)];
}

/// Another field of the table that readers take for `name`.
const Field* Namesake(const Schema& table, std::string_view name, const Field* except = nullptr) {
  const std::string lower = LowerCase(name);
  const auto found = std::find_if(table.fields.begin(), table.fields.end(), [&](const Field& field) {
    return &field != except && LowerCase(field.name) == lower;
  });
  return found == table.fields.end() ? nullptr : &*found;
}

std::string RenameOwn(const std::string& entry, std::string_view value) {
  return fmt::format(
      "in tables.toml under [tables.\"{}\"]: metadata_columns = [{{ name = \"{}\", value = \"{}\" }}]", entry,
      Proposal(value), value);
}

std::string RenameSource(const std::string& entry, const std::string& column, const std::string& name) {
  return fmt::format("under [tables.\"{}\".columns]: \"{}\" = {{ name = \"{}\" }}", entry, column, name);
}

Error OwnNameTaken(const OwnColumn& own, const std::string& other, const std::string& entry) {
  const char* kind = own.name == other ? "has the name of" : "differs only in case from";
  return Error{ErrorKind::kUnsupported,
               fmt::format("the table's column '{}' {} '{}', which the worker is to add for {}", other, kind,
                           own.name, own.value),
               RenameOwn(entry, own.value) + " gives the worker's column another name"};
}

Error NobodyKnows(const OwnColumn& own, const std::string& first, const std::string& entry) {
  return Error{
      ErrorKind::kUnsupported,
      fmt::format("nothing says whether the table's column '{}' is the source's or the worker's, so '{}' "
                  "cannot be told "
                  "from it",
                  first, own.name),
      fmt::format("if the worker filled it, rename it with an Iceberg tool (ALTER TABLE … RENAME COLUMN {} "
                  "TO {}); if it is the "
                  "source's, add the column {} there; then `cdc trigger {}`. Or `cdc reset {} --yes`",
                  first, own.name, own.name, entry, entry)};
}

/// One name in use, and by whom.
struct Holder {
  enum class Kind { kSource, kOwn, kDerived, kElement } kind;
  std::string name;    // in the table
  std::string source;  // kSource: the source's name; kOwn: what fills it; kElement: the list
};

std::string Words(const Holder& holder) {
  switch (holder.kind) {
    case Holder::Kind::kSource:
      return holder.source == holder.name
                 ? fmt::format("the source's column '{}'", holder.name)
                 : fmt::format("the source's column '{}', here '{}',", holder.source, holder.name);
    case Holder::Kind::kOwn:
      return fmt::format("the worker's own column '{}' ({})", holder.name, holder.source);
    case Holder::Kind::kDerived: return fmt::format("the job's own column '{}'", holder.name);
    case Holder::Kind::kElement: return fmt::format("the elements of list '{}'", holder.source);
  }
  return {};
}

std::string WayOut(const Holder& first, const Holder& second, const std::string& entry) {
  const bool second_is_source = second.kind == Holder::Kind::kSource;
  const Holder& source = second_is_source ? second : first;
  const Holder& other = second_is_source ? first : second;
  if (source.kind != Holder::Kind::kSource) {
    return other.kind == Holder::Kind::kOwn ? RenameOwn(entry, other.source)
                                            : "give one of the two another name, or use another job";
  }
  const char* start = other.kind == Holder::Kind::kOwn ? "source_" : "";
  const char* end = other.kind == Holder::Kind::kOwn ? "" : "_2";
  const std::string rename = RenameSource(entry, source.source, start + LowerCase(source.source) + end);
  if (other.kind != Holder::Kind::kOwn) return "in tables.toml " + rename;
  return RenameOwn(entry, other.source) + " renames the worker's column; or " + rename + " the source's";
}

class Names {
 public:
  explicit Names(const std::string& entry) : entry_(entry) {}

  Status Take(const Holder& holder) {
    const auto [at, fresh] = taken_.emplace(LowerCase(holder.name), holder);
    if (fresh) return {};
    const Holder& first = at->second;
    const char* kind = first.name == holder.name ? "have one name" : "have names that differ only in case";
    return Error{
        ErrorKind::kUnsupported,
        fmt::format("{} and {} {}: not every reader could open the table", Words(first), Words(holder), kind),
        WayOut(first, holder, entry_)};
  }

 private:
  const std::string& entry_;
  std::map<std::string, Holder> taken_;
};

/// A new column must not get a name that a column of the table has but for case: dropped ones stay in it.
Status CheckAgainstTable(const Naming& naming) {
  for (const event::SourceColumn& column : naming.columns) {
    if (naming.table->IndexOf(column.column()) >= 0) continue;
    const Field* namesake = Namesake(*naming.table, column.column());
    if (namesake == nullptr) continue;
    return Error{ErrorKind::kUnsupported,
                 fmt::format("the source's column '{}' and the table's column '{}' have names that differ "
                             "only in case: not every reader "
                             "could open the table",
                             column.column(), namesake->name),
                 fmt::format("in tables.toml {} goes on in the same column, as after a rename at the source; "
                             "{} makes a column of its own",
                             RenameSource(naming.entry, column.name, namesake->name),
                             RenameSource(naming.entry, column.name, LowerCase(column.name) + "_2"))};
  }
  return {};
}

}  // namespace

bool IsOwnKind(std::string_view value) {
  return value == kIngestionTime || value == kOperation || value == kSourceLsn || value == kSourceTime ||
         value == kDeletedAt;
}

rows::Field FieldOf(const OwnColumn& column) {
  Field field;
  field.name = column.name;
  if (!IsOwnKind(column.value)) {
    const auto program =
        expression::Compile(column.value, rows::Schema{}, expression::ContextFunctions::All());
    field.type = program ? program->type() : Type::Of(TypeKind::kString);
  } else if (column.value == kOperation)
    field.type = Type::Of(TypeKind::kString);
  else if (column.value == kSourceLsn)
    field.type = Type::Of(TypeKind::kLong);
  else
    field.type = Type::Of(TypeKind::kTimestamptz);
  return field;
}

Result<OwnPlan> PlanOwnColumns(const Schema& table, const std::vector<OwnColumn>& wanted,
                               const std::optional<OwnNames>& noted, const std::string& entry) {
  OwnPlan plan;
  if (noted) plan.names = *noted;
  std::erase_if(plan.names, [&](const auto& own) { return table.IndexOf(own.second) < 0; });
  for (const OwnColumn& own : wanted) {
    const auto before = plan.names.find(own.value);
    const Field* present = before == plan.names.end() ? nullptr : FieldNamed(table, before->second);
    const Field* there = FieldNamed(table, own.name);
    if (present == nullptr && !noted && there == nullptr) {
      const Field* first = FieldNamed(table, FirstName(own.value));
      if (first != nullptr && first->type == FieldOf(own).type) return NobodyKnows(own, first->name, entry);
    }
    if (present == nullptr && !noted && there != nullptr && there->type == FieldOf(own).type) present = there;
    if (const Field* namesake = Namesake(table, own.name, present))
      return OwnNameTaken(own, namesake->name, entry);
    if (present == nullptr)
      plan.changes.additions.push_back(FieldOf(own));
    else if (present->name != own.name)
      plan.changes.renames.emplace_back(present->name, own.name);
    plan.names[own.value] = own.name;
  }
  return plan;
}

Status CheckNames(const Naming& naming) {
  Names names(naming.entry);
  for (const auto& [value, name] : naming.own) CDC_TRY(names.Take({Holder::Kind::kOwn, name, value}));
  for (const Field& field : naming.derived) CDC_TRY(names.Take({Holder::Kind::kDerived, field.name, ""}));
  for (const event::SourceColumn& column : naming.columns) {
    CDC_TRY(names.Take({Holder::Kind::kSource, column.column(), column.name}));
  }
  // Iceberg names a list's elements, too, in the same space.
  for (const event::SourceColumn& column : naming.columns) {
    if (column.type.kind != TypeKind::kList) continue;
    CDC_TRY(names.Take({Holder::Kind::kElement, column.column() + ".element", column.column()}));
  }
  return naming.table == nullptr ? Status{} : CheckAgainstTable(naming);
}

}  // namespace cdc::source
