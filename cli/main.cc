/// cdc: the operator's command. One file per subcommand.

#include <algorithm>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "lib/contract/exit_code.h"
#include "lib/core/nearest_word.h"
#include "lib/kafka/library_version.h"

namespace {

constexpr const char* kExamples = R"(
Examples:
  cdc init --dsn "host=127.0.0.1 dbname=app user=cdc"    write a tables.toml for a database
  cdc doctor                                             is everything there that is needed?
  cdc start && cdc wait --caught-up && cdc status        run, and look
  cdc logs orders --follow                               what a table's workers say
  cdc verify orders --rows                               compare every row with the source

`cdc COMMAND --help` says more. Exit codes: 0 done; 1 something needs a person; 64 wrong arguments;
75 an outage, try again; 78 wrong configuration, or a table that somebody must act on.)";

/// The list of commands has the first sentence of each description.
class ShortList : public CLI::Formatter {
 public:
  std::string make_subcommand(const CLI::App* sub) const override {
    return fmt::format("  {:<12}{}\n", sub->get_name(), cdc::cli::FirstClause(sub->get_description()));
  }
};

/// Groups are headings of --help, in the order of their first command.
void AddCommands(CLI::App& app, cdc::cli::Command* command) {
  using Add = void (*)(CLI::App&, cdc::cli::Command*);
  const std::pair<const char*, std::vector<Add>> groups[] = {
      {"Set up", {cdc::cli::AddInit, cdc::cli::AddDoctor, cdc::cli::AddConfig, cdc::cli::AddCompletion}},
      {"Run", {cdc::cli::AddStart, cdc::cli::AddStop, cdc::cli::AddRestart, cdc::cli::AddWait}},
      {"Look",
       {cdc::cli::AddStatus, cdc::cli::AddPage, cdc::cli::AddDescribe, cdc::cli::AddRuns, cdc::cli::AddLogs,
        cdc::cli::AddVerify, cdc::cli::AddDlq}},
      {"One table", {cdc::cli::AddTrigger, cdc::cli::AddPause, cdc::cli::AddResume, cdc::cli::AddMaintain}},
      {"Repair", {cdc::cli::AddReset, cdc::cli::AddAdopt, cdc::cli::AddRewind, cdc::cli::AddMigrate}},
      {"Try", {cdc::cli::AddProduce, cdc::cli::AddBroker}},
  };
  for (const auto& [name, adds] : groups) {
    for (const Add add : adds) {
      const size_t before = app.get_subcommands({}).size();
      add(app, command);
      app.get_subcommands({})[before]->group(name);
    }
  }
}

std::vector<std::string> NamesOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

void ExplainUnknown(const std::string& word, const std::vector<std::string>& names) {
  const std::string meant = cdc::NearestWord(word, names);
  fmt::print(stderr, "cdc: there is no command \"{}\"{}\n", word,
             meant.empty() ? ": `cdc --help` lists them" : fmt::format(": did you mean `cdc {}`?", meant));
}

/// The first word that is neither an option nor an option's value.
std::string FirstWord(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--config") {
      ++i;
    } else if (!word.starts_with("-")) {
      return word;
    }
  }
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kBadArguments = static_cast<int>(cdc::contract::ExitCode::kBadArguments);
  cdc::cli::Command command;
  CLI::App app{"Change data capture: PostgreSQL to Iceberg and other tables", "cdc"};
  app.add_option("--config", command.config, "configuration file")
      ->envname("CDC_CONFIG")
      ->type_name("FILE")
      ->capture_default_str();
  app.set_version_flag("--version", "cdc " CDC_VERSION "\n" + cdc::kafka::LibraryVersion());
  app.require_subcommand(1);
  app.footer(kExamples);
  app.formatter(std::make_shared<ShortList>());
  AddCommands(app, &command);

  const std::string word = FirstWord(argc, argv);
  const auto names = NamesOf(app);
  if (!word.empty() && std::find(names.begin(), names.end(), word) == names.end()) {
    ExplainUnknown(word, names);
    return kBadArguments;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for = app.exit(error) == 0;  // --help, --version
    return asked_for ? cdc::cli::kOk : kBadArguments;
  }
  return command.run();
}
