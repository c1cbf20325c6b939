#include "jobs/source/toast_doubts.h"

#include <fmt/format.h>

#include "lib/event/json_cursor.h"

namespace cdc::source {
namespace {

/// Values of a fixed width are never moved out of a row; those of a decimal's 38 digits hardly ever.
bool CanBeToasted(const rows::Type& type) { return rows::FixedWidth(type.kind) == 0; }

}  // namespace

void ToastDoubts::Learn(const std::vector<event::SourceColumn>& columns, const rows::Schema& table) {
  columns_.clear();
  for (const event::SourceColumn& column : columns) {
    const int at = table.IndexOf(column.name);
    if (column.unchanged == event::Unchanged::kMarked || at < 0) continue;
    const rows::Field& field = table.fields[static_cast<size_t>(at)];
    if (field.required || !CanBeToasted(field.type)) continue;
    columns_.push_back(
        {column.name, {at, column.unchanged == event::Unchanged::kUnsure}, column.empty_for_null});
  }
}

std::vector<Doubt> ToastDoubts::Find(const rows::Batch& batch, uint32_t row, const event::Envelope& envelope,
                                     bool moved) {
  if (envelope.op == event::Op::kUpdate)
    whole_old_rows_ = !envelope.before.empty();
  else if (!moved)
    return {};
  std::vector<Doubt> doubts;
  if (whole_old_rows_) return doubts;
  for (const Column& column : columns_) {
    const rows::Column& cells = batch.column(static_cast<size_t>(column.doubt.column));
    const bool empty = column.empty_for_null && cells.type().kind == rows::TypeKind::kList &&
                       cells.has_value(row) && cells.list_begin(row) == cells.list_end(row);
    if (empty || cells.cell(row) == rows::Cell::kNull) doubts.push_back(column.doubt);
  }
  return doubts;
}

void ToastDoubts::NoteRemoval(std::string_view before) {
  if (columns_.empty()) return;
  whole_old_rows_ = false;
  event::JsonCursor cursor(before);
  if (before.empty() || !cursor.Consume('{') || cursor.Consume('}')) return;
  do {
    event::JsonString name;
    std::string_view value;
    std::string text;
    if (!cursor.ReadString(&name) || !cursor.Consume(':') || !cursor.SkipValue(&value)) return;
    if (value == "null" || value == "[]" || !event::AppendUnescaped(name, &text)) continue;
    for (const Column& column : columns_) whole_old_rows_ |= column.name == text;
  } while (cursor.Consume(','));
}

std::string NamesOfUnmarked(const std::vector<event::SourceColumn>& columns, const rows::Schema* known) {
  std::string names;
  for (const event::SourceColumn& column : columns) {
    const bool unmarked = column.unchanged == event::Unchanged::kNull && CanBeToasted(column.type);
    if (!unmarked || (known != nullptr && known->IndexOf(column.name) >= 0)) continue;
    names += (names.empty() ? "" : ", ") + column.name;
  }
  return names;
}

std::string ReasonOf(const Refusal& refusal, const rows::Schema& schema) {
  const std::string& name = schema.fields[static_cast<size_t>(refusal.column)].name;
  if (!refusal.doubt) {
    return fmt::format(
        "column '{}': an unchanged TOAST value was not sent, and the row's old version has none: it is from "
        "before "
        "the column was captured",
        name);
  }
  return fmt::format(
      "column '{}': nothing was sent, for NULL or for an unchanged TOAST value, and the row's old version "
      "has a value "
      "so large that it may be either; with REPLICA IDENTITY FULL at the source it is certain",
      name);
}

}  // namespace cdc::source
