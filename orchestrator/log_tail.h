#pragma once

/// \file orchestrator/log_tail.h
/// The end of a log file.

#include <filesystem>
#include <string>
#include <vector>

#include "lib/core/result.h"

namespace cdc::orchestrator {

/// At most `lines` lines of the last 256 kB, each made printable.
/// \return kNotFound: there is no such file; kTransient: it cannot be read
Result<std::vector<std::string>> TailOf(const std::filesystem::path& file, int lines);

}  // namespace cdc::orchestrator
