#pragma once

/// \file jobs/source/present_rows.h
/// What row a key has now, in the batch or in the table.

#include "jobs/source/event_reader.h"
#include "jobs/source/open_batch.h"

namespace cdc::source {

/// Errors are those of Table's lookups. Not thread-safe.
class PresentRows {
 public:
  PresentRows(OpenBatch& batch, EventReader& reader) : batch_(batch), reader_(reader) {}

  /// Whether some row has this key.
  Result<bool> IsTaken(const Hash128& key);
  /// Whether `image`, a whole row of an event, is the key's row.
  Result<bool> IsRow(const Hash128& key, std::string_view image);
  /// Whether `row` of the batch is the key's row, but for the key.
  Result<bool> IsLikeRow(const Hash128& key, uint32_t row);
  /// Whether the batch has a change of the row that is later than `time`, by their own times.
  bool HasLater(const Hash128& key, int64_t time) const;

 private:
  Result<bool> Copy(const Hash128& key, rows::Batch* out);

  OpenBatch& batch_;
  EventReader& reader_;
};

}  // namespace cdc::source
