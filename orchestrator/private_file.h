#pragma once

/// \file orchestrator/private_file.h
/// Files of state_dir that may hold secrets.

#include <filesystem>
#include <string>

#include "lib/core/result.h"

namespace cdc::orchestrator {

/// As a whole or not at all, and for nobody else's eyes. \return kTransient
Status WritePrivateFile(const std::string& text, const std::filesystem::path& file);

/// What lets a client act: made at the first call, and the same from then on. \return kTransient: it cannot
/// be written
Result<std::string> ApiToken(const std::filesystem::path& file);

}  // namespace cdc::orchestrator
