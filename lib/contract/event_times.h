#pragma once

/// \file lib/contract/event_times.h
/// How far a topic's events have come by their own time: part of what a commit remembers.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace cdc::contract {

/// Partition → highest event time so far, microseconds since 1970. A partition without one has had no event.
using EventTimes = std::map<int32_t, int64_t>;

/// `{"<partition>":micros}`, partitions in ascending order.
std::string EncodeEventTimes(const EventTimes& times);
/// \return kCorrupt: not such an object.
Result<EventTimes> DecodeEventTimes(std::string_view json);

}  // namespace cdc::contract
