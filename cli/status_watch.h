#pragma once

/// \file cli/status_watch.h
/// cdc status --watch: how everything moves.

#include <string>

#include "lib/config/config.h"
#include "lib/contract/overview.h"
#include "lib/core/clock.h"
#include "lib/core/result.h"

namespace cdc::cli {

/// What is shown of two looks at the same tables, in lines of at most 80 columns for names up to 20 letters,
/// those that need somebody first. \param before the look before; of tables that it does not have no rate is
/// known \param passed between the two \param most tables that are shown; the last line counts the others
std::string WatchText(const contract::Overview& before, const contract::Overview& now, Millis passed,
                      size_t most, int64_t now_ms, bool colour);

/// Looks again and again, until it is interrupted. \return errors of reading the ledger.
Result<int> Watch(const config::Config& config, Millis interval, bool colour);

}  // namespace cdc::cli
