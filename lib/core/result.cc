#include "lib/core/result.h"

#include "lib/core/redaction.h"

namespace cdc {

const char* ToString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument: return "invalid_argument";
    case ErrorKind::kInvalidConfig: return "invalid_config";
    case ErrorKind::kNotFound: return "not_found";
    case ErrorKind::kConflict: return "conflict";
    case ErrorKind::kTransient: return "transient";
    case ErrorKind::kCommitUnknown: return "commit_unknown";
    case ErrorKind::kCorrupt: return "corrupt";
    case ErrorKind::kUnsupported: return "unsupported";
    case ErrorKind::kBadValue: return "bad_value";
    case ErrorKind::kShuttingDown: return "shutting_down";
  }
  return "unknown";
}

std::string Describe(const Error& error) {
  return WithoutSecrets(error.hint.empty() ? error.message : error.message + " (" + error.hint + ")");
}

}  // namespace cdc
