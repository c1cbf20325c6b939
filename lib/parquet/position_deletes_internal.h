#pragma once

/// \file lib/parquet/position_deletes_internal.h
/// The columns of a position delete file (Iceberg specification, "Reserved Field IDs").

namespace cdc::parquet {

constexpr int kFilePathId = 2147483546;
constexpr int kPosId = 2147483545;

}  // namespace cdc::parquet
