/// One table is repaired, paused or lent while the orchestrator and another table's worker run.

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "lib/contract/control.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/state_layout.h"
#include "lib/kafka/producer.h"
#include "tests/component/cli/cli_fixture.h"

namespace cdc::cli {
namespace {

using nlohmann::json;
using std::chrono::seconds;

/// faculty is worked on, program goes on.
struct World {
  World() {
    folder.Write(
        "tables.toml",
        ConfigText(
            broker.servers(),
            "listen = \"\"\nrate_limit = \"20s\"\nidle_timeout = \"60s\"\n[defaults]\ncommit_interval = "
            "\"100ms\"\n[tables.faculty]\n[tables.program]\n"));
    producer = std::move(kafka::Producer::Make({.bootstrap_servers = broker.servers()}).value());
    Produce("faculty", 10);
    Produce("program", 1);
    REQUIRE(folder.Cdc("start").exit == 0);
    REQUIRE(Until([&] { return Has("faculty", 10) && Has("program", 1); }));
    worker = Of("program")["pid"];
    REQUIRE(worker > 0);
  }
  ~World() { folder.Cdc("stop"); }

  void Produce(const std::string& table, int rows) {
    for (int i = 0; i < rows; ++i) {
      const int id = made[table]++;
      const json value = {{"op", "c"},
                          {"before", nullptr},
                          {"after", {{"id", id}, {"name", "n"}}},
                          {"source", {{"schema", "public"}, {"table", table}}}};
      REQUIRE(producer
                  ->Produce({.topic = "p.public." + table,
                             .partition = 0,
                             .key = json{{"id", id}}.dump(),
                             .value = value.dump()})
                  .has_value());
    }
    REQUIRE(producer->Flush(seconds(10)).has_value());
  }
  json Of(const std::string& table) const {
    const json list = json::parse(folder.Cdc("status --json").out, nullptr, false);
    for (const json& each : list) {
      if (each["table"] == table) return each;
    }
    return {{"state", "none"}};
  }
  std::string State(const std::string& table) const { return Of(table)["state"]; }
  /// It has that many rows, and a worker that is at the end.
  bool Has(const std::string& table, int rows) const {
    const json of = Of(table);
    return of["state"] == "Running" && of["live_rows"] == rows && of["lag"] == 0;
  }
  static bool Until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  /// The other table commits, by the worker that it had from the beginning.
  void CheckOtherGoesOn() {
    Produce("program", 1);
    CHECK(Until([&] { return Has("program", made["program"]); }));
    CHECK(Of("program")["pid"] == worker);
  }
  /// The command does it, and the table is as it should be long before the rate limit is over.
  void Repair(const std::string& words, int rows) {
    INFO(words);
    const auto begin = std::chrono::steady_clock::now();
    const auto done = folder.Cdc(words);
    INFO(done.out << done.err);
    CHECK(done.exit == 0);
    CHECK(Until([&] { return Has("faculty", rows); }));
    CHECK(std::chrono::steady_clock::now() - begin < seconds(15));
    CheckOtherGoesOn();
  }

