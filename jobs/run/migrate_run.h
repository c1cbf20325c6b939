#pragma once

/// \file jobs/run/migrate_run.h
/// A run that reads no events: it writes a table anew whose columns wait for other types.

#include <atomic>

#include "lib/config/config.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"

namespace cdc::run {

/// Prints one JSON line: table, columns (column, from, to), rows and bytes, and with `confirmed` whether it
/// is done. \param stop asked between slices; what is written is kept for the next time \return the exit code
/// (lib/contract/exit_code.h).
int MigrateTable(const config::Config& config, const config::Table& table, bool confirmed,
                 const std::atomic<bool>& stop, const Clock& clock, const log::Logger& log);

}  // namespace cdc::run
