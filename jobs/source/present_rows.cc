#include "jobs/source/present_rows.h"

namespace cdc::source {

Result<bool> PresentRows::IsTaken(const Hash128& key) {
  const Slot::State state = batch_.fold.StateOf(key);
  if (state != Slot::State::kUntouched) return state == Slot::State::kLive;
  if (batch_.fold.truncated()) return false;
  return batch_.table.HasRow(key, batch_.fold.FindKey(key));
}

/// Appends the key's row to `out`. \return whether it has one
Result<bool> PresentRows::Copy(const Hash128& key, rows::Batch* out) {
  const Fold& fold = batch_.fold;
  const Slot::State state = fold.StateOf(key);
  if (state == Slot::State::kGone) return false;
  if (state == Slot::State::kUntouched) return batch_.table.ReadRow(key, fold.FindKey(key), out);
  const uint32_t row = *fold.LiveRow(key);
  for (size_t i = 0; i < out->column_count(); ++i) out->column(i).AppendFrom(fold.batch().column(i), row);
  return true;
}

Result<bool> PresentRows::IsRow(const Hash128& key, std::string_view image) {
  if (image.empty()) return false;
  rows::Batch pair(batch_.fold.batch().shared_schema());
  CDC_ASSIGN(const bool found, Copy(key, &pair));
  if (!found || reader_.rows().Decode(image, &pair) != event::RowOutcome::kWhole) return false;
  return rows::SameCells(pair, 0, 1, reader_.source_columns());
}

Result<bool> PresentRows::IsLikeRow(const Hash128& key, uint32_t row) {
  rows::Batch pair(batch_.fold.batch().shared_schema());
  CDC_ASSIGN(const bool found, Copy(key, &pair));
  if (!found) return false;
  const rows::Batch& batch = batch_.fold.batch();
  for (size_t i = 0; i < pair.column_count(); ++i) pair.column(i).AppendFrom(batch.column(i), row);
  return rows::SameCells(pair, 0, 1, reader_.other_columns());
}

bool PresentRows::HasLater(const Hash128& key, int64_t time) const {
  const RowProgram* const program = reader_.program();
  if (!batch_.settings.rows.by_event_time || program->event_time_column() < 0) return false;
  const auto live = batch_.fold.LiveRow(key);
  if (!live) return false;
  const rows::Column& times = batch_.fold.batch().column(static_cast<size_t>(program->event_time_column()));
  return times.has_value(*live) && times.fixed<int64_t>(*live) > time;
}

}  // namespace cdc::source
