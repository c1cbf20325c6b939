#pragma once

/// \file orchestrator/process_end.h
/// What the end of a worker's process means for its table.

#include <variant>

#include "orchestrator/job_end.h"

namespace cdc::orchestrator {

/// A signal is not an exit code: exit(9) and SIGKILL differ.
struct Exited {
  int code;
};
struct Signaled {
  int signal;
};
using ProcessEnd = std::variant<Exited, Signaled>;

/// By the codes of contract::ExitCode; a code that is none of them, and every signal, is a crash.
JobEnd Judge(const ProcessEnd& end);

}  // namespace cdc::orchestrator
