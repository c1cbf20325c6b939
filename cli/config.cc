/// cdc config: the settings that tables.toml may have.

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "lib/config/settings.h"
#include "lib/core/printable.h"

namespace cdc::cli {

void AddConfig(CLI::App& app, Command* command) {
  struct Options {
    bool json = false, schema = false, markdown = false, tables = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* sub = AddSubcommand(app, "config", "Show the settings of tables.toml, with defaults and meaning");
  auto* json = sub->add_flag("--json", options->json, "as a JSON list");
  auto* schema = sub->add_flag("--schema", options->schema, "as a JSON schema, for editors");
  auto* markdown = sub->add_flag("--markdown", options->markdown, "as the tables of docs/configuration.md");
  sub->add_flag("--tables", options->tables, "the names of the entries of tables.toml, a line each")
      ->excludes(json)
      ->excludes(schema)
      ->excludes(markdown);
  json->excludes(schema)->excludes(markdown);
  schema->excludes(markdown);
  sub->callback([=] {
    if (options->tables) {
      command->run = Reporting([=]() -> Result<int> {
        CDC_ASSIGN(auto config, LoadConfig(*command));
        for (const config::Table& table : config->tables) fmt::print("{}\n", Printable(table.name));
        return kOk;
      });
      return;
    }
    command->run = [=] {
      fmt::print("{}", options->json       ? config::SettingsJson()
                       : options->schema   ? config::SettingsSchema()
                       : options->markdown ? config::SettingsMarkdown()
                                           : config::SettingsText());
      return kOk;
    };
  });
}

}  // namespace cdc::cli
