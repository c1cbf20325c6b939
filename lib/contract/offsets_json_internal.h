#pragma once

/// \file lib/contract/offsets_json_internal.h
/// Private to this room: offsets inside larger JSON objects.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "lib/contract/offsets.h"

namespace cdc::contract {

/// A partition as the key of an object; nothing: no number ≥ 0.
std::optional<int32_t> PartitionNumber(const std::string& text);

nlohmann::ordered_json OffsetsToJson(const PartitionOffsets& offsets);
Result<PartitionOffsets> OffsetsFromJson(const nlohmann::json& object);

}  // namespace cdc::contract
