#pragma once

/// \file orchestrator/health.h
/// Whether the orchestrator can do its work, and what an operator should look at.

#include <string>
#include <string_view>

#include "lib/core/clock.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

/// So long Kafka may be silent before the orchestrator counts as unable to work.
inline constexpr Millis kKafkaPatience{60'000};
/// So long the scheduler may take to answer before it counts as stuck.
inline constexpr Millis kSchedulerPatience{3'000};

/// "down" is for what a supervisor should know: the scheduler does not answer, Kafka was silent for
/// kKafkaPatience, the ledger cannot be written. A Held table or a short outage is "degraded": others are
/// served, and restarting the orchestrator would not help. "stopping": workers commit and leave.
struct Health {
  bool able = true;  ///< not "down"
  std::string json;  ///< one object, with a line feed
};

/// `view`: null when the scheduler did not answer in time.
Health Judge(const View* view, std::string_view version);

}  // namespace cdc::orchestrator
