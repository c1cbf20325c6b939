/// cdc restart: stop, then start.

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/daemon.h"

namespace cdc::cli {
namespace {

Result<int> Run(const Command& command, int timeout_seconds) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(const bool stopped, StopOrchestrator(*config, std::chrono::seconds(timeout_seconds)));
  if (stopped) fmt::print("orchestrator stopped\n");
  CDC_TRY(StartOrchestrator(*config));
  return kOk;
}

}  // namespace

void AddRestart(CLI::App& app, Command* command) {
  auto timeout = std::make_shared<int>(120);
  CLI::App* sub =
      AddSubcommand(app, "restart", "Stop the orchestrator, then start it with the present configuration");
  sub->add_option("--timeout", *timeout, "seconds to wait for the old one")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *timeout); }); });
}

}  // namespace cdc::cli
