#pragma once

/// \file jobs/source/mapping.h
/// What a table-specific job adds to the stock worker: columns of its own, computed from the source's.

#include <vector>

#include "lib/rows/batch.h"

namespace cdc::source {

/// Not thread-safe; one per run.
class Mapping {
 public:
  virtual ~Mapping() = default;

  /// Columns that the table has beside the source's. Names must not collide with the source's; ids are
  /// ignored.
  virtual std::vector<rows::Field> Derived() const = 0;

  /// Appends one cell to each derived column for row `row` of `batch`, whose other columns are filled. Where
  /// a column it needs is rows::Cell::kUnavailable, the derived cell must be too: it is called again when the
  /// column has been filled from the row's old version.
  ///
  /// \param derived positions of the derived columns in `batch`, in the order of Derived(); −1: the table,
  /// made before
  ///        this job, does not have it
  virtual void Map(rows::Batch* batch, uint32_t row, const std::vector<int>& derived) = 0;
};

}  // namespace cdc::source
