/// What a person asks first: what is there, what happened, is everything there that is needed.

#include <cstdlib>

#include "lib/contract/ledger.h"
#include "tests/component/cli/running_world.h"
#include "tests/component/postgres/postgres_server.h"

namespace cdc::cli {
namespace {

bool Says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Findings of `cdc doctor --json` with that subject and result.
int Count(const json& report, const std::string& subject, const std::string& result) {
  int count = 0;
  for (const json& each : report["findings"]) count += each["subject"] == subject && each["result"] == result;
  return count;
}

std::string FixOf(const json& report, const std::string& subject) {
  for (const json& each : report["findings"]) {
    if (each["subject"] == subject && each["result"] != "ok") return each["fix"];
  }
  return "";
}

TEST_CASE("A command that does not exist: the one that was meant") {
  Folder folder;
  const auto typo = folder.Cdc("stauts");
  CHECK(typo.exit == 64);
  CHECK(Says(typo.err, "did you mean `cdc status`?"));
  CHECK(Says(folder.Cdc("frobnicate").err, "`cdc --help` lists them"));
  const auto help = folder.Cdc("--help");
  CHECK(help.exit == 0);
  for (const char* heading : {"Set up:", "Run:", "Look:", "Repair:", "Examples:"})
    CHECK(Says(help.out, heading));
  CHECK(Says(folder.Cdc("runs --help").out, "--config"));
}

TEST_CASE("CDC_CONFIG names the configuration, --config names another") {
  Folder folder;
  folder.Write("one.toml", ConfigText("127.0.0.1:1", "[tables.faculty]\n"));
  folder.Write("two.toml", ConfigText("127.0.0.1:1", "[tables.program]\n"));
  setenv("CDC_CONFIG", (folder.path() / "one.toml").c_str(), 1);
  const auto one = folder.Cdc("config --tables"), two = folder.Cdc("config --tables --config two.toml");
  unsetenv("CDC_CONFIG");
  CHECK(one.out == "faculty\n");
  CHECK(two.out == "program\n");
}

TEST_CASE("Scripts for shells are what these shells understand") {
  Folder folder;
  folder.Write("bash", folder.Cdc("completion bash").out);
  CHECK(std::system(fmt::format("bash -n {}/bash", folder.path().string()).c_str()) == 0);
  folder.Write("tables.toml", ConfigText("127.0.0.1:1", "[tables.faculty]\n[tables.program]\n"));
  const std::string ask =
      "PATH={1}:$PATH; cd {0}; . ./bash; COMP_WORDS=(cdc describe fa); COMP_CWORD=2; _cdc; echo "
      "\"${{COMPREPLY[*]}}\"";
  folder.Write("ask", fmt::format(fmt::runtime(ask), folder.path().string(), CDC_BINARY_DIR));
  CHECK(std::system(fmt::format("bash {0}/ask > {0}/answer", folder.path().string()).c_str()) == 0);
  CHECK(folder.Read("answer") == "faculty\n");
  CHECK(folder.Cdc("completion tcsh").exit == 64);
}

TEST_CASE("wait, runs and describe of a table that runs") {
  RunningWorld world;
  world.Produce("faculty", 500);
  const auto waited = world.folder.Cdc("wait faculty program --caught-up --timeout 30s");
  INFO(waited.err);
  REQUIRE(waited.exit == 0);
  CHECK(world.folder.Cdc("wait --timeout 30s").exit == 0);
  CHECK(world.folder.Cdc("wait nothere").exit == 78);
  CHECK(world.folder.Cdc("wait --timeout soon").exit == 64);

  const json facts = json::parse(world.folder.Cdc("describe faculty --json").out);
  CHECK(facts["topic"] == "p.public.faculty");
  CHECK(facts["partitions"] == json::parse(R"([{"partition":0,"next":510,"low":0,"end":510}])"));
  CHECK(facts["target"]["rows"] == "510");
  CHECK(facts["columns"][0] == json::parse(R"({"name":"id","type":"long","nullable":false,"key":true})"));
  CHECK(facts["state"]["state"] == "Running");
  const auto text = world.folder.Cdc("describe faculty");
  CHECK(text.exit == 0);
  CHECK(Says(text.out, "next 510, in Kafka 0 to 510"));
  CHECK(world.folder.Cdc("describe nothere").exit == 78);

  const json runs = json::parse(world.folder.Cdc("runs faculty --json").out);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0]["table"] == "faculty");
  CHECK(runs[0]["end_ms"] == nullptr);
  CHECK(Says(world.folder.Cdc("runs").out, "running"));

  REQUIRE(world.folder.Cdc("pause faculty").exit == 0);
  REQUIRE(RunningWorld::Until([&] { return world.State("faculty") == "Paused"; }));
  CHECK(world.folder.Cdc("wait faculty").exit == 0);  // it has everything
  world.Produce("faculty", 1);
  const auto paused = world.folder.Cdc("wait faculty");
  CHECK(paused.exit == 1);
  CHECK(Says(paused.err, "faculty is Paused, 1 records behind"));
  const json ended = json::parse(world.folder.Cdc("runs faculty --json -n 1").out);
  CHECK(ended[0]["exit"] == "0");
  CHECK(ended[0]["report"]["events"] == 510);
}

