#pragma once

/// \file jobs/sink/lake/old_rows.h
/// Reads rows that the table has, and completes the rows of a fold with them: unchanged TOAST values are not
/// in the event, and are read back from the row that it supersedes.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jobs/sink/lake/moved_rows.h"
#include "jobs/sink/lake/row_locator.h"
#include "jobs/worker/sink.h"
#include "lib/rows/batch.h"

namespace cdc::lake_sink {

using worker::Doubt;
using worker::Fold;
using worker::IsMovable;
using worker::Slot;

/// Owns nothing; the table's format is no matter. One thread at a time.
class OldRows {
 public:
  /// All must outlive this.
  OldRows(const LocatedTable& table, const RowLocator& locator, const MovedRows& moved)
      : table_(table), locator_(locator), moved_(moved) {}

  /// Appends the table's row of `key` to `row`, a batch of the table's schema. \return whether it has one
  Result<bool> Read(const Hash128& key, rows::Batch* row) const;

  /// \return as Sink::FillGaps().
  Result<std::vector<uint32_t>> FillGaps(Fold* fold) const;

 private:
  /// Position in a file, number of the fold's slot.
  using Wanted = std::vector<std::pair<int64_t, uint32_t>>;

  Result<std::optional<RowPlace>> PlaceFor(const worker::Gap& gap) const;
  Status FillFromFile(const std::string& path, const Wanted& wanted, Fold* fold,
                      std::vector<uint32_t>* unknown) const;
  Result<rows::Batch> ReadRowsOf(const std::string& path, const Wanted& wanted,
                                 std::shared_ptr<const rows::Schema> projection) const;
  Status JudgeDoubts(const std::string& path, const Wanted& doubtful, Fold* fold) const;

  const LocatedTable& table_;
  const RowLocator& locator_;
  const MovedRows& moved_;
};

}  // namespace cdc::lake_sink
