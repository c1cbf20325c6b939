#pragma once

/// \file jobs/run/job.h
/// The whole worker as one call: a job's main() is this and, where its rows need one, a mapping.

#include <functional>
#include <memory>
#include <string>

#include "jobs/source/mapping.h"

namespace cdc::run {

struct JobDefinition {
  std::string name;                                        ///< as `job = "…"` says it
  std::string description;                                 ///< one line for --help
  std::function<std::unique_ptr<source::Mapping>()> mapping = {};  ///< empty: rows as they are
};

/// Reads the command line, runs, prints the report line. \return the exit code (lib/contract/exit_code.h).
int RunJob(const JobDefinition& job, int argc, char** argv);

}  // namespace cdc::run
