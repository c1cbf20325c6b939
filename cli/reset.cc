/// cdc reset: forget a table and have it rebuilt from its topic's start.

#include <filesystem>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/table_target.h"

namespace cdc::cli {
namespace {

struct Options {
  std::string table;
  bool yes = false;
  bool purge = false;
};

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(TableTarget target, TableTarget::Open(config, options.table, "cdc reset", options.yes));
  CDC_ASSIGN(const auto steps, target.store().PlanReset(options.purge));
  fmt::print("reset {}:\n", options.table);
  for (const std::string& step : steps) fmt::print("  {}\n", step);
  fmt::print("  delete what this machine keeps of it in {}\n", target.index_folder().string());
  fmt::print("  build the table anew from the beginning of its topic\n");
  if (!options.yes) return NotConfirmed();

  // In this order an interrupted reset is finished by the next one, and a worker in between finds nothing
  // half done: an index belongs to the table of one uuid.
  CDC_TRY(target.store().Clear());
  std::error_code error;
  std::filesystem::remove_all(target.index_folder(), error);
  if (error) {
    return Error{ErrorKind::kInvalidConfig,
                 fmt::format("Deleting {}: {}", target.index_folder().string(), error.message()),
                 "make it writable"};
  }
  CDC_TRY(target.store().CleanUp());
  CDC_TRY(target.Finish({}));
  fmt::print("{} is reset\n", options.table);
  return kOk;
}

}  // namespace

void AddReset(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(app, "reset", "Empty a table and rebuild it from the start of its topic");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration")->required();
  sub->add_flag("--purge", options->purge,
                "delete the files that the old Iceberg table references as well; drop a table in PostgreSQL");
  sub->add_flag("--yes", options->yes, "do it; without this it is only told");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
