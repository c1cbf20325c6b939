/// cdc runs: what workers did, newest first.

#include <string>

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/overview_reading.h"
#include "lib/contract/ledger.h"
#include "lib/contract/report.h"
#include "lib/contract/state_layout.h"
#include "lib/core/printable.h"

namespace cdc::cli {
namespace {

using contract::RunRecord;

struct Options {
  std::string table;
  int limit = 20;
  bool json = false;
};

/// Exit codes in words.
std::string EndText(const RunRecord& run) {
  if (run.end_ms == 0) return "running";
  if (run.exit == "0") return "done";
  if (run.exit == "75") return "try again";
  if (run.exit == "78") return "held";
  if (run.exit == "lost") return "lost";
  return run.exit.starts_with("signal") ? run.exit : "exit " + run.exit;
}

std::string JsonOf(const RunRecord& run) {
  nlohmann::ordered_json o = {
      {"id", run.id},
      {"table", run.table},
      {"pid", run.pid},
      {"start_ms", run.start_ms},
      {"end_ms", run.end_ms == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(run.end_ms)},
      {"exit", run.exit},
      {"reason", run.reason},
      {"report", nlohmann::ordered_json::parse(run.report, nullptr, false)}};
  if (o["report"].is_discarded()) o["report"] = nullptr;
  return o.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void Print(const std::vector<RunRecord>& runs, int64_t now_ms) {
  size_t width = 5;
  for (const RunRecord& run : runs) width = std::max(width, run.table.size());
  constexpr const char* kLine = "{:>6}  {:<{}}  {:<19}  {:>8}  {:<10}  {:>10}  {:>8}  {:>5}  {}\n";
  fmt::print(kLine, "RUN", "TABLE", width, "BEGAN (UTC)", "TOOK", "END", "EVENTS", "ROWS", "DLQ", "WHY");
  for (const RunRecord& run : runs) {
    const auto report = contract::DecodeReport(run.report);
    const auto number = [&](int64_t contract::Report::*member) {
      return report ? std::to_string((*report).*member) : std::string("-");
    };
    const int64_t end = run.end_ms == 0 ? now_ms : run.end_ms;
    fmt::print(kLine, run.id, Printable(run.table), width, TimeText(run.start_ms),
               SpanText(end - run.start_ms), EndText(run), number(&contract::Report::events),
               number(&contract::Report::rows), number(&contract::Report::dead_letters),
               Printable(run.reason));
  }
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  if (!options.table.empty()) CDC_TRY(config->FindTable(options.table));
  const contract::StateLayout layout(config->orchestrator.state_dir);
  std::vector<RunRecord> runs;
  auto ledger = contract::Ledger::OpenReadOnly(layout.ledger());
  if (!ledger && ledger.error().kind != ErrorKind::kNotFound) return ledger.error();
  if (ledger) {
    CDC_ASSIGN(runs, ledger->Runs(options.table, options.limit));
  }
  if (!options.json) {
    Print(runs, NowMs());
    return kOk;
  }
  std::string list;
  for (const RunRecord& run : runs) list += (list.empty() ? "" : ",\n ") + JsonOf(run);
  fmt::print("[{}]\n", list);
  return kOk;
}

}  // namespace

void AddRuns(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(app, "runs",
                                "Show what workers did, newest first: when, how long, how they ended, what "
                                "they applied");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration; none: all tables");
  sub->add_option("-n,--limit", options->limit, "how many")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  sub->add_flag("--json", options->json, "as a JSON list; `report` is the worker's own (docs/api.md)");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
