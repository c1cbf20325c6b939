#pragma once

/// \file tests/component/worker/captured.h
/// The captured events of tests/data/fixtures, topic by topic.

#include <map>
#include <string>
#include <vector>

#include "tests/component/worker/pipeline.h"

namespace cdc::worker {

struct CapturedTopic {
  std::vector<Event> events;
  size_t before_truncate = 0;  ///< how many of them came before the scenario's TRUNCATE statements
};

/// Every topic of a file of tests/data/fixtures, by name. Throws when it cannot be read.
std::map<std::string, CapturedTopic> ReadCaptured(const std::string& file);

}  // namespace cdc::worker
