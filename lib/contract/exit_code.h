#pragma once

/// \file lib/contract/exit_code.h
/// How a worker tells, by its exit code alone, what should happen next (numbers of sysexits.h).

#include "lib/core/result.h"

namespace cdc::contract {

/// Anything else, and death by a signal, is a crash.
enum class ExitCode : int {
  kDone = 0,           ///< Everything asked for is committed.
  kBadArguments = 64,  ///< The command line is wrong.
  kTryAgain = 75,      ///< Outage, fenced, lock taken: backs off, never holds the table.
  kPermanent = 78,     ///< Configuration or schema: the table is Held until somebody acts.
};

/// The code with which a program ends on an error of this kind. kBadValue and kCorrupt are permanent when
/// they get this far: what could be dead-lettered or rebuilt was dealt with before.
ExitCode ExitCodeFor(ErrorKind kind);

}  // namespace cdc::contract
