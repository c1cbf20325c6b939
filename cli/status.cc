/// cdc status: the tables and how they are.

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "lib/core/printable.h"
#include "lib/config/settings.h"
#include "lib/contract/control.h"
#include "lib/contract/ledger.h"
#include "lib/contract/state_layout.h"

namespace cdc::cli {
namespace {

using contract::TableRecord;

/// What tables.toml says and the orchestrator does not do yet, on stderr. An unreadable copy says nothing.
void PrintNotApplied(const config::Config& config) {
  std::ifstream file(contract::StateLayout(config.orchestrator.state_dir).started_config(), std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto started = config::Parse(text, config.file);
  if (!started) return;
  for (const std::string& setting : config::NeedRestart(**started, config)) {
    fmt::print(stderr, "{} was changed since the orchestrator started: `cdc restart` applies it\n", setting);
  }
}

/// From the orchestrator, else from its ledger (then a line on stderr says so).
Result<std::vector<TableRecord>> ReadTables(const config::Config& config) {
  const contract::StateLayout layout(config.orchestrator.state_dir);
  auto answer = contract::AskOrchestrator(layout.control_socket(), {contract::ControlCommand::kStatus});
  if (answer) {
    PrintNotApplied(config);
    return contract::DecodeStatus(*answer);
  }
  if (answer.error().kind == ErrorKind::kNotFound) {
    fmt::print(stderr, "orchestrator is not running (cdc start); this is what its ledger says\n");
  } else {
    fmt::print(stderr, "orchestrator does not answer: {}; this is what its ledger says\n",
               Describe(answer.error()));
  }
  auto ledger = contract::Ledger::OpenReadOnly(layout.ledger());
  if (!ledger && ledger.error().kind == ErrorKind::kNotFound) return std::vector<TableRecord>();
  if (!ledger) return ledger.error();
  return ledger->Tables();
}

void PrintTable(const std::vector<TableRecord>& tables) {
  size_t width = 5;
  for (const auto& t : tables) width = std::max(width, t.table.size());
  fmt::print("{:<{}}  {:<8}  {:>10}  {:>12}  {:>5}  {:>10}  {:<19}  {:<9}  {}\n", "TABLE", width, "STATE",
             "LAG", "ROWS", "DLQ", "LEFT ALONE", "LAST COMMIT (UTC)", "LAST EXIT", "WORKER");
  for (const auto& t : tables) {
    fmt::print("{:<{}}  {:<8}  {:>10}  {:>12}  {:>5}  {:>10}  {:<19}  {:<9}  {}\n", t.table, width, t.state,
               t.lag ? std::to_string(*t.lag) : "?", t.rows, t.dead_letters, t.left_alone,
               TimeText(t.last_commit_ms), t.last_exit.empty() ? "-" : t.last_exit,
               t.pid == 0 ? "-" : std::to_string(t.pid));
  }
  for (const auto& t : tables) {
    if (t.reason.empty()) continue;
    fmt::print("\n{}: {}\n", Printable(t.table), Printable(t.reason));
    if (!t.hint.empty()) fmt::print("  {}\n", Printable(t.hint));
  }
}

Result<int> Run(const Command& command, bool json) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(auto tables, ReadTables(*config));
  if (json) {
    fmt::print("{}\n", contract::EncodeStatus(tables));
  } else {
    PrintTable(tables);
  }
  const bool held =
      std::any_of(tables.begin(), tables.end(), [](const auto& t) { return t.state == "Held"; });
  return held ? kAttention : kOk;
}

}  // namespace

void AddStatus(CLI::App& app, Command* command) {
  auto json = std::make_shared<bool>(false);
  CLI::App* sub = AddSubcommand(
      app, "status", "Show the tables: state, lag, rows, last commit, last exit. Exit 1: one is Held");
  sub->add_flag("--json", *json, "as a JSON list");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *json); }); });
}

}  // namespace cdc::cli
