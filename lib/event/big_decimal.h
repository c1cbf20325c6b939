#pragma once

/// \file lib/event/big_decimal.h
/// Decimals of any size as text: PostgreSQL's unbounded numeric goes beyond 128 bits.

#include <string>
#include <string_view>

namespace cdc::event {

/// Plain notation of `big_endian` (two's complement) × 10^-scale, with trailing zeros of the fraction removed
/// when `scale` exceeds 38, where Debezium pads what PostgreSQL's negative scales left out.
std::string BigDecimalText(std::string_view big_endian, int scale);

}  // namespace cdc::event
