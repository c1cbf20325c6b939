#pragma once

/// \file lib/parquet/file_reader_internal.h

#include <memory>

#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/file_schema_internal.h"

namespace cdc::parquet {

/// DataFileReader::Make, with a choice of how columns are found.
Result<std::unique_ptr<DataFileReader>> OpenFile(std::unique_ptr<storage::Reader> file,
                                                 std::shared_ptr<const rows::Schema> projection,
                                                 MatchBy match);

}  // namespace cdc::parquet
