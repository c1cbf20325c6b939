#pragma once

/// \file lib/core/read_file.h
/// Small local files as a whole. A stream's iterator throws where a read fails, which ends a program.

#include <filesystem>
#include <optional>
#include <string>

#include "lib/core/result.h"

namespace cdc {

/// \return nothing: there is no such file. kTransient: it cannot be read; the message says why.
Result<std::optional<std::string>> ReadWholeFile(const std::filesystem::path& path);

}  // namespace cdc
