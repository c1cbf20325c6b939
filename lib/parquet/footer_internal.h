#pragma once

/// \file lib/parquet/footer_internal.h
/// What stands at the end of every file of ours: schema, row groups, column chunks.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/parquet/format_internal.h"
#include "lib/rows/type.h"

namespace cdc::parquet {

/// How a field's values are stored (Iceberg specification, "Parquet", data type mappings).
struct Leaf {
  Physical physical;
  int32_t length;  ///< of kFixedBytes, else 0
};
/// \param type no list
Leaf LeafOf(const rows::Type& type);

/// Bytes of a decimal kept as fixed bytes: the fewest that hold `precision` digits.
int DecimalBytes(int precision);

/// \return kUnsupported: a field without an id, a decimal's precision outside 1 to 38.
Status CheckSchema(const rows::Schema& schema);

/// Smallest and largest value in Parquet's PLAIN form, a byte array without its length.
struct LeastAndMost {
  std::optional<std::string> least, most;
};

/// A data page, for the page index.
struct DataPage {
  int64_t size;  ///< in the file, with its header
  int64_t rows, values, nulls;
  Encoding encoding;
  LeastAndMost bounds;  ///< of kPlain only
};

/// Pages of one kind in a column chunk.
struct PageCount {
  PageKind kind;
  Encoding encoding;
  int32_t count;
};

/// One column of one row group. Offsets are the file's.
struct ColumnChunk {
  std::vector<PageCount> pages;
  Codec codec = Codec::kZstd;
  int64_t values = 0;  ///< with nulls, and the empty places of lists
  int64_t nulls = 0;
  std::optional<int64_t> dictionary_at;
  int64_t data_at = 0;
  int64_t plain_bytes = 0, bytes = 0;  ///< with page headers
  LeastAndMost bounds;
  std::vector<DataPage> data_pages;        ///< until their index is encoded
  std::string column_index, offset_index;  ///< encoded; empty: none
  int64_t column_index_at = 0, offset_index_at = 0;

  /// Counts a page of that many bytes, before and after compression, headers with it.
  void Count(PageKind kind, Encoding encoding, size_t plain_size, size_t size);
  int64_t begin() const { return dictionary_at.value_or(data_at); }
};

struct RowGroup {
  int64_t rows = 0;
  std::vector<ColumnChunk> chunks;  ///< in the order of the schema's fields
};

/// Appends the footer and the magic that ends a file. \param rows of all groups
void AppendFooter(const rows::Schema& schema, std::span<const RowGroup> groups, int64_t rows,
                  std::string* out);

}  // namespace cdc::parquet
