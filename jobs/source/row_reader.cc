#include "jobs/source/row_reader.h"

#include <algorithm>

#include "lib/event/json_cursor.h"

namespace cdc::source {

using event::RowOutcome;

RowReader::RowReader(std::unique_ptr<event::RowDecoder> decoder, RowProgram* program,
                     const EventContext* event, bool all_needed)
    : decoder_(std::move(decoder)),
      program_(program),
      event_(event),
      in_(program->input_schema()),
      all_needed_(all_needed) {}

void RowReader::SetSkipped(std::vector<int> columns) {
  if (program_ == nullptr)
    decoder_->SetSkipped(columns);
  else
    skipped_ = std::move(columns);
}

/// A null of a column that is computed with, and that the source also sends for a large value that did not
/// change.
bool RowReader::HasDoubtfulNull() {
  if (!event_->lacks_old_row()) return false;
  for (const int at : program_->unmarked_inputs()) {
    const rows::Column& column = in_->column(static_cast<size_t>(at));
    const bool empty = column.type().kind == rows::TypeKind::kList && column.has_value(0) &&
                       column.list_begin(0) == column.list_end(0);
    if (column.cell(0) != rows::Cell::kNull && !empty) continue;
    error_ = "column '" + in_->schema().fields[static_cast<size_t>(at)].name +
             "': nothing was sent, for NULL or for an unchanged TOAST value, and the table's columns are "
             "computed from "
             "it; with REPLICA IDENTITY FULL at the source it is certain";
    return true;
  }
  return false;
}

RowOutcome RowReader::Compute(std::string_view object, Condition condition, rows::Batch* batch,
                              bool lenient) {
  left_out_ = false;
  in_->Truncate(0);
  RowOutcome outcome = RowOutcome::kWhole;
  // Without a column to read there is nothing to decode.
  if (in_->column_count() > 0) outcome = decoder_->Decode(object, &*in_, lenient);
  if (outcome == RowOutcome::kBadValue || outcome == RowOutcome::kUnknownColumn) {
    error_ = decoder_->error();
    return outcome;
  }
  for (size_t i = 0; i < in_->column_count() && all_needed_; ++i) {
    if (in_->column(i).has_value(0)) continue;
    error_ = "column '" + in_->schema().fields[i].name + "' is missing";
    return RowOutcome::kBadValue;
  }
  if (HasDoubtfulNull()) return RowOutcome::kBadValue;
  const uint32_t row = batch->rows();
  const RowFate fate = program_->Append(*in_, *event_, condition, batch);
  if (fate == RowFate::kBad) {
    error_ = program_->error();
    return RowOutcome::kBadValue;
  }
  for (size_t i = 0; i < batch->column_count(); ++i) {
    const bool ours = std::find(skipped_.begin(), skipped_.end(), static_cast<int>(i)) == skipped_.end();
    if (ours && batch->column(i).size() == row) batch->column(i).AppendNull();
  }
  left_out_ = fate == RowFate::kLeftOut;
  return fate == RowFate::kWithGaps ? RowOutcome::kWithGaps : RowOutcome::kWhole;
}

RowOutcome RowReader::Mark(const rows::KeyRow& key, const Rest& rest, rows::Batch* batch) {
  const uint32_t row = batch->rows();
  if (program_->AppendMark(key, *event_, batch) == RowFate::kBad) {
    error_ = program_->error();
    return RowOutcome::kBadValue;
  }
  for (size_t i = 0; i < batch->column_count(); ++i) {
    rows::Column& column = batch->column(i);
    if (column.size() > row ||
        std::find(skipped_.begin(), skipped_.end(), static_cast<int>(i)) != skipped_.end())
      continue;
    if (rest.live_row || rest.is_null)
      column.AppendNull();
    else
      column.AppendUnavailable();
    if (rest.live_row) column.ReplaceLastFrom(*rest.live_row);
  }
  return rest.live_row || rest.is_null ? RowOutcome::kWhole : RowOutcome::kWithGaps;
}

bool RowReader::HasAll(std::string_view object) const {
  const std::vector<std::string> names = event::MemberNames(object);
  const auto& inputs = program_->inputs();
  return std::all_of(inputs.begin(), inputs.end(), [&](const event::SourceColumn& column) {
    return std::find(names.begin(), names.end(), column.name) != names.end();
  });
}

}  // namespace cdc::source
