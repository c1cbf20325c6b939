/// cdc migrate: have a table written anew whose columns changed their types at the source.

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
  bool yes = false;
  bool json = false;
};

void Print(const nlohmann::json& line) {
  const std::string table = line.value("table", "");
  if (line["columns"].empty()) {
    fmt::print("migrate {}: no column waits for another type\n", table);
    return;
  }
  fmt::print("migrate {}: {} rows, {} bytes\n", table, line.value("rows", int64_t{0}),
             line.value("bytes", int64_t{0}));
  for (const auto& column : line["columns"]) {
    fmt::print("  {}: {} → {}\n", column.value("column", ""), column.value("from", ""),
               column.value("to", ""));
  }
  if (line.value("done", false)) fmt::print("  written anew in {:.1f} s\n", line.value("seconds", 0.0));
}

/// What was read so far is as it was; the table may start again.
Status Release(std::shared_ptr<const config::Config> config, const std::string& table) {
  CDC_ASSIGN(auto target, TableTarget::Open(std::move(config), table, "cdc migrate", true));
  CDC_ASSIGN(const auto written, target.WrittenOffsets("Migrating", ""));
  return target.Finish(written.empty() ? contract::PartitionOffsets() : written.begin()->second);
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(const auto config, LoadConfig(command));
  CDC_ASSIGN(const auto table, config->FindTable(options.table));
  CDC_TRY(NeedsIceberg(
      *config, table, "PostgreSQL writes a table anew by itself (ALTER TABLE), where its worker may have it do so",
      fmt::format("on_type_change = \"rewrite\" under [tables.\"{0}\"], then `cdc trigger {0}`", table.name)));
  CDC_ASSIGN(const auto program, FindWorker("upsert", "Migrating a table"));
  std::vector<std::string> words = {program.string(), "--config", command.config.string(),
                                    "--table",        table.name, "--migrate"};
  const bool confirmed = options.yes && !options.dry_run;
  if (confirmed) words.emplace_back("--yes");
  CDC_ASSIGN(auto loan, Borrow(*config, table.name, "cdc migrate"));
  CDC_ASSIGN(const WorkerEnded ended, RunWorker(std::move(words)));
  loan.reset();  // Release() borrows it again
  const auto line = nlohmann::json::parse(ended.output, nullptr, false);
  if (!line.is_object()) {
    return Error{
        ErrorKind::kTransient,
        fmt::format("The worker migrating {} ended without a report (exit {})", table.name, ended.exit)};
  }
  if (options.json) {
    fmt::print("{}\n", line.dump());
  } else if (ended.exit == 0) {
    Print(line);
  }
  if (ended.exit != 0) return ended.exit < 0 ? kAttention : ended.exit;
  if (line.value("done", false)) {
    CDC_TRY(Release(config, table.name));
    return kOk;
  }
  if (options.dry_run || line["columns"].empty()) return kOk;
  if (options.json) return kAttention;
  return NotConfirmed();
}

}  // namespace

void AddMigrate(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(
      app, "migrate", "Write a table anew whose columns changed their types at the source, and let it go on");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration")->required();
  sub->add_flag("--dry-run", options->dry_run, "only tell what would be done");
  sub->add_flag("--yes", options->yes, "do it");
  sub->add_flag("--json", options->json, "one JSON line");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
