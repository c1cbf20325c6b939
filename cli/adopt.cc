/// cdc adopt: take a table as it is, from its topic's present end on.

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/table_target.h"

namespace cdc::cli {
namespace {

struct Options {
  std::string table;
  bool yes = false;
};

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  CDC_ASSIGN(TableTarget target, TableTarget::Open(config, options.table, "cdc adopt", options.yes));
  CDC_ASSIGN(const auto written,
             target.WrittenOffsets("Adopting", "there is nothing to adopt: its worker makes it"));
  CDC_ASSIGN(const SourceTopic topic, target.FindTopic());
  contract::PartitionOffsets next;
  for (const auto& [partition, place] : topic.places) next[partition] = place.end;
  fmt::print("adopt {}:\n", options.table);
  fmt::print("  take the rows of {} as they are\n", target.store().name());
  for (const auto& [source, offsets] : written)
    fmt::print("  written in it: {} {}\n", source, OffsetsText(offsets));
  fmt::print("  go on from the present end of {}: {}\n", topic.name, OffsetsText(next));
  fmt::print("  changes between the two are not applied\n");
  if (!options.yes) return NotConfirmed();
  CDC_TRY(target.GoOnFrom(topic, next));
  fmt::print("{} is adopted\n", options.table);
  return kOk;
}

}  // namespace

void AddAdopt(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(app, "adopt", "Take a table as it is and go on from its topic's present end");
  sub->add_option("TABLE", options->table, "the table's entry in the configuration")->required();
  sub->add_flag("--yes", options->yes, "do it; without this it is only told");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
