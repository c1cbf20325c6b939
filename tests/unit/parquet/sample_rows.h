#pragma once

/// \file tests/unit/parquet/sample_rows.h
/// One batch with every type: extremes, nulls, and what statistics get wrong.

#include <memory>
#include <numeric>
#include <vector>

#include "lib/rows/batch.h"

namespace cdc::parquet {

/// Field ids count from 1 in the order of the fields; element ids from 101.
std::shared_ptr<rows::Schema> SampleSchema();

/// Row 0: smallest values; 1: largest; 2: all null but the key; 3: oddities (NaN, −0.0, empty); 4: ordinary
/// values. check_file.py holds the same rows as Python values.
rows::Batch SampleBatch();

std::vector<uint32_t> AllRows(const rows::Batch& batch);

/// Every cell of both, with floats compared by their bits. Empty when equal, else what differs first.
std::string FirstDifference(const rows::Batch& a, const rows::Batch& b);

}  // namespace cdc::parquet
