/// cdc start: the orchestrator in the background.

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/daemon.h"

namespace cdc::cli {
namespace {

Result<int> Run(const Command& command) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  if (const int pid = OrchestratorPid(*config); pid != 0) {
    fmt::print("orchestrator runs already, pid {}\n", pid);
    return kOk;
  }
  CDC_TRY(StartOrchestrator(*config));
  return kOk;
}

}  // namespace

void AddStart(CLI::App& app, Command* command) {
  CLI::App* sub =
      AddSubcommand(app, "start", "Start the orchestrator in the background and wait until it is ready");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command); }); });
}

}  // namespace cdc::cli
