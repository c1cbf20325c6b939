/// cdc stop: the orchestrator and its workers commit and leave.

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/daemon.h"

namespace cdc::cli {
namespace {

Result<int> Run(const Command& command, int timeout_seconds) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(const bool stopped, StopOrchestrator(*config, std::chrono::seconds(timeout_seconds)));
  fmt::print("{}\n", stopped ? "orchestrator stopped" : "orchestrator is not running");
  return kOk;
}

}  // namespace

void AddStop(CLI::App& app, Command* command) {
  auto timeout = std::make_shared<int>(120);
  CLI::App* sub = AddSubcommand(app, "stop", "Stop the orchestrator; its workers commit first");
  sub->add_option("--timeout", *timeout, "seconds to wait for it")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *timeout); }); });
}

}  // namespace cdc::cli
