#pragma once

/// \file lib/core/decimal.h
/// Unscaled 128-bit decimals: enough for Iceberg's decimal(38, s).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

/// Iceberg's largest decimal precision (specification, "Primitive Types").
inline constexpr int kMaxDecimalPrecision = 38;

/// Big-endian two's complement of any length; nothing when the value needs more than 128 bits. Empty bytes
/// are 0.
std::optional<Int128> DecimalFromBigEndian(std::string_view bytes);

/// Minimal big-endian two's complement: Iceberg's single-value form (Appendix D).
std::string DecimalToBigEndian(Int128 unscaled);

/// |unscaled| < 10^precision.
bool DecimalFits(Int128 unscaled, int precision);

/// `unscaled` × 10^(to_scale − from_scale), nothing when that is not exact or does not fit 38 digits.
std::optional<Int128> RescaleDecimal(Int128 unscaled, int from_scale, int to_scale);

/// Parses "-12.340", "5", "1.5E+3" exactly into the unscaled value at `scale`; nothing when it is no number,
/// has more fractional digits than `scale` (trailing zeros aside), or does not fit 38 digits.
std::optional<Int128> DecimalFromText(std::string_view text, int scale);

/// Plain notation with exactly `scale` fractional digits.
std::string DecimalToText(Int128 unscaled, int scale);

}  // namespace cdc
