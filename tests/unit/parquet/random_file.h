#pragma once

/// \file tests/unit/parquet/random_file.h
/// What a seed says should be written: a schema, batches, options, and the calls that write them.

#include <cstdint>
#include <memory>
#include <vector>

#include "lib/parquet/data_file_writer.h"
#include "lib/rows/batch.h"

namespace cdc::parquet {

struct RandomFile {
  struct Call {
    size_t batch;
    std::vector<uint32_t> rows;  ///< in order, shuffled, with gaps or repetitions, or none
  };
  std::shared_ptr<const rows::Schema> schema;
  WriterOptions options;
  std::vector<rows::Batch> batches;
  std::vector<Call> calls;
};

/// \param bytes about what the batches may hold
RandomFile MakeRandomFile(uint64_t seed, int64_t bytes);

/// The rows that the calls write, in this order.
rows::Batch RowsOf(const RandomFile& file);

}  // namespace cdc::parquet
