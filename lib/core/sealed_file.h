#pragma once

/// \file lib/core/sealed_file.h
/// Small local files that are written as a whole, and read as a whole or not at all.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace cdc {

/// Replaces the file atomically. \param kind 8 characters: what it holds, and in which format \return
/// kTransient.
Status WriteSealed(const std::filesystem::path& path, std::string_view kind, std::string_view content);

/// \return nothing: there is no such file. kCorrupt: damaged, or not of that kind. kTransient: unreadable.
Result<std::optional<std::string>> ReadSealed(const std::filesystem::path& path, std::string_view kind);

}  // namespace cdc
