#pragma once

/// \file lib/contract/connector.h
/// Settings of Debezium's connector that say how it writes values. tables.toml names them, lib/event decodes
/// by them.

namespace cdc::contract {

/// decimal.handling.mode of the connector.
enum class DecimalHandling { kPrecise, kString, kDouble };
/// time.precision.mode of the connector.
enum class TimePrecision {
  kAdaptive,
  kAdaptiveTimeMicroseconds,  ///< times of day always in microseconds, timestamps by their precision
  kConnect,
  kMicroseconds,
  kNanoseconds,
  kIsoString
};
/// binary.handling.mode of the connector.
enum class BinaryHandling { kBytes, kBase64, kBase64Url, kHex };

}  // namespace cdc::contract
