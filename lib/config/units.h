#pragma once

/// \file lib/config/units.h
/// "30s" and "256MB" as numbers and back.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/clock.h"

namespace cdc::config {

/// A whole number and ms, s, m, h or d: "500ms", "1m". Nothing: no such text, or too large.
std::optional<Millis> ParseDuration(std::string_view text);
/// In the largest unit that divides it.
std::string FormatDuration(Millis duration);

/// A whole number of bytes and B, KB, MB, GB or TB, each 1024 of the one before ("MiB" is the same). Nothing:
/// no such text, or too large.
std::optional<int64_t> ParseSize(std::string_view text);
std::string FormatSize(int64_t bytes);

}  // namespace cdc::config
