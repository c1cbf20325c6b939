#pragma once

/// \file tests/component/worker/random_stream.h
/// A random stream of changes of one table, and what the source has at its end.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/component/worker/change.h"
#include "tests/component/worker/pipeline.h"

namespace cdc::worker {

/// The stream and what the source's table holds at its end, by id.
struct SourceStream {
  std::vector<Event> events;
  std::map<int64_t, nlohmann::json> rows;  ///< {"id", "n", "doc"}
};

/// Creates, updates with and without their TOAST value, changes of the key, deletes and TRUNCATEs.
/// \param size least number of events
SourceStream MakeStream(Changes changes, size_t size, uint32_t seed);

}  // namespace cdc::worker
