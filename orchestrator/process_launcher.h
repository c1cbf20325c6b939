#pragma once

/// \file orchestrator/process_launcher.h
/// Workers as processes of this machine.

#include <memory>

#include <boost/asio/io_context.hpp>

#include "lib/core/clock.h"
#include "orchestrator/launcher.h"

namespace cdc::orchestrator {

struct ProcessLauncherOptions {
  int64_t max_log_bytes = 10 << 20;  ///< a worker's log beyond it is moved to FILE.1 and begun anew
  Millis log_check{10'000};          ///< how often that is looked at while a worker runs
};

/// All callbacks come from `io`, which must be run by the thread that calls Start(), and must outlive the
/// runs.
class ProcessLauncher final : public Launcher {
 public:
  explicit ProcessLauncher(boost::asio::io_context& io, ProcessLauncherOptions options = {})
      : io_(io), options_(options) {}

  Result<std::unique_ptr<Run>> Start(const JobSpec& spec, Callbacks callbacks) override;

 private:
  boost::asio::io_context& io_;
  ProcessLauncherOptions options_;
};

}  // namespace cdc::orchestrator
