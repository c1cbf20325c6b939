#pragma once

/// \file lib/inspection/configuration_check.h
/// What tables.toml says that would fail later, found without a connection: for --check.

#include <filesystem>

#include "lib/config/config.h"

namespace cdc::inspection {

/// Addresses, properties that librdkafka refuses, connection strings, declared types, jobs without a program.
/// \param jobs folder of the programs that `job = "…"` names
config::Problems FindProblems(const config::Config& config, const std::filesystem::path& jobs);

}  // namespace cdc::inspection
