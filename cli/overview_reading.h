#pragma once

/// \file cli/overview_reading.h
/// How everything is: from the orchestrator, else from its ledger.

#include "lib/config/config.h"
#include "lib/contract/overview.h"
#include "lib/core/result.h"

namespace cdc::cli {

/// From the running orchestrator. \return kNotFound: none runs; kTransient: it does not answer.
Result<contract::Overview> AskOverview(const config::Config& config);

/// From the orchestrator, else from its ledger (then a line on stderr says so; Overview::pid is 0).
Result<contract::Overview> ReadOverview(const config::Config& config);

int64_t NowMs();

}  // namespace cdc::cli
