/// cdc trigger: start a table's worker now, or release a held table.

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "lib/contract/control.h"
#include "lib/contract/state_layout.h"

namespace cdc::cli {
namespace {

Result<int> Run(const Command& command, const std::string& table) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_TRY(config->FindTable(table));
  const contract::StateLayout layout(config->orchestrator.state_dir);
  auto answer =
      contract::AskOrchestrator(layout.control_socket(), {contract::ControlCommand::kTrigger, table});
  if (!answer && answer.error().kind == ErrorKind::kNotFound) {
    return Error{ErrorKind::kTransient, fmt::format("Triggering {}: the orchestrator is not running", table),
                 "cdc start"};
  }
  if (!answer) return answer.error();
  fmt::print("{} triggered\n", table);
  return kOk;
}

}  // namespace

void AddTrigger(CLI::App& app, Command* command) {
  auto table = std::make_shared<std::string>();
  CLI::App* sub = AddSubcommand(app, "trigger",
                                "Start a table's worker now, whatever the rate limit; releases a held table");
  sub->add_option("TABLE", *table, "the table's entry in the configuration")->required();
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *table); }); });
}

}  // namespace cdc::cli
