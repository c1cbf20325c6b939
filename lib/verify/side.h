#pragma once

/// \file lib/verify/side.h
/// One side of a comparison at one moment: the port behind which PostgreSQL and Iceberg tables are.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/verify/column_form.h"
#include "lib/verify/row_marks.h"

namespace cdc::verify {

struct ComparedColumn {
  std::string name;                    ///< at the source
  std::string target;                  ///< in the table
  std::string source_sql, target_sql;  ///< with `{}` for the column; the latter of a PostgreSQL target only
  CellForm form = CellForm::kPlain;
};

struct LeftOut {
  std::string column, reason;
};

/// What is compared, and what is not and why.
struct Plan {
  std::vector<ComparedColumn> columns;
  std::vector<int> key;  ///< positions in `columns`; empty: rows are told by all of them
  std::vector<LeftOut> left_out;
};

/// Both sides of a comparison have the same.
struct Hashing {
  int64_t seed = 0;  ///< another one each time: what two runs both miss is missed by chance only
  size_t buckets = 16;
};

/// Seen by another thread.
struct Progress {
  std::atomic<int64_t> done{0}, total{0};  ///< in whatever the side counts
};

/// The compared columns' texts of a row; nothing: null.
using RowTexts = std::vector<std::optional<std::string>>;

/// All calls see the same rows. One thread at a time; two sides may be asked at once.
class Side {
 public:
  virtual ~Side() = default;
  /// Reads all rows. \return kTransient, kCorrupt, kUnsupported, kInvalidConfig.
  virtual Result<Buckets> Sums(Progress* progress) = 0;
  /// The rows of the buckets that are set. Reads all rows.
  virtual Result<std::vector<RowMark>> Marks(const std::vector<bool>& buckets, Progress* progress) = 0;
  /// In the places' order.
  virtual Result<std::vector<RowTexts>> Texts(const std::vector<Place>& places) = 0;
};

}  // namespace cdc::verify
