#pragma once

/// \file lib/parquet/column_decoder_internal.h
/// Decodes one column of one row group into a rows::Column.

#include <cstdint>
#include <memory>
#include <span>

#include <parquet/column_reader.h>

#include "lib/core/result.h"
#include "lib/parquet/file_schema_internal.h"
#include "lib/rows/column.h"

namespace cdc::parquet {

class ColumnDecoder {
 public:
  /// \param pages the column's pages in the row group; \param wanted the field to append to
  /// \param only_rows ascending row numbers within the row group that alone will be read; pages without any
  /// are then neither decompressed nor decoded. Empty: all rows. Must outlive the decoder.
  static std::unique_ptr<ColumnDecoder> Make(const ::parquet::ColumnDescriptor* descriptor,
                                             std::unique_ptr<::parquet::PageReader> pages,
                                             const FileColumn& column, const rows::Type& wanted,
                                             std::span<const int64_t> only_rows);
  virtual ~ColumnDecoder() = default;

  /// Appends rows [row, row + count) of the row group; `row` never goes back. \return kCorrupt: the column
  /// ends early or holds what its type cannot.
  virtual Status Read(int64_t row, int64_t count, rows::Column* out) = 0;
};

}  // namespace cdc::parquet
