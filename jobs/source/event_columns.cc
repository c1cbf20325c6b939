#include "jobs/source/event_columns.h"

#include "lib/expression/compile.h"

namespace cdc::source {

EventColumns::EventColumns(const std::vector<OwnColumn>& columns, EventContext* event) : event_(event) {
  for (const OwnColumn& column : columns) {
    if (IsOwnKind(column.value)) continue;
    auto program = expression::Compile(column.value, rows::Schema{}, expression::ContextFunctions::All());
    if (!program) continue;  // the configuration has been checked
    event->Need(program->context_functions());
    rows::Column value(program->type());
    columns_.push_back({column.name, std::move(*program), std::move(value), -1});
  }
}

std::vector<int> EventColumns::Bind(const rows::Schema& table) {
  std::vector<int> places;
  for (Column& column : columns_) {
    column.at = table.IndexOf(column.name);
    if (column.at >= 0) places.push_back(column.at);
  }
  return places;
}

Status EventColumns::Compute() {
  const rows::Batch none(std::make_shared<const rows::Schema>());
  std::vector<expression::RowError> errors;
  for (Column& column : columns_) {
    column.value.Clear();
    column.program.Run(none, 0, 1, event_->context(), &column.value, &errors);
    if (!errors.empty())
      return Error{ErrorKind::kBadValue, "column '" + column.name + "': " + errors.front().reason};
  }
  return {};
}

void EventColumns::Append(rows::Batch* batch) const {
  for (const Column& column : columns_) {
    if (column.at >= 0) batch->column(static_cast<size_t>(column.at)).AppendFrom(column.value, 0);
  }
}

}  // namespace cdc::source
