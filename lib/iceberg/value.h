#pragma once

/// \file lib/iceberg/value.h
/// Single-value serialization of column bounds (specification, Appendix D) and their truncation.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/decimal.h"

namespace cdc::iceberg {

/// Little-endian; booleans one byte 00 or 01. A NaN must not become a bound (the caller leaves it out).
std::string SerializeBoolean(bool v);
std::string SerializeInt(int32_t v);   ///< int, date
std::string SerializeLong(int64_t v);  ///< long, time, timestamp, timestamptz
std::string SerializeFloat(float v);
std::string SerializeDouble(double v);
/// Minimal two's complement, big-endian.
std::string SerializeDecimal(Int128 unscaled);

/// Java's default metrics mode: bounds of strings and binaries are cut to this many code points or bytes.
inline constexpr size_t kBoundLength = 16;

/// At most `length` code points of valid UTF-8 `v`: a lower bound of it.
std::string TruncateStringLower(std::string_view v, size_t length = kBoundLength);
/// A string of at most `length` code points that is not below `v`; nothing when there is none (all code
/// points are U+10FFFF).
std::optional<std::string> TruncateStringUpper(std::string_view v, size_t length = kBoundLength);
std::string TruncateBinaryLower(std::string_view v, size_t length = kBoundLength);
/// Nothing when the first `length` bytes are all FF and `v` is longer.
std::optional<std::string> TruncateBinaryUpper(std::string_view v, size_t length = kBoundLength);

}  // namespace cdc::iceberg
