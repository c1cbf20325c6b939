#pragma once

/// \file orchestrator/spawn.h
/// Starts a program by Boost.Process with exactly the descriptors a worker may have.

#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/process/v2/process.hpp>

#include "lib/core/result.h"

namespace cdc::orchestrator {

struct SpawnOptions {
  std::string program;                   ///< absolute path
  std::vector<std::string> args;         ///< without argv[0]
  std::vector<std::string> environment;  ///< "NAME=value"
  int standard_out = -1;                 ///< becomes 1
  int standard_error = -1;               ///< becomes 2
  int channel = -1;                      ///< becomes contract::kJobChannelFd
};

/// Returns once exec() succeeded. The child has its own process group, /dev/null as stdin, default signal
/// handlers and an empty signal mask, nothing else of ours, and gets SIGTERM when the calling thread ends.
/// \param executor of an io_context that no other thread runs: it is told of the fork
/// \return a process that is killed and waited for by its destructor, unless it is detached. Detach it once
/// it was waited for: its pid may be another process' then. kNotFound: `program` is missing or not
/// executable; kTransient: no process, memory or descriptor is free.
Result<boost::process::v2::process> Spawn(const boost::asio::any_io_executor& executor,
                                          const SpawnOptions& options);

}  // namespace cdc::orchestrator
