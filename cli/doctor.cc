/// cdc doctor: is everything there that is needed?

#include <algorithm>

#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/doctor_checks.h"
#include "cli/terminal.h"
#include "lib/core/printable.h"
#include "lib/core/redaction.h"

namespace cdc::cli {
namespace {

struct Options {
  bool json = false;
  std::string colour;
};

const char* WordOf(Health health) {
  switch (health) {
    case Health::kGood: return "ok";
    case Health::kDoubtful: return "warning";
    case Health::kBad: return "failed";
  }
  return "";
}

void Print(const Finding& finding, bool colour) {
  constexpr const char* kMarks[] = {"✓", "!", "✗"};
  constexpr Colour kColours[] = {Colour::kGreen, Colour::kYellow, Colour::kRed};
  const auto at = static_cast<size_t>(finding.health);
  fmt::print("{} {:<13} {}\n", Coloured(kMarks[at], kColours[at], colour), finding.subject,
             Printable(WithoutSecrets(finding.text)));
  if (!finding.fix.empty()) fmt::print("  {:<13} {}\n", "", Printable(WithoutSecrets(finding.fix)));
  std::fflush(stdout);
}

std::string JsonOf(const Findings& findings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Finding& f : findings)
    list.push_back({{"subject", f.subject},
                    {"result", WordOf(f.health)},
                    {"text", WithoutSecrets(f.text)},
                    {"fix", WithoutSecrets(f.fix)}});
  const nlohmann::ordered_json all = {{"version", 1}, {"findings", list}};
  return all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<int> Run(const Command& command, const Options& options) {
  CDC_ASSIGN(auto config, LoadConfig(command));
  const bool colour = UseColour(options.colour);
  Findings all;
  for (const auto check : {CheckConfiguration, CheckStateFolder, CheckKafka, CheckSource, CheckLake,
                           CheckSinks, CheckOrchestrator}) {
    for (Finding& finding : check(*config)) {
      if (!options.json) Print(finding, colour);
      all.push_back(std::move(finding));
    }
  }
  const auto count = [&](Health health) {
    return std::count_if(all.begin(), all.end(), [&](const Finding& f) { return f.health == health; });
  };
  if (options.json) {
    fmt::print("{}\n", JsonOf(all));
  } else {
    fmt::print("{} checks: {} failed, {} warnings\n", all.size(), count(Health::kBad),
               count(Health::kDoubtful));
  }
  return count(Health::kBad) == 0 ? kOk : kAttention;
}

}  // namespace

void AddDoctor(CLI::App& app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* sub =
      AddSubcommand(app, "doctor",
                    "Check everything that the pipeline needs: configuration, state folder, Kafka, source, "
                    "connector, catalog, store, other sinks, clocks. Each check says what to do where it "
                    "fails. Exit 0: none failed; 1: one did");
  sub->add_flag("--json", options->json, "as a JSON object (docs/api.md)");
  AddColour(sub, &options->colour);
  sub->callback([=] { command->run = Reporting([=] { return Run(*command, *options); }); });
}

}  // namespace cdc::cli
