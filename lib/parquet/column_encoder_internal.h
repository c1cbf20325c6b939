#pragma once

/// \file lib/parquet/column_encoder_internal.h
/// Gathers cells of a rows::Column straight into Parquet's column writer, and keeps the column's metrics.

#include <cstdint>
#include <memory>
#include <span>

#include <parquet/column_writer.h>

#include "lib/core/result.h"
#include "lib/iceberg/data_file.h"
#include "lib/rows/column.h"

namespace cdc::parquet {

class ColumnEncoder {
 public:
  static std::unique_ptr<ColumnEncoder> Make(const rows::Field& field);
  virtual ~ColumnEncoder() = default;

  /// \return kBadValue. May throw what Parquet throws.
  virtual Status Write(const rows::Column& column, std::span<const uint32_t> rows,
                       ::parquet::ColumnWriter* out) = 0;

  /// Adds this column's counts and bounds under its (element's) field id.
  virtual void AddMetrics(iceberg::DataFile* file) const = 0;
};

}  // namespace cdc::parquet
