#pragma once

/// \file lib/contract/control.h
/// What `cdc` asks a running orchestrator through the socket in state_dir: one JSON line there, one back.

#include <filesystem>
#include <string>
#include <string_view>

#include "lib/core/clock.h"
#include "lib/core/result.h"

namespace cdc::contract {

enum class ControlCommand {
  kStatus,   ///< the answer's body is EncodeStatus()'s list
  kTrigger,  ///< start `table` now, releasing it when Held; the rate limit does not count
  kStop,     ///< stop the orchestrator: workers commit and leave. Answered at once, before it is done
  kReload,   ///< read tables.toml again; a bad one is the answer's error
};

struct ControlRequest {
  ControlCommand command;
  std::string table = {};  ///< kTrigger
};

/// One line, newline included.
std::string EncodeRequest(const ControlRequest& request);
/// \return kInvalidArgument: no such request.
Result<ControlRequest> DecodeRequest(std::string_view line);

/// `body`: JSON or empty.
std::string EncodeAnswer(const Result<std::string>& answer);
/// The body, or the error as the orchestrator gave it. \return kCorrupt: no such answer.
Result<std::string> DecodeAnswer(std::string_view line);

/// A unix socket's address holds 107 bytes, a path may be longer: then text() is a shorter way to the same
/// file, good as long as this lives.
class SocketPath {
 public:
  explicit SocketPath(const std::filesystem::path& path);
  ~SocketPath();
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  int folder_ = -1;
};

/// Asks and waits. \return kNotFound: no orchestrator listens there; kTransient: no answer in time; else the
/// orchestrator's own error.
Result<std::string> AskOrchestrator(const std::filesystem::path& socket, const ControlRequest& request,
                                    Millis timeout = Millis(5'000));

}  // namespace cdc::contract
