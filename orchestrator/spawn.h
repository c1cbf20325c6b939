#pragma once

/// \file orchestrator/spawn.h
/// vfork and exec with exactly the descriptors a worker may have.
///
/// Not Boost.Process' vfork_launcher: in the child it tells the io_context of the fork, which closes and
/// reopens epoll and event descriptors in memory that the child shares with us. Where the numbers come out
/// differently our own reactor is broken.

#include <string>
#include <vector>

#include <sys/types.h>

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
/// \return kNotFound: missing or not executable; kTransient: no process, memory or descriptor to be had.
Result<pid_t> Spawn(const SpawnOptions& options);

}  // namespace cdc::orchestrator
