/// cdc maintain on a table that real workers filled, with Kafka gone.

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "lib/contract/lock_file.h"
#include "lib/kafka/producer.h"
#include "tests/component/cli/cli_fixture.h"

namespace cdc::cli {
namespace {

using nlohmann::json;

constexpr const char* kTopic = "p.public.faculty";

void Configure(const Folder& folder, const std::string& servers) {
  folder.Write("tables.toml", ConfigText(servers, "[tables.faculty]\n[tables.empty]\n"));
}

/// The rows from 0 on, again and again: each run supersedes those of the last.
void Fill(const Folder& folder, kafka::Producer& producer, int run, int rows) {
  for (int id = 0; id < rows; ++id) {
    const json row = {{"id", id}, {"run", run}};
    const json value = {{"op", "u"},
                        {"before", nullptr},
                        {"after", row},
                        {"source", {{"schema", "public"}, {"table", "faculty"}}}};
    REQUIRE(
        producer
            .Produce({.topic = kTopic, .partition = 0, .key = json{{"id", id}}.dump(), .value = value.dump()})
            .has_value());
  }
  REQUIRE(producer.Flush(std::chrono::seconds(10)).has_value());
  const std::string command =
      fmt::format("cd {} && exec {}/jobs/upsert --table faculty --drain >run.out 2>run.err",
                  folder.path().string(), CDC_BINARY_DIR);
  INFO(folder.Read("run.err"));
  REQUIRE(std::system(command.c_str()) == 0);
  INFO(folder.Read("run.out"));
  CHECK(nlohmann::json::parse(folder.Read("run.out"))["rows"] == rows);
}

TEST_CASE("maintain tells what is due, does it, and finds nothing the second time") {
  Folder folder;
  {
    BrokerProcess broker{std::string(kTopic) + ":1"};
    Configure(folder, broker.servers());
    auto producer = std::move(kafka::Producer::Make({.bootstrap_servers = broker.servers()}).value());
    for (int run = 0; run < 4; ++run) Fill(folder, *producer, run, 10 - run);
  }
  const auto told = folder.Cdc("maintain faculty --dry-run --json");
  INFO(told.err);
  REQUIRE(told.exit == 0);
  const json before = json::parse(told.out);
  CHECK(before["dry_run"] == true);
  CHECK(before["before"]["rows"] == 10);
  CHECK(before["before"]["snapshots"] == 4);
  CHECK(before["before"]["data_files"] == 4);
  CHECK(before["before"]["delete_files"] == 3);
  CHECK(before["due"]["files_to_rewrite"] == 4);
  CHECK_FALSE(before.contains("after"));

  const auto done = folder.Cdc("maintain faculty --json");
  REQUIRE(done.exit == 0);
  const json after = json::parse(done.out);
  CHECK(after["before"] == before["before"]);
  CHECK(after["finished"] == true);
  CHECK(after["after"]["rows"] == 10);
  CHECK(after["after"]["data_files"] == 1);
  CHECK(after["after"]["delete_files"] == 0);

  const auto again = folder.Cdc("maintain faculty");
  CHECK(again.exit == 0);
  CHECK(again.out.find("began with: 0 data files rewritten, 0 snapshots expired") != std::string::npos);
}

TEST_CASE("maintain says why it does nothing") {
  Folder folder;
  Configure(folder, "127.0.0.1:1");
  const auto absent = folder.Cdc("maintain empty");
  CHECK(absent.exit != 0);
  CHECK(absent.err.find("There is no table university.empty") != std::string::npos);
  CHECK(folder.Cdc("maintain nobody").exit != 0);

  auto lock = contract::LockFile::TryAcquire(folder.path() / "state" / "locks" / "faculty.lock");
  REQUIRE(lock.has_value());
  const auto busy = folder.Cdc("maintain faculty");
  CHECK(busy.exit == 75);
  CHECK(busy.err.find("A worker of faculty is running") != std::string::npos);
  CHECK(busy.err.find("cdc stop") != std::string::npos);
}

}  // namespace
}  // namespace cdc::cli
