#include "cli/overview_reading.h"

#include <fmt/core.h>

#include "lib/config/settings.h"
#include "lib/contract/control.h"
#include "lib/contract/ledger.h"
#include "lib/contract/state_layout.h"
#include "lib/core/clock.h"
#include "lib/core/read_file.h"

namespace cdc::cli {
namespace {

using contract::TableRecord;

/// What tables.toml says and the orchestrator does not do yet, on stderr. An unreadable copy says nothing.
void PrintNotApplied(const config::Config& config) {
  const auto text = ReadWholeFile(contract::StateLayout(config.orchestrator.state_dir).started_config());
  if (!text) return;
  const auto started = config::Parse(text->value_or(""), config.file);
  if (!started) return;
  for (const std::string& setting : config::NeedRestart(**started, config)) {
    fmt::print(stderr, "{} was changed since the orchestrator started: `cdc restart` applies it\n", setting);
  }
}

/// What a ledger alone, or an orchestrator of the version before, tells.
contract::Overview Judged(std::vector<TableRecord> tables) {
  contract::Overview overview{.tables = std::move(tables)};
  contract::Facts facts{.now_ms = NowMs(), .running = false};
  for (const TableRecord& table : overview.tables) facts.tables.push_back(contract::FactsOf(table));
  overview.verdict = contract::Judge(facts);
  return overview;
}

}  // namespace

int64_t NowMs() { return UnixMillis(SystemClock().wall()); }

Result<contract::Overview> AskOverview(const config::Config& config) {
  const contract::StateLayout layout(config.orchestrator.state_dir);
  auto answer = contract::AskOrchestrator(layout.control_socket(), {contract::ControlCommand::kOverview});
  if (answer) return contract::DecodeOverview(*answer);
  if (answer.error().kind != ErrorKind::kInvalidArgument) return answer.error();
  CDC_ASSIGN(answer, contract::AskOrchestrator(layout.control_socket(), {contract::ControlCommand::kStatus}));
  CDC_ASSIGN(auto tables, contract::DecodeStatus(*answer));
  return Judged(std::move(tables));
}

Result<contract::Overview> ReadOverview(const config::Config& config) {
  const contract::StateLayout layout(config.orchestrator.state_dir);
  auto overview = AskOverview(config);
  if (overview) {
    PrintNotApplied(config);
    return overview;
  }
  if (overview.error().kind == ErrorKind::kNotFound) {
    fmt::print(stderr, "orchestrator is not running (cdc start); this is what its ledger says\n");
  } else {
    fmt::print(stderr, "orchestrator does not answer: {}; this is what its ledger says\n",
               Describe(overview.error()));
  }
  auto ledger = contract::Ledger::OpenReadOnly(layout.ledger());
  if (!ledger && ledger.error().kind == ErrorKind::kNotFound) return contract::Overview();
  if (!ledger) return ledger.error();
  CDC_ASSIGN(auto tables, ledger->Tables());
  return Judged(std::move(tables));
}

}  // namespace cdc::cli
