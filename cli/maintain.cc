/// cdc maintain: have a table's files merged, its old snapshots expired and leftovers removed, now.

#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/table_target.h"
#include "cli/worker_program.h"

namespace cdc::cli {
namespace {

struct Options {
  std::string table;
  bool dry_run = false;
  bool json = false;
};

void PrintFigures(const char* when, const nlohmann::json& f) {
  const auto number = [&](const char* name) { return f.value(name, int64_t{0}); };
  fmt::print(
      "  {}: {} rows in {} data files ({} small), {} deleted rows in {} delete files, {:.1f} MB, {} "
      "manifests, "
      "{} snapshots\n",
      when, number("rows"), number("data_files"), number("small_files"), number("deleted_rows"),
      number("delete_files"), static_cast<double>(number("bytes")) / 1e6, number("manifests"),
      number("snapshots"));
}

void Print(const nlohmann::json& line) {
  const auto& due = line["due"];
  fmt::print("maintain {}:\n", line.value("table", ""));
  PrintFigures("before", line["before"]);
  fmt::print("  {}: {} data files rewritten, {} snapshots expired, {} leftover files removed\n",
             line.value("dry_run", false) ? "would begin with" : "began with",
             due.value("files_to_rewrite", int64_t{0}), due.value("snapshots_to_expire", int64_t{0}),
             due.value("orphans", int64_t{0}));
  if (line.contains("after")) PrintFigures("after", line["after"]);
  if (line.contains("finished") && !line.value("finished", true))
    fmt::print("  interrupted: the same command goes on\n");
  fmt::print("  took {:.1f} s\n", line.value("seconds", 0.0));
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(const auto config, LoadConfig(command));
  CDC_ASSIGN(const auto table, config->FindTable(options.table));
  CDC_TRY(NeedsIceberg(*config, table, "PostgreSQL tidies up its tables by itself (autovacuum)",
                       "VACUUM (ANALYZE) in psql does it at once"));
  CDC_ASSIGN(const auto program, FindWorker("upsert", "Maintaining a table"));
  std::vector<std::string> words = {program.string(), "--config", command.config.string(),
                                    "--table",        table.name, "--maintain"};
  if (options.dry_run) words.emplace_back("--dry-run");
  CDC_ASSIGN(auto loan, Borrow(*config, table.name, "cdc maintain"));
  CDC_ASSIGN(const WorkerEnded ended, RunWorker(std::move(words)));
  if (loan && ended.exit == 0 && !options.dry_run) loan->Finish();
  loan.reset();
  const auto line = nlohmann::json::parse(ended.output, nullptr, false);
  if (!line.is_object()) {
    return Error{
        ErrorKind::kTransient,
        fmt::format("The worker maintaining {} ended without a report (exit {})", table.name, ended.exit)};
  }
  if (options.json) {
    fmt::print("{}\n", line.dump());
  } else if (ended.exit == 0) {
    Print(line);
  }
  return ended.exit < 0 ? kAttention : ended.exit;
}

}  // namespace

void AddMaintain(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub =
      AddSubcommand(app, "maintain", "Merge a table's files, expire old snapshots and remove leftovers, now");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration")->required();
  sub->add_flag("--dry-run", options->dry_run, "only tell what is due");
  sub->add_flag("--json", options->json, "one JSON line");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
