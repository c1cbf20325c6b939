#pragma once

/// \file jobs/run/maintain_run.h
/// Private to the room: `--maintain`, a run that changes no row and needs no Kafka.

#include <atomic>

#include "lib/config/config.h"
#include "lib/contract/lock_file.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"

namespace cdc::run {

/// For a run by hand. \return kConflict: the table's worker runs; the hint says what to do.
Result<contract::LockFile> TakeTableLock(const config::Config& config, const std::string& table);

struct MaintainOrder {
  bool dry_run = false;  ///< only tell
};

/// Tidies `table` up until nothing is left to do or `stop` is set, and prints one JSON line on stdout: what
/// the table consists of before and after. \return the exit code (lib/contract/exit_code.h).
int MaintainTable(const config::Config& config, const config::Table& table, const MaintainOrder& order,
                  const std::atomic<bool>& stop, const Clock& clock, const log::Logger& log);

}  // namespace cdc::run
