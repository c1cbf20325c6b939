#pragma once

/// \file orchestrator/job_end.h
/// How a run ended, whatever ran it.

#include <string>

namespace cdc::orchestrator {

enum class Outcome {
  kDone,       ///< everything asked for is committed
  kTryAgain,   ///< an outage, a fence, a lock: backs off, never holds the table
  kPermanent,  ///< waits for somebody to act
  kCrashed,    ///< anything else: backs off, and holds the table when it repeats
};

/// The texts are for people; only `outcome` decides anything.
struct JobEnd {
  Outcome outcome = Outcome::kCrashed;
  std::string exit = {};         ///< in the ledger and in `cdc status`: "0", "75", "signal 9"
  std::string description = {};  ///< in reasons: "exit 75", "signal 9"
};

}  // namespace cdc::orchestrator
