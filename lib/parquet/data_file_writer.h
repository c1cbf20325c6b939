#pragma once

/// \file lib/parquet/data_file_writer.h
/// Writes rows of a Batch into one Parquet data file of an Iceberg table and reports what its manifest entry
/// must say.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "lib/core/result.h"
#include "lib/iceberg/data_file.h"
#include "lib/rows/batch.h"
#include "lib/storage/file_system.h"

namespace cdc::parquet {

struct WriterOptions {
  int64_t row_group_rows = 256 * 1024;  ///< a row group ends at this many rows …
  int64_t row_group_bytes = 16 << 20;   ///< … or at about this many encoded bytes, whichever comes first
  int zstd_level = 1;
  int64_t dictionary_page_bytes = 64 << 10;  ///< a column falls back to plain encoding beyond this dictionary
  /// About what the open pages of all columns may hold in memory, and again their dictionaries. Wide tables
  /// get smaller ones.
  int64_t open_bytes = 12 << 20;
};

/// One file. Holds at most row_group_bytes and twice open_bytes in memory, and what a single value beyond
/// that needs about three times. Not thread-safe. Destroying an unclosed writer discards the file.
class DataFileWriter {
 public:
  /// \param out the file's bytes go here; \param path what DataFile::file_path will say, exactly as position
  /// deletes will repeat it; \param schema every field needs an id, every list an element id. \return
  /// kUnsupported: a field without an id, or a decimal outside 1 to 38 digits.
  static Result<std::unique_ptr<DataFileWriter>> Make(std::unique_ptr<storage::Writer> out, std::string path,
                                                      std::shared_ptr<const rows::Schema> schema,
                                                      WriterOptions options = {});
  virtual ~DataFileWriter() = default;

  /// Appends the batch's rows of these numbers in this order; the first row written has position 0.
  /// \param batch columns in the order and of the types of the writer's schema
  /// \return kBadValue: a null in a required column or an unavailable cell (nothing of this call may be kept:
  /// abandon the writer); kTransient: as the storage writer's.
  virtual Status Write(const rows::Batch& batch, std::span<const uint32_t> rows) = 0;

  /// Rows written so far: the position of the next one.
  virtual int64_t rows() const = 0;
  /// Bytes of closed row groups plus the encoded size of the open one; a few percent off at most, for
  /// deciding when to roll over to a new file.
  virtual int64_t bytes_written_estimate() const = 0;

  /// Writes the footer, closes the storage writer. Call once, last; a file of 0 rows is valid.
  /// Metrics: value, null and NaN counts and column sizes for every leaf column (a list reports its element's
  /// id), bounds for all but lists and uuids; strings and binaries are cut to 16 code points or bytes.
  virtual Result<iceberg::DataFile> Close() = 0;
};

}  // namespace cdc::parquet
