/// One table is repaired, paused or lent while the orchestrator and another table's worker run.

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/contract/control.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/state_layout.h"
#include "tests/component/cli/running_world.h"

namespace cdc::cli {
TEST_CASE("reset, rewind, adopt and maintain of one table while another keeps committing") {
  RunningWorld world;
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
  CHECK(RunningWorld::Until([&] { return world.Has("faculty", 12); }));
}

TEST_CASE("pause, restart and resume of one table; a pause outlives the orchestrator") {
  RunningWorld world;
  const int before = world.Of("faculty")["pid"];
  REQUIRE(world.folder.Cdc("restart faculty").exit == 0);
  CHECK(
      RunningWorld::Until([&] { return world.Has("faculty", 10) && world.Of("faculty")["pid"] != before; }));
  world.CheckOtherGoesOn();
  REQUIRE(world.folder.Cdc("pause faculty").exit == 0);
  REQUIRE(RunningWorld::Until([&] { return world.State("faculty") == "Paused"; }));
  world.Produce("faculty", 3);
  world.CheckOtherGoesOn();
  CHECK(world.Of("faculty")["live_rows"] == 10);
  CHECK(RunningWorld::Until([&] { return world.Of("faculty")["lag"] == 3; }));
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
  CHECK(RunningWorld::Until([&] { return world.Has("faculty", 13); }));
  CHECK(world.State("program") == "Paused");
  REQUIRE(world.folder.Cdc("resume program").exit == 0);
  CHECK(RunningWorld::Until([&] { return world.State("program") == "Running"; }));
}

TEST_CASE("a command that is killed while it has the table gives it back") {
  RunningWorld world;
  const contract::StateLayout layout(world.folder.path() / "state");
  const pid_t command = ::fork();
  if (command == 0) {
    const auto loan = contract::Loan::Take(layout.control_socket(), "faculty", "cdc reset", seconds(60));
    const auto lock = contract::LockFile::TryAcquire(layout.table_lock("faculty"));
    if (loan && lock) ::pause();
    ::_exit(1);
  }
  CHECK(RunningWorld::Until([&] { return world.State("faculty") == "Paused"; }));
  CHECK(world.Of("faculty")["reason"].get<std::string>().find("cdc reset") != std::string::npos);
  CHECK(RunningWorld::Until(
      [&] { return contract::LockFile::Holder(layout.table_lock("faculty")) == command; }));
  const auto second = world.folder.Cdc("reset faculty --yes");
  CHECK(second.exit == 75);
  CHECK(second.err.find("works on faculty already") != std::string::npos);
  world.CheckOtherGoesOn();
  ::kill(command, SIGKILL);
  ::waitpid(command, nullptr, 0);
  world.Produce("faculty", 1);
  CHECK(RunningWorld::Until([&] { return world.Has("faculty", 11); }));
}

TEST_CASE("the status has a header, and numbers that are true") {
  RunningWorld world;
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
  CHECK(RunningWorld::Until([&] { return world.Has("faculty", 9); }));
  const json of = world.Of("faculty");
  CHECK(of["rows"] == 11);     // written
  CHECK(of["changes"] == 12);  // applied
  CHECK(of["lag_seconds"] == 0);
  // One bad record: the row stays as it is, and somebody should look.
  send(2, "no JSON");
  REQUIRE(world.producer->Flush(seconds(10)).has_value());
  CHECK(RunningWorld::Until([&] { return world.Of("faculty")["dead_letters"] == 1; }));
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
