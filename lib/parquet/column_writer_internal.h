#pragma once

/// \file lib/parquet/column_writer_internal.h
/// One leaf column of a file being written: levels, values, pages and metrics.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/iceberg/data_file.h"
#include "lib/parquet/footer_internal.h"
#include "lib/parquet/page_writer_internal.h"
#include "lib/parquet/value_encoder_internal.h"

namespace cdc::parquet {

/// What the columns of a file take turns in using.
struct WritingTools {
  explicit WritingTools(int zstd_level) : compressor(zstd_level) {}
  PageCompressor compressor;
  PageScratch scratch;
  std::string levels;                           ///< of the page that is being put together
  std::vector<uint8_t> cells;                   ///< of rows that do not follow each other
  std::vector<uint32_t> present;                ///< rows that have a value
  std::vector<uint32_t> elements;               ///< of lists, those that have a value
  std::vector<uint8_t> definition, repetition;  ///< levels of lists
};

/// Holds one open page, the dictionary, and the closed pages of the open row group. One thread; may throw
/// std::bad_alloc.
class ColumnWriter {
 public:
  /// \param field, tools must outlive the writer
  ColumnWriter(const rows::Field& field, const ColumnLimits& limits, WritingTools* tools);

  /// Whether row groups begin with a dictionary; before the first row.
  void BeginWith(bool dictionary);

  /// \return kBadValue: a null in a required column, an unavailable cell; and as PageCompressor's.
  Status Write(const rows::Column& column, const ValueEncoder::Rows& rows);

  /// Bytes of the open row group: its closed pages, and what is not compressed yet.
  int64_t open_bytes() const;

  /// Writes the row group's pages, and begins another one. \return as Write()'s, and as FileEnd's.
  Result<ColumnChunk> EndGroup(FileEnd* file);

  /// Adds counts and bounds of all groups under the (element's) field id.
  void AddMetrics(iceberg::DataFile* file) const;
  int metrics_id() const { return list_ ? field_.element_id : field_.id; }

 private:
  Status WriteCells(const rows::Column& column, const ValueEncoder::Rows& rows);
  Status WriteLists(const rows::Column& column, std::span<const uint32_t> rows);
  Status AddList(const rows::Column& column, uint32_t row);
  Status EndPiece(const rows::Column& elements);
  Status AppendValues(const rows::Column& values, const ValueEncoder::Rows& rows);
  Result<PageBytes> TakePage();
  Status KeepPage();
  const std::string& TakeLevels();
  Error Absent(rows::Cell cell) const;

  const rows::Field& field_;
  const bool list_;
  const size_t page_limit_;
  WritingTools& tools_;
  std::unique_ptr<ValueEncoder> values_;
  bool dictionary_ = true;
  RunEncoder<uint8_t> definition_, repetition_;  // of the open page
  size_t page_slots_ = 0;                        // values, nulls and empty places of the open page
  int64_t page_rows_ = 0, page_nulls_ = 0;
  int64_t piece_rows_ = 0;  // of lists that AddList() collected
  WaitingPages waiting_;
  ColumnChunk chunk_;              // of the open row group
  int64_t slots_ = 0, nulls_ = 0;  // of all
};

}  // namespace cdc::parquet
