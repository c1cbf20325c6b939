#pragma once

/// \file lib/parquet/dictionary_choice_internal.h
/// Which columns of a file get a dictionary, and how many rows go to an encoder at a time. Pure decisions, by
/// bytes: Parquet looks at its limits only between two calls.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "lib/parquet/dictionary_internal.h"
#include "lib/rows/batch.h"

namespace cdc::parquet {

/// A column's bytes of cell `row`, of a list those of its elements.
inline int64_t CellBytes(const rows::Column& column, uint32_t row) {
  using rows::TypeKind;
  switch (column.type().kind) {
    case TypeKind::kString:
    case TypeKind::kBinary: return static_cast<int64_t>(column.bytes(row).size());
    case TypeKind::kList: {
      int64_t bytes = 0;
      for (uint32_t i = column.list_begin(row); i < column.list_end(row); ++i)
        bytes += CellBytes(column.element(), i);
      return bytes;
    }
    default: return rows::FixedWidth(column.type().kind);
  }
}

/// How many of `rows` to encode at once: at most `most_rows`, and fewer, but one, when their texts and lists
/// are beyond `most_bytes`.
inline size_t ChunkRows(const rows::Batch& batch, std::span<const uint32_t> rows, size_t most_rows,
                        int64_t most_bytes) {
  size_t count = std::min(rows.size(), most_rows);
  const bool ascending = std::is_sorted(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
  for (size_t c = 0; c < batch.column_count(); ++c) {
    const rows::Column& column = batch.column(c);
    if (rows::FixedWidth(column.type().kind) > 0) continue;
    // Nearly always the rows are in the batch's order, and all that lies between them is little enough.
    if (ascending && count > 0 && column.type().kind != rows::TypeKind::kList &&
        column.offsets()[rows[count - 1] + 1] - column.offsets()[rows[0]] <= most_bytes) {
      continue;
    }
    // Each column has pages of its own, but their texts are in memory together.
    int64_t bytes = 0;
    for (size_t i = 0; i < count; ++i) {
      bytes += CellBytes(column, rows[i]);
      if (bytes > most_bytes) count = std::max<size_t>(i, 1);
    }
  }
  return count;
}

/// Counts what a dictionary of a column would hold, from some of its cells.
class DictionarySample {
 public:
  static constexpr size_t kCells = 2048;
  static constexpr size_t kFewest = 64;  ///< cells that say something

  /// \param rows of the file to be written, spread evenly over what is known of it
  DictionarySample(const rows::Column& column, std::span<const uint32_t> rows) {
    const bool list = column.type().kind == rows::TypeKind::kList;
    mask_ = list ? seen_.size() - 1 : std::bit_ceil(2 * std::min(rows.size() + 1, kCells)) - 1;
    std::fill_n(seen_.begin(), mask_ + 1, 0);
    const size_t step = std::max<size_t>(1, rows.size() / kCells);
    for (size_t i = 0; i < rows.size() && cells_ < kCells; i += step) AddCell(column, rows[i]);
  }

  /// A dictionary that will be given up costs its memory and its time for nothing: there are (or, when nearly
  /// all cells differ, will be) more distinct values than it may hold.
  bool WorthIt(int64_t dictionary_bytes) const {
    if (cells_ < kFewest) return true;
    return bytes_ < dictionary_bytes && static_cast<double>(distinct_) < 0.85 * static_cast<double>(cells_);
  }

 private:
  void AddCell(const rows::Column& column, uint32_t row) {
    if (!column.has_value(row)) return;
    if (column.type().kind == rows::TypeKind::kList) {
      for (uint32_t i = column.list_begin(row); i < column.list_end(row) && cells_ < kCells; ++i)
        AddCell(column.element(), i);
      return;
    }
    if (&column != of_) {
      of_ = &column;
      width_ = static_cast<size_t>(rows::FixedWidth(column.type().kind));
    }
    const std::string_view value =
        width_ > 0 ? std::string_view(column.fixed_data().data() + row * width_, width_) : column.bytes(row);
    ++cells_;
    if (AddHash(QuickHash(value))) {
      ++distinct_;
      bytes_ += static_cast<int64_t>(value.size());
    }
  }

  /// \return whether it is new
  bool AddHash(uint32_t hash) {
    hash = std::max<uint32_t>(hash, 1);
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      if (seen_[at] == hash) return false;
      if (seen_[at] != 0) continue;
      seen_[at] = hash;
      return true;
    }
  }

  // A small file is written every second: a set of nodes took a sixth of such a commit's time.
  std::array<uint32_t, 2 * kCells> seen_;  // hashes, 0: free; as far as mask_
  size_t mask_ = 0;
  const rows::Column* of_ = nullptr;  // whose width it is
  size_t width_ = 0;
  size_t cells_ = 0, distinct_ = 0;
  int64_t bytes_ = 0;  // of the distinct ones
};

}  // namespace cdc::parquet
