#pragma once

/// \file orchestrator/health.h
/// Whether the orchestrator can do its work, and what an operator should look at.

#include <string>
#include <string_view>

#include "lib/contract/verdict.h"
#include "lib/core/clock.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

using contract::kKafkaPatience;
/// So long the scheduler may take to answer before it counts as stuck.
inline constexpr Millis kSchedulerPatience{3'000};

/// The verdict of contract::Judge() as an answer of /health, with what only an HTTP client can notice: that
/// the scheduler does not answer. "down" is for what a supervisor should know. A Held table, a silent source
/// or a short outage is "degraded": others are served, and restarting the orchestrator would not help.
/// "stopping": workers commit and leave.
struct Health {
  bool able = true;  ///< not "down"
  std::string json;  ///< one object, with a line feed
};

/// `view`: null when the scheduler did not answer in time.
Health Judge(const View* view, std::string_view version);

}  // namespace cdc::orchestrator
