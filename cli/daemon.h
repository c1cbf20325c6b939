#pragma once

/// \file cli/daemon.h
/// The orchestrator as a background process: start it, find it, stop it.

#include <chrono>
#include <filesystem>

#include "lib/config/config.h"
#include "lib/core/result.h"

namespace cdc::cli {

/// Its process id by the pid file it holds locked; 0: none runs.
int OrchestratorPid(const config::Config& config);

/// Starts `cdc-orchestrator` (beside this program) in a session of its own and waits until it answers; says
/// so on stdout. \return kConflict: one runs already; kInvalidConfig, kTransient: it ended, with its own
/// words; kNotFound: no program.
Status StartOrchestrator(const config::Config& config);

/// Asks it to stop and waits until it is gone, telling on stderr what it waits for.
/// \return false: none ran. kTransient: still there after `patience`.
Result<bool> StopOrchestrator(const config::Config& config, std::chrono::seconds patience);

}  // namespace cdc::cli
