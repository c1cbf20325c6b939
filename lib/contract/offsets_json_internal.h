#pragma once

/// \file lib/contract/offsets_json_internal.h
/// Private to this room: offsets inside larger JSON objects.

#include <nlohmann/json.hpp>

#include "lib/contract/offsets.h"

namespace cdc::contract {

nlohmann::ordered_json OffsetsToJson(const PartitionOffsets& offsets);
Result<PartitionOffsets> OffsetsFromJson(const nlohmann::json& object);

}  // namespace cdc::contract
