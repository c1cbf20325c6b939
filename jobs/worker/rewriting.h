#pragma once

/// \file jobs/worker/rewriting.h
/// Private to the Iceberg sink: a rewrite of data files that is under way. It is copied a slice at a time
/// while commits go on; what they delete meanwhile is made up for at its end.

#include <memory>
#include <string>
#include <vector>

#include "jobs/worker/iceberg_sink.h"
#include "jobs/worker/position_set.h"
#include "lib/parquet/data_file_reader.h"
#include "lib/parquet/data_file_writer.h"

namespace cdc::worker {

struct IcebergSink::Rewriting {
  struct Source {
    std::string path;
    PositionSet gone;   ///< rows that were deleted when it was copied
    int64_t first = 0;  ///< position in the new file of its first row that was not
    bool copied = false;
  };

  std::vector<Source> sources;
  size_t at = 0;  ///< the source being copied
  std::unique_ptr<parquet::DataFileReader> reader;
  std::shared_ptr<const rows::Schema> schema;
  std::string path;  ///< of the new file
  std::unique_ptr<parquet::DataFileWriter> writer;
  std::vector<Hash128> keys;  ///< of its rows, in their order; empty without an index
  SteadyTime begun;
};

}  // namespace cdc::worker
