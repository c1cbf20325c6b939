/// \file lib/config/row_checks.cc
/// Settings about rows that need each other, or shut each other out.

#include <algorithm>

#include <fmt/format.h>

#include "lib/config/row_reader_internal.h"
#include "lib/expression/names.h"

namespace cdc::config {
namespace {

bool UsesEventTime(const std::string& text) {
  const auto tree = expression::Parse(text);
  return tree && expression::UsesFunction(**tree, "event_time");
}

bool Selects(const Table& table, std::string_view function) {
  return table.select &&
         std::any_of(table.select->begin(), table.select->end(),
                     [&](const SelectedColumn& column) { return IsCallOf(column.expression, function); });
}

/// event_time() is known only where something says what it is.
void CheckEventTime(NodeReader& r, const Table& table) {
  if (!table.event_time.empty()) return;
  const char* const need =
      "needs event_time = \"…\": the member of the event, or the column, that has the time";
  if (table.lateness) r.Fail("lateness", need);
  if (table.order_by == OrderBy::kEventTime) r.Fail("order_by", need);
  if (UsesEventTime(table.where)) r.Fail("where", std::string("event_time() ") + need);
  for (const SelectedColumn& column : table.select.value_or(std::vector<SelectedColumn>()))
    if (UsesEventTime(column.expression))
      r.Fail("select", fmt::format("{}: event_time() {}", column.name, need));
  for (const MetadataColumn& column : table.metadata_columns)
    if (UsesEventTime(column.value))
      r.Fail("metadata_columns", fmt::format("{}: event_time() {}", column.name, need));
}

/// The newest time of a row must be with the row, and a deleted row must stay to keep it.
void CheckOrder(NodeReader& r, const Table& table) {
  if (table.order_by != OrderBy::kEventTime) return;
  if (table.in_iceberg()) {
    r.Fail("order_by",
           "\"event_time\" needs deletes = \"soft\", which is not built yet for Iceberg tables: use "
           "\"offset\", or a PostgreSQL sink");
    return;
  }
  if (table.mode == Mode::kAppend)
    r.Fail("order_by", "has no meaning with mode = \"append\": every change is a row");
  if (table.deletes != Deletes::kSoft)
    r.Fail("order_by",
           "\"event_time\" needs deletes = \"soft\": a deleted row stays, so that an older change that "
           "comes later does not bring it back");
  if (!Selects(table, "event_time"))
    r.Fail("order_by",
           "\"event_time\" needs a column with the row's event time: write select = { …, event_time = "
           "\"event_time()\" }");
}

/// The columns that a deletion marks.
void CheckMarks(NodeReader& r, const Table& table) {
  if (table.deletes != Deletes::kSoft || !table.select || table.in_iceberg()) return;
  const bool added = std::any_of(table.metadata_columns.begin(), table.metadata_columns.end(),
                                 [](const MetadataColumn& column) { return IsCallOf(column.value, "op"); });
  if (Selects(table, "op") || Selects(table, "operation") || added) return;
  r.Fail("deletes",
         "\"soft\" marks deleted rows in a column that is op() or operation(), and select has none: add for "
         "example op = \"op()\"");
}

void CheckNames(NodeReader& r, const Table& table) {
  if (!table.select) return;
  for (const MetadataColumn& added : table.metadata_columns) {
    for (const SelectedColumn& column : *table.select) {
      if (column.name == added.name)
        r.Fail("select",
               fmt::format("\"{}\" is a column of metadata_columns already: give one of them another name",
                           column.name));
    }
  }
  for (const std::string& name : table.key.value_or(std::vector<std::string>())) {
    if (std::none_of(table.select->begin(), table.select->end(),
                     [&](const SelectedColumn& column) { return column.name == name; }))
      r.Fail("select", fmt::format("lacks the key's column \"{}\": add {} = \"…\"", name, name));
  }
  if (!table.column_names.empty())
    r.Fail("columns", "gives columns other names, which select does by itself: remove the names");
}

}  // namespace

void CheckRows(NodeReader& r, const Table& table) {
  CheckEventTime(r, table);
  CheckOrder(r, table);
  CheckMarks(r, table);
  CheckNames(r, table);
  if (table.job != "upsert" && (table.select || !table.where.empty()))
    r.Fail("job",
           fmt::format("\"{}\" makes columns of its own: it does not go with select and where", table.job));
}

}  // namespace cdc::config
