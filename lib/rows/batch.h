#pragma once

/// \file lib/rows/batch.h
/// Rows as columns, and the hash that names a row by its key.

#include <memory>
#include <vector>

#include "lib/core/keyed_hash.h"
#include "lib/rows/column.h"

namespace cdc::rows {

/// Columns of equal length, in the order of the schema's fields.
class Batch {
 public:
  explicit Batch(std::shared_ptr<const Schema> schema);

  const Schema& schema() const { return *schema_; }
  const std::shared_ptr<const Schema>& shared_schema() const { return schema_; }
  uint32_t rows() const { return columns_.empty() ? 0 : columns_.front().size(); }
  size_t column_count() const { return columns_.size(); }
  Column& column(size_t i) { return columns_[i]; }
  const Column& column(size_t i) const { return columns_[i]; }
  void Truncate(uint32_t rows);
  size_t byte_size() const;

 private:
  std::shared_ptr<const Schema> schema_;
  std::vector<Column> columns_;
};

/// A key's values: cells of one row. Refers to a batch, which must stay as it is meanwhile. Empty: unknown.
struct KeyRow {
  const Batch* batch = nullptr;
  uint32_t row = 0;
  const std::vector<int>* columns = nullptr;  ///< positions of the key's columns in `batch`, in key order

  bool known() const { return batch != nullptr; }
  /// The `i`th column of the key; `row` is the cell in it.
  const Column& column(size_t i) const { return batch->column(static_cast<size_t>((*columns)[i])); }
  size_t size() const { return columns == nullptr ? 0 : columns->size(); }
};

/// Whether two rows of a batch hold the same in `columns`. A cell that was not sent says nothing either way.
bool SameCells(const Batch& batch, uint32_t a, uint32_t b, const std::vector<int>& columns);

using KeySecret = cdc::KeySecret;

/// Appends the canonical form of a cell: equal values have equal bytes, and the bytes of several cells one
/// after the other can be read in one way only. It depends on the value alone, not on an int's or decimal's
/// width. A null is a value of its own. Floats are equal where PostgreSQL's are: -0.0 and 0.0, NaN and NaN.
void AppendCanonical(const Column& column, uint32_t row, std::vector<char>* out);

/// Hashes key values of rows with the table's secret. A promoted key column keeps its hashes. They are stored
/// on disk: a change needs a new key-index format version.
class KeyHasher {
 public:
  /// \param columns positions of the key's columns in the batches, in key order
  KeyHasher(const KeySecret& secret, std::vector<int> columns)
      : secret_(secret), columns_(std::move(columns)) {}

  Hash128 operator()(const Batch& batch, uint32_t row);

 private:
  KeySecret secret_;
  std::vector<int> columns_;
  std::vector<char> scratch_;
};

}  // namespace cdc::rows
