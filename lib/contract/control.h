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
  kStatus,    ///< the answer's body is EncodeStatus()'s list
  kOverview,  ///< the answer's body is EncodeOverview()'s object
  kTrigger,   ///< start `table` now, releasing it when Held; the rate limit does not count
  kStop,      ///< stop the orchestrator: workers commit and leave. Answered at once, before it is done
  kPause,     ///< stop `table`'s worker and start none until kResume, over restarts of the orchestrator
  kResume,    ///< the opposite; a worker starts now
  kRestart,   ///< end `table`'s worker and start another
  /// Stop `table`'s worker, answer when it has left, and start none while this connection stands: Loan.
  kLend,
  kReload,  ///< read tables.toml again; a bad one is the answer's error
};

struct ControlRequest {
  ControlCommand command;
  std::string table = {};  ///< kTrigger, kPause, kResume, kRestart, kLend
  std::string by = {};     ///< kLend: who, for people: "cdc reset, process 123"
};

/// One line, newline included.
std::string EncodeRequest(const ControlRequest& request);
/// \return kInvalidArgument: no such request.
Result<ControlRequest> DecodeRequest(std::string_view line);

/// `body`: JSON or empty.
std::string EncodeAnswer(const Result<std::string>& answer);
/// The body, or the error as the orchestrator gave it. \return kCorrupt: no such answer.
Result<std::string> DecodeAnswer(std::string_view line);

/// A table that the orchestrator leaves alone for as long as this lives. It notices when the process that has
/// it dies, and goes on with the table.
class Loan {
 public:
  /// Waits until the table's worker has left.
  /// \return kNotFound: no orchestrator listens there, so that nobody is in the way; kConflict: lent already;
  /// kTransient: no answer in time; else the orchestrator's own error.
  static Result<Loan> Take(const std::filesystem::path& socket, const std::string& table,
                           const std::string& by, Millis timeout);
  Loan(Loan&& other) noexcept;
  Loan& operator=(Loan&& other) noexcept;
  /// Gives it back as it was, unless it was finished: a table that was Held is Held again.
  ~Loan();

  /// Gives it back with what was wrong solved: its worker starts at once.
  void Finish();

 private:
  explicit Loan(int fd) : fd_(fd) {}
  int fd_ = -1;
};

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
