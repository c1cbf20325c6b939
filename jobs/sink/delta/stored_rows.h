#pragma once

/// \file jobs/sink/delta/stored_rows.h
/// Data files of a Delta table as rows see them: columns under their physical names, and values that Delta
/// has no type for (time, uuid) as text. Where every column is stored as it is, nothing is copied.

#include <memory>
#include <string>

#include "lib/core/result.h"
#include "lib/delta/schema.h"
#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/data_file_writer.h"
#include "lib/storage/file_system.h"

namespace cdc::delta_sink {

/// \param projection columns of the table \return as DataFileReader::Make(); while reading, kCorrupt: a text
/// is no value of its column
Result<std::unique_ptr<parquet::DataFileReader>> OpenStored(std::unique_ptr<storage::Reader> file,
                                                            std::shared_ptr<const rows::Schema> projection,
                                                            const delta::TableSchema& table);

/// Writes batches of the table's columns. \return as DataFileWriter::Make().
Result<std::unique_ptr<parquet::DataFileWriter>> CreateStored(std::unique_ptr<storage::Writer> out,
                                                              const std::string& path,
                                                              const delta::TableSchema& table,
                                                              parquet::WriterOptions options);

}  // namespace cdc::delta_sink
