#include "jobs/source/own_cells.h"

#include <algorithm>

namespace cdc::source {

OwnCells::OwnCells(OpenBatch& batch, EventContext* event)
    : batch_(batch), expressions_(batch.settings.own_columns, event) {}

std::vector<int> OwnCells::Bind(const rows::Schema& table) {
  const std::vector<OwnColumn>& columns = batch_.settings.own_columns;
  std::vector<int> positions;
  const auto filled_by = [&](std::string_view value) {
    const auto own = std::find_if(columns.begin(), columns.end(),
                                  [&](const OwnColumn& column) { return column.value == value; });
    const int at = own == columns.end() ? -1 : table.IndexOf(own->name);
    if (at >= 0) positions.push_back(at);
    return at;
  };
  ingestion_time_ = filled_by(kIngestionTime);
  operation_ = filled_by(kOperation);
  source_lsn_ = filled_by(kSourceLsn);
  source_time_ = filled_by(kSourceTime);
  deleted_at_ = filled_by(kDeletedAt);  // by the sink, unless a removal writes a row
  if (!batch_.settings.rows.marks_rows()) deleted_at_ = -1;
  for (const int at : expressions_.Bind(table)) positions.push_back(at);
  return positions;
}

void OwnCells::Fill(uint32_t row, char op, const event::Envelope& envelope) {
  rows::Batch& batch = batch_.fold.batch();
  const auto column = [&](int at) -> rows::Column& { return batch.column(static_cast<size_t>(at)); };
  if (ingestion_time_ >= 0) column(ingestion_time_).AppendLong(batch_.now());
  if (operation_ >= 0) column(operation_).AppendBytes({&op, 1});
  if (source_lsn_ >= 0 || source_time_ >= 0) FillSource(envelope);
  expressions_.Append(&batch);
  if (deleted_at_ >= 0 && op == 'd') column(deleted_at_).AppendLong(batch_.now());
  for (const int at : positions_) {
    if (column(at).size() == row) column(at).AppendNull();
  }
}

void OwnCells::FillSource(const event::Envelope& envelope) {
  const auto source = event::ParseSource(envelope.source);
  const auto fill = [&](int at, bool known, int64_t value) {
    if (at < 0) return;
    rows::Column& column = batch_.fold.batch().column(static_cast<size_t>(at));
    if (known)
      column.AppendLong(value);
    else
      column.AppendNull();
  };
  fill(source_lsn_, source && source->lsn > 0, source ? source->lsn : 0);
  fill(source_time_, source && source->ts_ms > 0, source ? source->ts_ms * 1000 : 0);
}

}  // namespace cdc::source
