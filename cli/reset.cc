/// cdc reset: forget a table and have it rebuilt from its topic's start.

#include <algorithm>
#include <filesystem>
#include <optional>
#include <unordered_set>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/table_target.h"
#include "lib/iceberg/deletable.h"

namespace cdc::cli {
namespace {

struct Options {
  std::string table;
  bool yes = false;
  bool purge = false;
};

/// What --purge deletes. Found out before anything is changed.
struct Purge {
  iceberg::TableFiles files;
  size_t unknown = 0;  // files in the folder that the table does not reference
};

Result<Purge> PlanPurge(TableTarget& target, const iceberg::LoadedTable& table) {
  const auto refused = [&](const Error& error) {
    return Error{
        error.kind, fmt::format("Purging {}: {}", iceberg::ToString(target.ident()), error.message),
        error.kind == ErrorKind::kUnsupported
            ? "`cdc reset " + target.table() + " --yes` without --purge leaves its files where they are"
            : error.hint};
  };
  const auto listed = target.files().List(table.metadata->location);
  if (!listed) return refused(listed.error());
  const Status allowed = iceberg::CheckDeletable(target.catalog(), target.files(), table, *listed);
  if (!allowed) return refused(allowed.error());
  auto found = iceberg::FindAllFiles(target.files(), table);
  if (!found) return refused(found.error());
  Purge purge{std::move(*found), 0};
  std::unordered_set<std::string> own;
  for (const std::string& path : purge.files.own) own.insert(iceberg::Spelling(path));
  purge.unknown = static_cast<size_t>(std::count_if(listed->begin(), listed->end(), [&](const auto& file) {
    return !own.contains(iceberg::Spelling(file.path));
  }));
  return purge;
}

Status DeleteFiles(TableTarget& target, const iceberg::TableFiles& files) {
  for (const std::string& path : files.own) CDC_TRY(target.files().Delete(path));
  fmt::print("{} files deleted\n", files.own.size());
  return {};
}

void TellFiles(const std::optional<Purge>& purge, const std::string& location) {
  if (!purge) {
    fmt::print("  leave (--purge deletes) its files in {}\n", location);
    return;
  }
  fmt::print("  delete the {} files in {} that it references\n", purge->files.own.size(), location);
  if (!purge->files.other.empty()) {
    fmt::print("  leave {} files elsewhere that it references, as {}\n", purge->files.other.size(),
               purge->files.other.front());
  }
  if (purge->unknown > 0) fmt::print("  leave {} files there that it does not reference\n", purge->unknown);
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(TableTarget target, TableTarget::Open(config, options.table));
  CDC_ASSIGN(const auto table, target.Load());
  const std::string name = iceberg::ToString(target.ident());
  const std::string location = table ? table->metadata->location : "";
  std::optional<Purge> purge;
  if (options.purge && table) {
    CDC_ASSIGN(purge, PlanPurge(target, *table));
  }
  fmt::print("reset {}:\n", options.table);
  if (table) {
    fmt::print("  drop {} from the catalog; readers do not find it until it is rebuilt\n", name);
    TellFiles(purge, location);
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
  if (purge) CDC_TRY(DeleteFiles(target, purge->files));
  CDC_TRY(target.Finish({}));
  fmt::print("{} is reset\n", options.table);
  return kOk;
}

}  // namespace

void AddReset(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(app, "reset", "Drop a table and rebuild it from the start of its topic");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration")->required();
  sub->add_flag("--purge", options->purge, "delete the files that the old table references as well");
  sub->add_flag("--yes", options->yes, "do it; without this it is only told");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
