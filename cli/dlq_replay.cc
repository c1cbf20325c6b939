/// cdc dlq replay: dead letters into their table after all, where that is safe.

#include <string>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/table_target.h"
#include "cli/worker_program.h"
#include "lib/core/printable.h"

namespace cdc::cli {
namespace {

struct Options {
  std::string table;
  bool yes = false;
  bool json = false;
  bool force = false;
  int64_t limit = 0;
};

void Print(const nlohmann::json& line) {
  const bool dry = line.value("dry_run", false);
  fmt::print("replay the dead letters of {}:\n", Printable(line.value("table", "")));
  for (const auto& letter : line["letters"]) {
    const std::string verdict = letter.value("verdict", ""), why = letter.value("why", "");
    fmt::print("  {}@{}: {}{}\n", letter.value("partition", 0), letter.value("offset", int64_t{0}),
               verdict == "replayed" && dry ? "is replayed" : verdict,
               why.empty() ? "" : ": " + Printable(why));
  }
  if (line["counts"].empty()) fmt::print("  there are none\n");
  for (const auto& [verdict, count] : line["counts"].items())
    fmt::print("{:>8}  {}\n", count.get<int64_t>(),
               verdict == "replayed" && dry ? "to be replayed" : verdict);
  if (line.value("more", false)) fmt::print("  there are more: the same command goes on\n");
}

/// What does instead where letters cannot be replayed into the table's store.
std::string OtherWay(const config::Table& table) {
  if (table.mode == config::Mode::kAppend) {
    return fmt::format(
        "remove the cause, then `cdc reset {} --yes` builds the table anew from its topic's start",
        table.name);
  }
  return fmt::format(
      "remove the cause, then `cdc rewind {0} --to PARTITION=OFFSET` with the place of the first letter "
      "(`cdc dlq "
      "show {0}`): changes from there on are applied again, key by key",
      table.name);
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(const auto config, LoadConfig(command));
  CDC_ASSIGN(const auto table, config->FindTable(options.table));
  CDC_TRY(NeedsIceberg(*config, table, "dead letters cannot be replayed into PostgreSQL", OtherWay(table)));
  CDC_ASSIGN(const auto program, FindWorker(table.job, "Replaying dead letters"));
  std::vector<std::string> words = {program.string(), "--config", command.config.string(),
                                    "--table",        table.name, "--replay"};
  if (!options.yes) words.emplace_back("--dry-run");
  if (options.force) words.emplace_back("--force");
  if (options.limit > 0) words.insert(words.end(), {"--limit", std::to_string(options.limit)});
  CDC_ASSIGN(auto loan, Borrow(*config, table.name, "cdc dlq replay"));
  CDC_ASSIGN(const WorkerEnded ended, RunWorker(std::move(words)));
  if (loan && ended.exit == 0 && options.yes) loan->Finish();
  loan.reset();
  const auto line = nlohmann::json::parse(ended.output, nullptr, false);
  if (!line.is_object()) {
    return Error{ErrorKind::kTransient,
                 fmt::format("The worker replaying dead letters of {} ended without a report (exit {}); the "
                             "same command goes on",
                             table.name, ended.exit)};
  }
  if (options.json) {
    fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    Print(line);
  }
  if (ended.exit != 0) return ended.exit < 0 ? kAttention : ended.exit;
  if (options.yes) return kOk;
  if (options.json) return kAttention;
  return NotConfirmed();
}

}  // namespace

void AddDlqReplay(CLI::App& dlq, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(dlq, "replay", "Apply them after all, where no later change forbids it");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration")->required();
  sub->add_flag("--yes", options->yes, "do it; without this it is only told");
  sub->add_flag("--json", options->json, "one JSON line");
  sub->add_option("--limit", options->limit, "letters that are tried, at most")->check(CLI::PositiveNumber);
  sub->add_flag("--force", options->force,
                "also those against which only a doubt stands, as where their record is gone from the topic");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
