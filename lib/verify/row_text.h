#pragma once

/// \file lib/verify/row_text.h
/// The one text of a row, or of its key, that is hashed: an array of its columns' texts, as PostgreSQL writes
/// it.

#include <string>
#include <string_view>
#include <vector>

#include "lib/rows/batch.h"
#include "lib/verify/side.h"

namespace cdc::verify {

/// `hashtextextended(ARRAY[…]::text COLLATE "C", seed)` over some of the columns.
/// \param positions in `columns`; null: all of them \param target in the table, else at the source
std::string HashSql(const std::vector<ComparedColumn>& columns, const std::vector<int>* positions,
                    bool target, int64_t seed);

/// The SQL of one column's text.
std::string ColumnSql(const ComparedColumn& column, bool target);

/// The same of a batch. Not thread-safe.
class RowText {
 public:
  /// \param forms of the batches' columns, in their order
  explicit RowText(std::vector<CellForm> forms) : forms_(std::move(forms)) {}

  /// Of some columns, or with null of all. Valid until the next call.
  std::string_view Of(const rows::Batch& batch, uint32_t row, const std::vector<int>* positions = nullptr);

 private:
  void Append(const rows::Batch& batch, uint32_t row, size_t column);

  std::vector<CellForm> forms_;
  std::string text_, cell_;
};

}  // namespace cdc::verify
