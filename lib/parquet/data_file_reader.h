#pragma once

/// \file lib/parquet/data_file_reader.h
/// Reads columns of a Parquet data file back into a Batch: all rows, or only those at given positions.

#include <cstdint>
#include <memory>
#include <span>

#include "lib/core/result.h"
#include "lib/rows/batch.h"
#include "lib/storage/file_system.h"

namespace cdc::parquet {

/// One file. Deleted rows are not known here: position deletes are the caller's to apply. Not thread-safe.
class DataFileReader {
 public:
  /// \param projection wanted columns, found in the file by field id. One that the file does not have reads
  /// as null; one of a type that may be promoted to the wanted type (rows::CanPromote) is promoted. \return
  /// kCorrupt: not a Parquet file or a damaged one; kUnsupported: a column of a type that cannot become the
  /// wanted one, or a file without field ids.
  static Result<std::unique_ptr<DataFileReader>> Make(std::unique_ptr<storage::Reader> file,
                                                      std::shared_ptr<const rows::Schema> projection);
  /// The same for a file whose columns are known by their names.
  static Result<std::unique_ptr<DataFileReader>> MakeByName(std::unique_ptr<storage::Reader> file,
                                                            std::shared_ptr<const rows::Schema> projection);
  virtual ~DataFileReader() = default;

  /// Rows in the file.
  virtual int64_t rows() const = 0;

  /// Clears `out` and fills it with the next rows in file order, at most 16,384 of them.
  /// \param out made with the projection; \param first_position the file position of its first row
  /// \return false at the end (out is empty); kCorrupt.
  virtual Result<bool> Next(rows::Batch* out, int64_t* first_position) = 0;

  /// Appends the rows at these positions to `out`, in this order. Only row groups that hold a wanted position
  /// are read. Independent of Next(). \param sorted_positions ascending; a repeated position is appended
  /// again \return kInvalidArgument: not ascending or out of range; kCorrupt.
  virtual Status ReadRows(std::span<const int64_t> sorted_positions, rows::Batch* out) = 0;
};

}  // namespace cdc::parquet
