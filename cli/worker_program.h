#pragma once

/// \file cli/worker_program.h
/// A table's worker as a program that is run to its end: it knows how to change the table, and the table's
/// key index has to follow.

#include <filesystem>
#include <string>
#include <vector>

#include "lib/core/result.h"

namespace cdc::cli {

struct WorkerEnded {
  int exit = -1;       ///< -1: by a signal
  std::string output;  ///< stdout; its stderr is ours
};

/// The program of `job` beside our own. \param doing "Maintaining a table" \return kInvalidConfig.
Result<std::filesystem::path> FindWorker(const std::string& job, const std::string& doing);

/// Runs `words`, the program first. It is told to end when we die. On the main thread, which lives as long as
/// the process. \return kInvalidConfig, kTransient: it cannot be started.
Result<WorkerEnded> RunWorker(std::vector<std::string> words);

}  // namespace cdc::cli
