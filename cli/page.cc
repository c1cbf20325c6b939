/// cdc page: where the web page is, with the token that lets it act.

#include <fstream>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "lib/contract/state_layout.h"

namespace cdc::cli {
namespace {

/// "0.0.0.0:8081" is no address to go to: this machine's own is.
std::string AddressOf(const std::string& listen) {
  for (const char* every : {"0.0.0.0:", "[::]:"}) {
    if (listen.starts_with(every)) return "localhost:" + listen.substr(std::string_view(every).size());
  }
  return listen;
}

Result<int> Run(const Command& command) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  const config::Orchestrator& settings = config->orchestrator;
  if (settings.listen.empty()) {
    return Error{ErrorKind::kInvalidConfig, "There is no page: [orchestrator] listen is \"\"",
                 "listen = \"127.0.0.1:8081\", then cdc restart"};
  }
  std::string token;
  if (settings.actions) {
    std::ifstream in(contract::StateLayout(settings.state_dir).api_token());
    if (!std::getline(in, token)) {
      return Error{
          ErrorKind::kNotFound,
          "The orchestrator has not made the token yet: it was started without actions, or not at all",
          "cdc restart"};
    }
  }
  fmt::print("http://{}/{}\n", AddressOf(settings.listen), token.empty() ? "" : "#token=" + token);
  return kOk;
}

}  // namespace

void AddPage(CLI::App& app, Command* command) {
  CLI::App* sub =
      AddSubcommand(app, "page",
                    "Print the address of the web page; with the token that lets it start and pause "
                    "tables, where `[orchestrator] actions` allows that");
  sub->callback([=] { command->run = Reporting([=] { return Run(*command); }); });
}

}  // namespace cdc::cli
