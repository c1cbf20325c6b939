#include "lib/contract/exit_code.h"

namespace cdc::contract {

ExitCode ExitCodeFor(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kShuttingDown: return ExitCode::kDone;
    case ErrorKind::kInvalidArgument: return ExitCode::kBadArguments;
    case ErrorKind::kConflict:
    case ErrorKind::kTransient:
    case ErrorKind::kCommitUnknown: return ExitCode::kTryAgain;
    case ErrorKind::kInvalidConfig:
    case ErrorKind::kNotFound:
    case ErrorKind::kCorrupt:
    case ErrorKind::kUnsupported:
    case ErrorKind::kBadValue: return ExitCode::kPermanent;
  }
  return ExitCode::kPermanent;
}

}  // namespace cdc::contract
