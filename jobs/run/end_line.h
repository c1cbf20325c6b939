#pragma once

/// \file jobs/run/end_line.h
/// Private to the room: how a run by hand (`--maintain`, `--migrate`, `--replay`) ends.

#include <cstdio>
#include <nlohmann/json_fwd.hpp>

#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/log/logger.h"

namespace cdc::run {

/// Prints `line`, completed by `exit` and `seconds` and, after an error, `reason` and `hint`, as one line of
/// JSON. Bytes that are not UTF-8 (a reason may quote a record) become U+FFFD. An error is logged, too.
/// \param line an object: what the run has to tell
/// \param began when the run did, by `clock`
/// \param out written to and flushed
/// \return the exit code (lib/contract/exit_code.h).
int EndWithLine(nlohmann::json line, const Status& status, const Clock& clock, SteadyTime began,
                const log::Logger& log, std::FILE* out = stdout);

}  // namespace cdc::run