TEST_CASE("doctor finds nothing to say of a pipeline that works") {
  RunningWorld world;
  const auto looked = world.folder.Cdc("doctor --json");
  const json report = json::parse(looked.out);
  INFO(report.dump(1));
  CHECK(looked.exit == 0);
  CHECK(report["version"] == 1);
  for (const char* subject :
       {"configuration", "state", "limits", "kafka", "catalog", "store", "orchestrator"})
    CHECK(Count(report, subject, "ok") == 1);
  CHECK(Count(report, "source", "warning") == 1);  // no dsn
  CHECK_FALSE(std::filesystem::exists(world.folder.path() / "warehouse/.cdc-doctor/probe"));
  const auto text = world.folder.Cdc("doctor --color never");
  CHECK(Says(text.out, "✓ kafka"));
  CHECK(Says(text.out, "0 failed"));
}

TEST_CASE("doctor names what is wrong and what to do") {
  postgres::Server server;
  server.Sql(
      "CREATE TABLE plain (id int PRIMARY KEY, n int); CREATE TABLE keyless (n int); "
      "CREATE TABLE mute (id int PRIMARY KEY); ALTER TABLE mute REPLICA IDENTITY NOTHING");
  Folder folder;
  folder.Write("warehouse", "a file where a folder is wanted");
  const std::string tables =
      "[tables.plain]\n[tables.keyless]\n[tables.mute]\n[tables.nothere]\n[tables.wrong.columns]\na = "
      "\"no_type\"\n";
  folder.Write("tables.toml", ConfigText("127.0.0.1:1", tables, "dsn = \"" + server.dsn() + "\"\n"));
  const auto looked = folder.Cdc("doctor --json");
  const json report = json::parse(looked.out);
  INFO(report.dump(1));
  CHECK(looked.exit == 1);
  CHECK(Count(report, "configuration", "failed") == 1);  // the type
  CHECK(Count(report, "kafka", "failed") == 1);
  CHECK(FixOf(report, "kafka").find("bootstrap_servers") != std::string::npos);
  CHECK(Count(report, "source", "failed") == 1);  // wal_level
  CHECK(Says(report.dump(), "ALTER SYSTEM SET wal_level = logical"));
  CHECK(Count(report, "slot", "failed") == 1);
  CHECK(Says(report.dump(), "public.mute: REPLICA IDENTITY NOTHING"));
  CHECK(Says(report.dump(), "ALTER TABLE public.keyless REPLICA IDENTITY FULL;"));
  CHECK(Says(report.dump(), "nothere: the source has no such table"));
  CHECK(Count(report, "store", "failed") == 1);
  CHECK(Count(report, "clock", "ok") == 1);
  CHECK(Count(report, "orchestrator", "warning") == 1);
}

TEST_CASE("init writes what start can use, and no password") {
  postgres::Server server;
  server.Sql(
      "CREATE TABLE orders (id int PRIMARY KEY, note text); CREATE TABLE \"odd \"\"name\" (id int PRIMARY "
      "KEY); "
      "CREATE TABLE \"tab\thead\" (\"k\nx = 1\" int PRIMARY KEY); CREATE TABLE keyless (n int); CREATE "
      "SCHEMA other; CREATE TABLE other.hidden (id int)");
  Folder folder;
  const auto made = folder.Cdc("init --dsn '" + server.dsn() + " password=hunter22' --topic-prefix shop");
  INFO(made.out << made.err);
  REQUIRE(made.exit == 0);
  setenv("CDC_SOURCE_DSN", server.dsn().c_str(), 1);
  CHECK(folder.Cdc("config --tables").out == "keyless\nodd \"name\norders\ntab\\x09head\n");
  unsetenv("CDC_SOURCE_DSN");
  const std::string toml = folder.Read("tables.toml");
  CHECK(Says(toml, "topic_prefix = \"shop\""));
  CHECK(Says(toml, "no primary key: ALTER TABLE public.keyless REPLICA IDENTITY FULL"));
  const json connector = json::parse(folder.Read("connector.json"));
  CHECK(connector["config"]["topic.prefix"] == "shop");
  CHECK(connector["config"]["schema.include.list"] == "public");
  CHECK_FALSE(Says(toml + connector.dump() + made.out, "hunter22"));

  const auto again = folder.Cdc("init --dsn '" + server.dsn() + "'");
  CHECK(again.exit == 78);
  CHECK(Says(again.err, "--force"));
}

TEST_CASE("A look at all that moves ends when nobody reads it") {
  Folder folder;
  folder.Write("tables.toml", ConfigText("127.0.0.1:1", "[tables.faculty]\n"));
  const std::string command =
      fmt::format("cd {} && {}/cdc status --watch --interval 100ms 2>/dev/null | head -2 > seen",
                  folder.path().string(), CDC_BINARY_DIR);
  CHECK(std::system(command.c_str()) == 0);
  CHECK(Says(folder.Read("seen"), "TABLE"));
  CHECK(folder.Cdc("status --watch --interval 1ms").exit == 64);
}

}  // namespace
}  // namespace cdc::cli
