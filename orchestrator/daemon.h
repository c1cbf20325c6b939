#pragma once

/// \file orchestrator/daemon.h
/// The running orchestrator: event loop, signals, and the parts put together.

#include <filesystem>
#include <memory>

#include "lib/config/config.h"
#include "lib/core/result.h"
#include "lib/log/logger.h"

namespace cdc::orchestrator {

struct DaemonOptions {
  std::filesystem::path jobs_folder;
  bool drain = false;
};

/// What the main thread runs. Owns everything; one per process and per state_dir.
class Daemon {
 public:
  /// Takes the state folder, the ledger and the control socket.
  /// \return kConflict: another orchestrator works on this state_dir; kInvalidConfig, kCorrupt, kTransient:
  /// state_dir
  ///         or ledger cannot be used; the hint says what to do.
  static Result<std::unique_ptr<Daemon>> Make(std::shared_ptr<const config::Config> config,
                                              log::Logger logger, DaemonOptions options);
  ~Daemon();

  /// Until SIGTERM, SIGINT or `cdc stop`, or until drained; workers have left when it returns.
  /// \return true: fine; false: drained, but a table is Held. kTransient: Kafka did not answer a drain, or
  /// it was told to stop before its end, or somebody deleted the state folder.
  Result<bool> Run();

 private:
  struct Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// `<folder of this executable>/jobs`.
Result<std::filesystem::path> JobsFolder();

}  // namespace cdc::orchestrator
