#pragma once

/// \file jobs/run/replay_run.h
/// Private to the room: `--replay`, a run that applies dead letters and leaves the offsets alone.

#include <atomic>
#include <cstdint>

#include "jobs/run/job.h"
#include "lib/config/config.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"

namespace cdc::run {

struct ReplayOrder {
  bool dry_run = false;  ///< only tell
  bool force = false;    ///< also letters against which only a doubt stands
  int64_t limit = 0;     ///< letters that are tried, at most; 0: all
};

/// Applies the dead letters of `table` where that is safe (replay_judge.h), in the order of their records,
/// and prints one JSON line on stdout: what became of each. Rows and the letters' places are one commit, so
/// that a run that dies is begun again. \return the exit code (lib/contract/exit_code.h).
int ReplayTable(const JobDefinition& job, const config::Config& config, const config::Table& table,
                const ReplayOrder& order, const std::atomic<bool>& stop, const Clock& clock,
                const log::Logger& log);

}  // namespace cdc::run
