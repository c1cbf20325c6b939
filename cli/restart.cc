/// cdc restart: stop, then start; or the same with the worker of one table.

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/daemon.h"
#include "lib/contract/control.h"
#include "lib/contract/state_layout.h"

namespace cdc::cli {
namespace {

Result<int> Run(const Command& command, int timeout_seconds) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(const bool stopped, StopOrchestrator(*config, std::chrono::seconds(timeout_seconds)));
  if (stopped) fmt::print("orchestrator stopped\n");
  CDC_TRY(StartOrchestrator(*config));
  return kOk;
}

Result<int> RestartTable(const Command& command, const std::string& table) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_TRY(config->FindTable(table));
  const contract::StateLayout layout(config->orchestrator.state_dir);
  auto answer =
      contract::AskOrchestrator(layout.control_socket(), {contract::ControlCommand::kRestart, table});
  if (!answer && answer.error().kind == ErrorKind::kNotFound) {
    return Error{ErrorKind::kTransient, fmt::format("Restarting {}: the orchestrator is not running", table),
                 "cdc start"};
  }
  if (!answer) return answer.error();
  fmt::print("{} begins anew\n", table);
  return kOk;
}

}  // namespace

void AddRestart(CLI::App& app, Command* command) {
  auto timeout = std::make_shared<int>(120);
  auto table = std::make_shared<std::string>();
  CLI::App* sub =
      AddSubcommand(app, "restart",
                    "Stop the orchestrator, then start it with the present configuration; with TABLE: end "
                    "that table's worker, which commits first, and start another at once");
  sub->add_option("TABLE", *table, "only this table");
  sub->add_option("--timeout", *timeout, "seconds to wait for the old one")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  sub->callback([=] {
    command->run =
        Reporting([=] { return table->empty() ? Run(*command, *timeout) : RestartTable(*command, *table); });
  });
}

}  // namespace cdc::cli
