/// cdc pause and cdc resume: no worker for some tables, and workers again.

#include <string>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "lib/contract/control.h"
#include "lib/contract/ledger.h"
#include "lib/contract/state_layout.h"

namespace cdc::cli {
namespace {

/// For the next orchestrator, which begins with what the ledger says.
Status NoteInLedger(const config::Config& config, const std::string& table, bool pause) {
  const contract::StateLayout layout(config.orchestrator.state_dir);
  CDC_ASSIGN(auto ledger, contract::Ledger::Open(layout.ledger()));
  auto record = ledger.FindTable(table);
  if (!record && record.error().kind != ErrorKind::kNotFound) return record.error();
  contract::TableRecord changed = record ? *record : contract::TableRecord{.table = table};
  if (changed.paused == pause) return {};
  changed.paused = pause;
  changed.state = pause ? "Paused" : "Idle";
  changed.reason = pause ? "paused by an operator" : "";
  changed.hint = pause ? fmt::format("cdc resume {}", table) : "";
  return ledger.Save({changed});
}

Result<int> Run(const Command& command, const std::vector<std::string>& tables, bool pause) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  for (const std::string& table : tables) CDC_TRY(config->FindTable(table));
  CDC_TRY(contract::PrepareStateFolder(config->orchestrator.state_dir));
  const contract::StateLayout layout(config->orchestrator.state_dir);
  const auto request = pause ? contract::ControlCommand::kPause : contract::ControlCommand::kResume;
  for (const std::string& table : tables) {
    auto answer = contract::AskOrchestrator(layout.control_socket(), {request, table});
    const bool nobody = !answer && answer.error().kind == ErrorKind::kNotFound;
    if (!answer && !nobody) return answer.error();
    if (nobody) CDC_TRY(NoteInLedger(*config, table, pause));
    fmt::print("{} {}{}\n", table, pause ? "is paused" : "goes on",
               nobody ? " when the orchestrator is started: it is not running" : "");
  }
  return kOk;
}

void Add(CLI::App& app, Command* command, const std::string& name, const std::string& description,
         bool pause) {
  auto tables = std::make_shared<std::vector<std::string>>();
  CLI::App* sub = AddSubcommand(app, name, description);
  sub->add_option("TABLE", *tables, "the tables' entries in the configuration")->required();
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *tables, pause); }); });
}

}  // namespace

void AddPause(CLI::App& app, Command* command) {
  Add(app, command, "pause",
      "End the workers of tables, which commit first, and start none until `cdc resume`; all other tables go "
      "on. A "
      "paused table stays paused when the orchestrator is started again",
      true);
}

void AddResume(CLI::App& app, Command* command) {
  Add(app, command, "resume", "Let paused tables go on, at once", false);
}

}  // namespace cdc::cli
