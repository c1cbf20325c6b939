#pragma once

/// \file lib/parquet/delta_encoding_internal.h
/// DELTA_BINARY_PACKED (Parquet format, "Encodings", delta encoding): numbers that lie close to the one
/// before take some bits each.

#include <cstdint>
#include <span>
#include <string>

namespace cdc::parquet {

/// Appends the encoding of `numbers`: at least one, none negative, in any order.
void AppendDeltaPacked(std::span<const int64_t> numbers, std::string* out);

}  // namespace cdc::parquet