  BrokerProcess broker{"p.public.faculty:1,p.public.program:1"};
  Folder folder;
  std::unique_ptr<kafka::Producer> producer;
  std::map<std::string, int> made;
  int worker = 0;
};

}  // namespace

TEST_CASE("reset, rewind, adopt and maintain of one table while another keeps committing") {
  World world;
  const int before = world.Of("faculty")["pid"];
  for (const char* words : {"reset faculty", "rewind faculty --to 0=5", "adopt faculty"}) {
    INFO(words);
    CHECK(world.folder.Cdc(words).exit == 1);  // told only
    CHECK(world.Of("faculty")["pid"] == before);
  }
  world.Repair("rewind faculty --to 0=5 --yes", 10);
  CHECK(world.Of("faculty")["pid"] != before);
  world.Repair("maintain faculty --json", 10);
  world.Repair("reset faculty --yes", 10);
  world.Repair("adopt faculty --yes", 10);
  world.Produce("faculty", 2);
  CHECK(World::Until([&] { return world.Has("faculty", 12); }));
}

TEST_CASE("pause, restart and resume of one table; a pause outlives the orchestrator") {
  World world;
  const int before = world.Of("faculty")["pid"];
  REQUIRE(world.folder.Cdc("restart faculty").exit == 0);
  CHECK(World::Until([&] { return world.Has("faculty", 10) && world.Of("faculty")["pid"] != before; }));
  world.CheckOtherGoesOn();
  REQUIRE(world.folder.Cdc("pause faculty").exit == 0);
  REQUIRE(World::Until([&] { return world.State("faculty") == "Paused"; }));
  world.Produce("faculty", 3);
  world.CheckOtherGoesOn();
  CHECK(world.Of("faculty")["live_rows"] == 10);
  CHECK(World::Until([&] { return world.Of("faculty")["lag"] == 3; }));
  const auto status = world.folder.Cdc("status");
  INFO(status.out);
  CHECK(status.exit == 0);
  CHECK(status.out.find("1 paused") != std::string::npos);
  CHECK(status.out.find("cdc resume faculty") != std::string::npos);
  CHECK(world.folder.Cdc("trigger faculty").exit != 0);
  REQUIRE(world.folder.Cdc("restart").exit == 0);
  CHECK(world.State("faculty") == "Paused");
  REQUIRE(world.folder.Cdc("stop").exit == 0);
  CHECK(world.State("faculty") == "Paused");
  REQUIRE(world.folder.Cdc("resume faculty").exit == 0);  // nobody runs
  REQUIRE(world.folder.Cdc("pause program").exit == 0);
  REQUIRE(world.folder.Cdc("start").exit == 0);
  CHECK(World::Until([&] { return world.Has("faculty", 13); }));
  CHECK(world.State("program") == "Paused");
  REQUIRE(world.folder.Cdc("resume program").exit == 0);
  CHECK(World::Until([&] { return world.State("program") == "Running"; }));
}

TEST_CASE("a command that is killed while it has the table gives it back") {
  World world;
  const contract::StateLayout layout(world.folder.path() / "state");
  const pid_t command = ::fork();
  if (command == 0) {
    const auto loan = contract::Loan::Take(layout.control_socket(), "faculty", "cdc reset", seconds(60));
    const auto lock = contract::LockFile::TryAcquire(layout.table_lock("faculty"));
    if (loan && lock) ::pause();
    ::_exit(1);
  }
  CHECK(World::Until([&] { return world.State("faculty") == "Paused"; }));
  CHECK(world.Of("faculty")["reason"].get<std::string>().find("cdc reset") != std::string::npos);
  CHECK(World::Until([&] { return contract::LockFile::Holder(layout.table_lock("faculty")) == command; }));
  const auto second = world.folder.Cdc("reset faculty --yes");
  CHECK(second.exit == 75);
  CHECK(second.err.find("works on faculty already") != std::string::npos);
  world.CheckOtherGoesOn();
  ::kill(command, SIGKILL);
  ::waitpid(command, nullptr, 0);
  world.Produce("faculty", 1);
  CHECK(World::Until([&] { return world.Has("faculty", 11); }));
}

TEST_CASE("the status has a header, and numbers that are true") {
  World world;
  const auto text = world.folder.Cdc("status");
  INFO(text.out);
  CHECK(text.exit == 0);
  CHECK(text.out.starts_with("orchestrator pid "));
  CHECK(text.out.find(" · Kafka ok · source unknown · 2/16 workers · 0 held · 0 dead letters\n") !=
        std::string::npos);
  CHECK(text.out.find(" s ago") != std::string::npos);
  const json update = {{"op", "u"},
                       {"before", nullptr},
                       {"after", {{"id", 1}, {"name", "other"}}},
                       {"source", {{"schema", "public"}, {"table", "faculty"}}}};
  const json removal = {{"op", "d"},
                        {"before", {{"id", 0}, {"name", nullptr}}},
                        {"after", nullptr},
                        {"source", {{"schema", "public"}, {"table", "faculty"}}}};
  const auto send = [&](int id, const std::optional<std::string>& value) {
    REQUIRE(
        world.producer
            ->Produce(
                {.topic = "p.public.faculty", .partition = 0, .key = json{{"id", id}}.dump(), .value = value})
            .has_value());
  };
  send(1, update.dump());
  send(0, removal.dump());
  send(0, std::nullopt);  // its tombstone changes nothing
  REQUIRE(world.producer->Flush(seconds(10)).has_value());
  CHECK(World::Until([&] { return world.Has("faculty", 9); }));
  const json of = world.Of("faculty");
  CHECK(of["rows"] == 11);     // written
  CHECK(of["changes"] == 12);  // applied
  CHECK(of["lag_seconds"] == 0);
  // One bad record: the row stays as it is, and somebody should look.
  send(2, "no JSON");
  REQUIRE(world.producer->Flush(seconds(10)).has_value());
  CHECK(World::Until([&] { return world.Of("faculty")["dead_letters"] == 1; }));
  const auto bad = world.folder.Cdc("status");
  INFO(bad.out);
  CHECK(bad.exit == 1);
  CHECK(bad.out.find("faculty: dead letters, 1 in all") != std::string::npos);
  CHECK(bad.out.find("cdc dlq list faculty") != std::string::npos);
  CHECK(world.Of("faculty")["changes"] == 12);
  // One run, one name.
  const std::string log = world.folder.Read("state/logs/orchestrator.log");
  const size_t at = log.find("run=");
  REQUIRE(at != std::string::npos);
  const std::string run = log.substr(at, log.find_first_of(" \n", at) - at);
  CHECK(
      (world.folder.Read("state/logs/faculty.log") + world.folder.Read("state/logs/program.log")).find(run) !=
      std::string::npos);
}

}  // namespace cdc::cli
