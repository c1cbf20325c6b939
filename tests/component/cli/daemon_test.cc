#include "lib/contract/ledger.h"
#include "tests/component/cli/cli_fixture.h"

namespace cdc::cli {
namespace {

const std::string kConfig = ConfigText("127.0.0.1:1", "[tables.faculty]\n[tables.program]\n");

TEST_CASE("Status comes from the ledger while the orchestrator is down; Held is exit 1") {
  Folder folder;
  folder.Write("tables.toml", kConfig);
  const auto nothing = folder.Cdc("status --json");
  CHECK(nothing.exit == 0);
  CHECK(nothing.out == "[]\n");
  CHECK(nothing.err.find("not running") != std::string::npos);
  {
    auto ledger = contract::Ledger::Open(folder.path() / "state" / "ledger.db");
    REQUIRE(ledger.has_value());
    contract::TableRecord fine;
    fine.table = "faculty";
    fine.lag = 0;
    contract::TableRecord held;
    held.table = "program";
    held.state = "Held";
    held.reason = "a column that cannot be represented";
    held.hint = "[tables.program.columns]";
    REQUIRE(ledger->Save({fine, held}).has_value());
  }
  const auto text = folder.Cdc("status");
  CHECK(text.exit == 1);
  CHECK(text.out.find("faculty") != std::string::npos);
  CHECK(text.out.find("program: a column that cannot be represented\n  [tables.program.columns]\n") !=
        std::string::npos);
  const auto json = folder.Cdc("status --json");
  CHECK(json.exit == 1);
  CHECK(json.out.find(R"("state":"Held")") != std::string::npos);
}

TEST_CASE("Status says what a running orchestrator does not do yet") {
  Folder folder;
  const std::string tables = "listen = \"\"\n[tables.faculty]\n";
  folder.Write("tables.toml", ConfigText("127.0.0.1:1", tables));
  REQUIRE(folder.Cdc("start").exit == 0);
  CHECK(folder.Cdc("status").err.empty());
  folder.Write("tables.toml", ConfigText("127.0.0.1:2", tables));
  const auto changed = folder.Cdc("status");
  CHECK(changed.exit == 0);
  CHECK(changed.err.find("[kafka] bootstrap_servers was changed") != std::string::npos);
  CHECK(changed.err.find("cdc restart") != std::string::npos);
  CHECK(folder.Cdc("restart").exit == 0);
  CHECK(folder.Cdc("status").err.empty());
  CHECK(folder.Cdc("stop").exit == 0);
}

TEST_CASE("Without an orchestrator: stop is fine, trigger says what to do") {
  Folder folder;
  folder.Write("tables.toml", kConfig);
  const auto stopped = folder.Cdc("stop");
  CHECK(stopped.exit == 0);
  CHECK(stopped.out.find("not running") != std::string::npos);
  const auto trigger = folder.Cdc("trigger faculty");
  CHECK(trigger.exit == 75);
  CHECK(trigger.err.find("cdc start") != std::string::npos);
  CHECK(folder.Cdc("trigger nothere").exit == 78);
}

TEST_CASE("The end of a log, as many lines as asked for") {
  Folder folder;
  folder.Write("tables.toml", kConfig);
  CHECK(folder.Cdc("logs").exit == 78);
  std::filesystem::create_directories(folder.path() / "state" / "logs");
  folder.Write("state/logs/orchestrator.log", "one\ntwo\nthree\n");
  folder.Write("state/logs/faculty.log", "only");
  CHECK(folder.Cdc("logs -n 2").out == "two\nthree\n");
  CHECK(folder.Cdc("logs -n 0").out.empty());
  CHECK(folder.Cdc("logs").out == "one\ntwo\nthree\n");
  CHECK(folder.Cdc("logs faculty").out == "only");
  CHECK(folder.Cdc("logs nothere").exit == 78);
}

}  // namespace
}  // namespace cdc::cli
