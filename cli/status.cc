/// cdc status: how the pipeline and its tables are.

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "lib/config/settings.h"
#include "lib/contract/control.h"
#include "lib/contract/ledger.h"
#include "lib/contract/overview.h"
#include "lib/contract/state_layout.h"
#include "lib/contract/verdict.h"
#include "lib/core/clock.h"
#include "lib/core/printable.h"

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

int64_t NowMs() { return UnixMillis(SystemClock().wall()); }

/// What a ledger alone, or an orchestrator of the version before, tells.
contract::Overview Judged(std::vector<TableRecord> tables) {
  contract::Overview overview{.tables = std::move(tables)};
  contract::Facts facts{.now_ms = NowMs(), .running = false};
  for (const TableRecord& table : overview.tables) facts.tables.push_back(contract::FactsOf(table));
  overview.verdict = contract::Judge(facts);
  return overview;
}

Result<contract::Overview> AskOverview(const contract::StateLayout& layout) {
  auto answer = contract::AskOrchestrator(layout.control_socket(), {contract::ControlCommand::kOverview});
  if (answer) return contract::DecodeOverview(*answer);
  if (answer.error().kind != ErrorKind::kInvalidArgument) return answer.error();
  CDC_ASSIGN(answer, contract::AskOrchestrator(layout.control_socket(), {contract::ControlCommand::kStatus}));
  CDC_ASSIGN(auto tables, contract::DecodeStatus(*answer));
  return Judged(std::move(tables));
}

/// From the orchestrator, else from its ledger (then a line on stderr says so).
Result<contract::Overview> ReadOverview(const config::Config& config) {
  const contract::StateLayout layout(config.orchestrator.state_dir);
  auto overview = AskOverview(layout);
  if (overview) {
    PrintNotApplied(config);
    return overview;
  }
  if (overview.error().kind == ErrorKind::kNotFound) {
    fmt::print(stderr, "orchestrator is not running (cdc start); this is what its ledger says\n");
  } else {
    fmt::print(stderr, "orchestrator does not answer: {}; this is what its ledger says\n",
               Describe(overview.error()));
  }
  auto ledger = contract::Ledger::OpenReadOnly(layout.ledger());
  if (!ledger && ledger.error().kind == ErrorKind::kNotFound) return contract::Overview();
  if (!ledger) return ledger.error();
  CDC_ASSIGN(auto tables, ledger->Tables());
  return Judged(std::move(tables));
}

void PrintHeader(const contract::Overview& all) {
  int64_t held = 0, paused = 0, letters = 0;
  for (const TableRecord& t : all.tables) {
    held += t.state == "Held";
    paused += t.state == "Paused";
    letters += t.dead_letters;
  }
  fmt::print(
      "orchestrator pid {}, up {} · Kafka {} · source {} · {}/{} workers · {} held{} · {} dead letters\n",
      all.pid, SpanText(all.uptime_ms), all.kafka, all.source, all.workers, all.max_jobs, held,
      paused > 0 ? fmt::format(" · {} paused", paused) : "", letters);
}

std::string Since(const contract::Reason& reason, int64_t now_ms) {
  return reason.since_ms > 0 ? fmt::format(" (for {})", SpanText(now_ms - reason.since_ms)) : std::string();
}

void PrintReason(std::FILE* out, const contract::Reason& reason, int64_t now_ms) {
  fmt::print(out, "{}{}{}\n", reason.table.empty() ? "" : Printable(reason.table) + ": ",
             Printable(reason.text), Since(reason, now_ms));
  if (!reason.hint.empty()) fmt::print(out, "  {}\n", Printable(reason.hint));
}

/// What concerns all tables.
void PrintGeneral(std::FILE* out, const contract::Verdict& verdict, int64_t now_ms) {
  for (const contract::Reason& reason : verdict.reasons) {
    if (reason.table.empty()) PrintReason(out, reason, now_ms);
  }
}

void PrintTable(const std::vector<TableRecord>& tables, int64_t now_ms) {
  constexpr const char* kLine =
      "{:<{}}  {:<8}  {:>8}  {:>7}  {:>10}  {:>10}  {:>5}  {:>10}  {:<12}  {:<9}  {}\n";
  size_t width = 5;
  for (const auto& t : tables) width = std::max(width, t.table.size());
  fmt::print(kLine, "TABLE", width, "STATE", "LAG", "BEHIND", "ROWS", "CHANGES", "DLQ", "LEFT ALONE",
             "LAST COMMIT", "LAST EXIT", "WORKER");
  for (const auto& t : tables) {
    const auto behind = contract::LagSeconds(t.lag, t.current_ms, now_ms);
    fmt::print(kLine, t.table, width, t.state, t.lag ? std::to_string(*t.lag) : "?",
               behind ? SpanText(*behind * 1000) : "?", t.live_rows ? std::to_string(*t.live_rows) : "?",
               t.changes, t.dead_letters, t.left_alone,
               t.last_commit_ms > 0 ? SpanText(now_ms - t.last_commit_ms) + " ago" : "-",
               t.last_exit.empty() ? "-" : t.last_exit, t.pid == 0 ? "-" : std::to_string(t.pid));
  }
}

/// Why tables are as they are, and what the verdict has against them.
void PrintTroubles(const contract::Overview& all, int64_t now_ms) {
  for (const TableRecord& t : all.tables) {
    const auto judged = [&](const contract::Reason& r) { return r.table == t.table && r.code == "waiting"; };
    const bool waits = std::any_of(all.verdict.reasons.begin(), all.verdict.reasons.end(), judged);
    if (t.reason.empty() || waits) continue;
    fmt::print("\n{}: {}\n", Printable(t.table), Printable(t.reason));
    if (!t.hint.empty()) fmt::print("  {}\n", Printable(t.hint));
  }
  for (const contract::Reason& reason : all.verdict.reasons) {
    if (reason.table.empty() || reason.code == "held") continue;
    fmt::print("\n");
    PrintReason(stdout, reason, now_ms);
  }
}

Result<int> Run(const Command& command, bool json) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(const contract::Overview all, ReadOverview(*config));
  const int64_t now_ms = NowMs();
  if (json) {
    PrintGeneral(stderr, all.verdict, now_ms);
    fmt::print("{}\n", contract::EncodeStatus(all.tables, now_ms));
  } else {
    if (all.pid != 0) PrintHeader(all);
    PrintGeneral(stdout, all.verdict, now_ms);
    PrintTable(all.tables, now_ms);
    PrintTroubles(all, now_ms);
  }
  return all.verdict.level == contract::Level::kOk ? kOk : kAttention;
}

}  // namespace

void AddStatus(CLI::App& app, Command* command) {
  auto json = std::make_shared<bool>(false);
  CLI::App* sub = AddSubcommand(
      app, "status",
      "Show how everything is: Kafka, the source, and the tables with their state, lag in records and time, "
      "rows "
      "there now, changes applied. Exit 0: all is well; 1: something needs a person (a table is Held or "
      "waits for a "
      "store or catalog, Kafka or the source is silent, fresh dead letters or records left alone)");
  sub->add_flag("--json", *json, "as a JSON list");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *json); }); });
}

}  // namespace cdc::cli
