#pragma once

/// \file lib/event/big_decimal.h
/// Decimals of any size as text: PostgreSQL's unbounded numeric goes beyond 128 bits.

#include <string>
#include <string_view>

namespace cdc::event {

/// Plain notation of `big_endian` (two's complement) × 10^-scale, with trailing zeros of the fraction removed
/// when `scale` exceeds 38, where Debezium pads what PostgreSQL's negative scales left out.
std::string BigDecimalText(std::string_view big_endian, int scale);

/// The same for {"scale": n, "value": base64} (io.debezium.data.VariableScaleDecimal). \return false: it is
/// another object.
bool VariableDecimalText(std::string_view object, std::string* text);

}  // namespace cdc::event
