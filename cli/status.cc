/// cdc status: how the pipeline and its tables are.

#include <algorithm>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/overview_reading.h"
#include "cli/status_watch.h"
#include "cli/terminal.h"
#include "lib/config/units.h"
#include "lib/contract/ledger.h"
#include "lib/contract/overview.h"
#include "lib/contract/verdict.h"
#include "lib/core/printable.h"

namespace cdc::cli {
namespace {

using contract::TableRecord;

void PrintHeader(const contract::Overview& all) {
  int64_t held = 0, paused = 0, elsewhere = 0, letters = 0;
  for (const TableRecord& t : all.tables) {
    held += t.state == "Held";
    paused += t.state == "Paused";
    elsewhere += t.state == "Elsewhere";
    letters += t.dead_letters;
  }
  fmt::print(
      "orchestrator pid {}, up {} · Kafka {} · source {} · {}/{} workers · {} held{}{} · {} dead letters\n",
      all.pid, SpanText(all.uptime_ms), all.kafka, all.source, all.workers, all.max_jobs, held,
      paused > 0 ? fmt::format(" · {} paused", paused) : "",
      elsewhere > 0 ? fmt::format(" · {} at other orchestrators", elsewhere) : "", letters);
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

void PrintTable(const std::vector<TableRecord>& tables, int64_t now_ms, bool colour) {
  constexpr const char* kLine =
      "{:<{}}  {}  {:>8}  {:>7}  {:>10}  {:>10}  {:>5}  {:>10}  {:<12}  {:<9}  {}\n";
  size_t width = 5;
  for (const auto& t : tables) width = std::max(width, t.table.size());
  fmt::print(kLine, "TABLE", width, "STATE    ", "LAG", "BEHIND", "ROWS", "CHANGES", "DLQ", "LEFT ALONE",
             "LAST COMMIT", "LAST EXIT", "WORKER");
  for (const auto& t : tables) {
    const auto behind = contract::LagSeconds(t.lag, t.current_ms, now_ms);
    fmt::print(kLine, Printable(t.table), width,
               Coloured(fmt::format("{:<9}", t.state), ColourOf(t.state), colour),
               t.lag ? std::to_string(*t.lag) : "?", behind ? SpanText(*behind * 1000) : "?",
               t.live_rows ? std::to_string(*t.live_rows) : "?", t.changes, t.dead_letters, t.left_alone,
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

Result<int> Run(const Command& command, bool json, bool colour) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(const contract::Overview all, ReadOverview(*config));
  const int64_t now_ms = NowMs();
  if (json) {
    PrintGeneral(stderr, all.verdict, now_ms);
    fmt::print("{}\n", contract::EncodeStatus(all.tables, now_ms));
  } else {
    if (all.pid != 0) PrintHeader(all);
    PrintGeneral(stdout, all.verdict, now_ms);
    PrintTable(all.tables, now_ms, colour);
    PrintTroubles(all, now_ms);
  }
  return all.verdict.level == contract::Level::kOk ? kOk : kAttention;
}

}  // namespace

void AddStatus(CLI::App& app, Command* command) {
  struct Options {
    bool json = false, watch = false;
    std::string interval = "2s", colour;
  };
  auto options = std::make_shared<Options>();
  CLI::App* sub =
      AddSubcommand(app, "status",
                    "Show how everything is: Kafka, the source, and the tables with their state, lag in "
                    "records and time, rows there "
                    "now, changes applied. Exit 0: all is well; 1: something needs a person (a table is Held "
                    "or waits for a store or "
                    "catalog, Kafka or the source is silent, fresh dead letters or records left alone)");
  CLI::Option* json = sub->add_flag("--json", options->json, "as a JSON list");
  CLI::Option* watch = sub->add_flag("-w,--watch", options->watch,
                                     "look again and again, with rates and times to go, until interrupted");
  watch->excludes(json);
  sub->add_option("--interval", options->interval, "between two looks of --watch")
      ->type_name("DURATION")
      ->capture_default_str();
  AddColour(sub, &options->colour);
  sub->callback([=] {
    command->run = Reporting([=]() -> Result<int> {
      const bool colour = UseColour(options->colour);
      if (!options->watch) return Run(*command, options->json, colour);
      const auto interval = config::ParseDuration(options->interval);
      if (!interval || *interval < Millis(100)) {
        return Error{ErrorKind::kInvalidArgument,
                     fmt::format("--interval {}: no duration", options->interval),
                     "write for example 2s, at least 100ms"};
      }
      CDC_ASSIGN(auto config, LoadConfig(*command));
      return Watch(*config, *interval, colour);
    });
  });
}

}  // namespace cdc::cli
