#pragma once

/// \file lib/parquet/delta_encoding_internal.h
/// DELTA_BINARY_PACKED (Parquet format, "Encodings", delta encoding): ascending numbers that lie close
/// together take some bits each.

#include <cstdint>
#include <span>
#include <string>

namespace cdc::parquet {

/// Appends the encoding of `ascending`: at least one number, each above the one before, none negative.
void AppendDeltaPacked(std::span<const int64_t> ascending, std::string* out);

}  // namespace cdc::parquet
