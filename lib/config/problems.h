#pragma once

/// \file lib/config/problems.h
/// What is wrong with a configuration file, for people.

#include <string>
#include <vector>

namespace cdc::config {

struct Problem {
  int line = 0;      ///< from 1; 0: about the file as a whole
  std::string key;   ///< e.g. "tables.students.mode"; may be empty
  std::string text;  ///< what was found and what is allowed
};
using Problems = std::vector<Problem>;

/// One line each: `tables.toml:12: orchestrator.max_jobs: 0 is not allowed: use 1 to 1024`.
std::string FormatProblems(const std::string& file, const Problems& problems);

}  // namespace cdc::config
