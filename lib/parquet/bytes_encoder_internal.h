#pragma once

/// \file lib/parquet/bytes_encoder_internal.h
/// The value encoder of strings and binaries.

#include <memory>

#include "lib/parquet/value_encoder_internal.h"

namespace cdc::parquet {

std::unique_ptr<ValueEncoder> MakeBytesEncoder(bool text, const ColumnLimits& limits);

}  // namespace cdc::parquet
