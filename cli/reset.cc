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

Status Purge(TableTarget& target, const std::string& location) {
  CDC_ASSIGN(const auto files, target.files().List(location));
  for (const auto& file : files) CDC_TRY(target.files().Delete(file.path));
  fmt::print("{} files below {} deleted\n", files.size(), location);
  return {};
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(TableTarget target, TableTarget::Open(config, options.table));
  CDC_ASSIGN(const auto table, target.Load());
  const std::string name = iceberg::ToString(target.ident());
  const std::string location = table ? table->metadata->location : "";
  fmt::print("reset {}:\n", options.table);
  if (table) {
    fmt::print("  drop {} from the catalog; readers do not find it until it is rebuilt\n", name);
    fmt::print("  {} its files in {}\n", options.purge ? "delete" : "leave (--purge deletes)", location);
  } else {
    fmt::print("  {} is not in the catalog\n", name);
  }
  fmt::print("  delete the key index in {}\n", target.index_folder().string());
  fmt::print("  build the table anew from the beginning of its topic\n");
  if (!options.yes) return NotConfirmed();

  // In this order an interrupted reset is finished by the next one, and a worker in between finds nothing
  // half done: an index belongs to the table of one uuid.
  if (table) CDC_TRY(target.catalog().DropTable(target.ident()));
  std::error_code error;
  std::filesystem::remove_all(target.index_folder(), error);
  if (error) {
    return Error{ErrorKind::kInvalidConfig,
                 fmt::format("Deleting {}: {}", target.index_folder().string(), error.message()),
                 "make it writable"};
  }
  if (options.purge && table) CDC_TRY(Purge(target, location));
  CDC_TRY(target.Finish({}));
  fmt::print("{} is reset\n", options.table);
  return kOk;
}

}  // namespace

void AddReset(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(app, "reset", "Drop a table and rebuild it from the start of its topic");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration")->required();
  sub->add_flag("--purge", options->purge, "delete the old table's files as well");
  sub->add_flag("--yes", options->yes, "do it; without this it is only told");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
