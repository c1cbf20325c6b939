#pragma once

/// \file cli/worker_program.h
/// What is done to a table's files is done by the stock worker: it knows how, and its key index has to
/// follow.

#include <filesystem>
#include <string>
#include <vector>

#include "lib/core/result.h"

namespace cdc::cli {

struct Ended {
  int exit = -1;       ///< −1: by a signal
  std::string output;  ///< stdout
};

/// \param doing "Maintaining" \return kInvalidConfig: it is not there.
Result<std::filesystem::path> FindWorker(const std::string& doing);

/// Runs `words` to its end; its stderr is ours. On the main thread, which lives as long as the process.
Result<Ended> RunProgram(std::vector<std::string> words);

}  // namespace cdc::cli
