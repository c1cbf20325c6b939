#pragma once

/// \file lib/change/row_identity.h
/// How rows of a table without a key are told apart: by their content, and equal ones by a number.

#include <functional>
#include <string>
#include <vector>

#include "lib/core/keyed_hash.h"
#include "lib/core/result.h"
#include "lib/rows/batch.h"

namespace cdc::change {

/// The index has the row number n (0, 1, …) of c equal ones under KeyOf(content, n): without a gap, so that a
/// row is added as number c and removed as number c − 1, and which of equal rows goes is all the same. Null
/// cells leave no trace in the content: a column that is added later changes no row. Not thread-safe.
class RowIdentity {
 public:
  /// \param except names of columns that do not come from the source any more, or never did
  /// \param until field id: columns above it were added after the table was made
  RowIdentity(const KeySecret& secret, const rows::Schema& schema, const std::vector<std::string>& except,
              int until);

  /// \param batch of the schema
  Hash128 ContentOf(const rows::Batch& batch, uint32_t row) { return ContentOf(batch, row, columns_.size()); }
  /// The contents that the row may have had before columns were added whose default PostgreSQL shows in rows
  /// that were there already: without the last of them, without the last two, …
  std::vector<Hash128> EarlierContentsOf(const rows::Batch& batch, uint32_t row);
  Hash128 KeyOf(const Hash128& content, uint32_t number) const;

  /// How many rows of this content there are.
  /// \param has whether there is a row of a key; its error ends the count and is returned
  Result<uint32_t> Count(const std::function<Result<bool>(const Hash128& key)>& has, const Hash128& content) const;

  const std::vector<int>& columns() const { return columns_; }  ///< positions that count, ascending

 private:
  Hash128 ContentOf(const rows::Batch& batch, uint32_t row, size_t columns);

  KeySecret secret_;
  std::vector<int> columns_;
  std::vector<int> ids_;  // of columns_
  size_t first_added_;    // in columns_
  std::vector<char> scratch_;
};

}  // namespace cdc::change
