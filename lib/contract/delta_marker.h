#pragma once

/// \file lib/contract/delta_marker.h
/// Where a Delta table says how far its topic was read.

namespace cdc::contract {

/// A domain of the table's metadata: a JSON object with the entries that an Iceberg snapshot's summary has
/// (names.h).
inline constexpr const char* kDeltaMarkerDomain = "cdc.marker";

}  // namespace cdc::contract
