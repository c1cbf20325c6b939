#include "jobs/source/type_change.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/rows/type_change.h"

namespace cdc::source {

Result<std::vector<Retyped>> FindRetyped(const rows::Schema& table,
                                         const std::vector<event::SourceColumn>& columns,
                                         const std::set<std::string>& skipped, const std::string& entry) {
  std::vector<Retyped> retyped;
  std::string problems;
  for (const event::SourceColumn& column : columns) {
    const int at = table.IndexOf(column.column());
    if (at < 0 || skipped.contains(column.column())) continue;
    const rows::Type& from = table.fields[static_cast<size_t>(at)].type;
    rows::TypeChange change = rows::DecideTypeChange(from, column.type);
    if (change.what == rows::Change::kRewrite) retyped.push_back({column.column(), from, change.to});
    if (change.what != rows::Change::kCannot && !event::IsConvertible(column, change.to)) {
      change.what = rows::Change::kCannot;
      change.why = "its events carry another form than the table's type has";
    }
    if (change.what != rows::Change::kCannot) continue;
    problems += fmt::format(
        "{}column '{}' changed its type at the source from {} to {}, and its old values "
        "cannot be cast: {}",
        problems.empty() ? "" : "; ", column.column(), rows::ToString(from), rows::ToString(column.type),
        change.why);
  }
  if (!problems.empty()) return Error{ErrorKind::kUnsupported, problems, SnapshotAnew(entry)};
  return retyped;
}

bool MayBeType(const std::string& by_schema, const std::string& known) {
  const auto without_length = [](std::string words) {
    const size_t open = words.find('('), close = words.find(')');
    if (open != words.npos && close != words.npos) words.erase(open, close - open + 1);
    return words;
  };
  const std::string base = without_length(known);
  if (base == by_schema) return true;
  const auto looks = [&](const char* schema, const char* type) {
    return by_schema.starts_with(schema) && base.starts_with(type) && by_schema.ends_with("[]") == base.ends_with("[]");
  };
  return looks("json", "json") || looks("bigint", "oid") || looks("interval", "interval");
}

std::vector<std::string> FindAbsent(const rows::Schema& table,
                                    const std::vector<event::SourceColumn>& columns,
                                    const std::set<std::string>& skipped) {
  std::vector<std::string> absent;
  for (const rows::Field& field : table.fields) {
    const bool there = std::any_of(columns.begin(), columns.end(),
                                   [&](const event::SourceColumn& c) { return c.column() == field.name; });
    if (!there && !skipped.contains(field.name)) absent.push_back(field.name);
  }
  return absent;
}

}  // namespace cdc::source
