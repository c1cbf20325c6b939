#pragma once

/// \file orchestrator/options.h
/// The command line.

#include <string>
#include <vector>

#include "lib/core/result.h"

namespace cdc::orchestrator {

enum class Task { kRun, kCheck, kDrain, kHelp, kVersion };

struct CommandLine {
  Task task = Task::kRun;
  std::string config = "./tables.toml";
};

/// \param args without argv[0]. \return kInvalidArgument: unknown or incomplete.
Result<CommandLine> ParseCommandLine(const std::vector<std::string>& args);

/// What `--help` prints.
const char* Usage();

}  // namespace cdc::orchestrator
