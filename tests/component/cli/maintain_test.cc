/// cdc maintain on a table that real workers filled, with Kafka gone.

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
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

/// What comes through the named pipe within ten seconds.
std::string Heard(int pipe) {
  pollfd waiting{pipe, POLLIN, 0};
  if (::poll(&waiting, 1, 10'000) != 1) return "nothing";
  char text[64];
  const ssize_t got = ::read(pipe, text, sizeof text);
  return got > 0 ? std::string(text, static_cast<size_t>(got)) : "nothing";
}

TEST_CASE("the worker that maintains is told to end when the command is killed") {
  const Folder folder;
  Configure(folder, "127.0.0.1:1");
  const std::filesystem::path home = folder.path();
  std::filesystem::create_directory(home / "jobs");
  // The command takes the worker beside its own file.
  std::filesystem::copy_file(std::filesystem::path(CDC_BINARY_DIR) / "cdc", home / "cdc");
  REQUIRE(::mkfifo((home / "words").c_str(), 0600) == 0);
  const int words = ::open((home / "words").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(words >= 0);
  folder.Write("jobs/upsert",
               "#!/bin/sh\n"
               "trap 'kill $!; echo told >words; exit 0' TERM\n"
               // Killed before it is a sleep, it stays for a while: then it must not hold the test's output.
               "sleep 60 >/dev/null 2>&1 &\n"
               "echo works >words\n"
               "wait\n");
  std::filesystem::permissions(home / "jobs" / "upsert", std::filesystem::perms::owner_all);
  const pid_t command = ::fork();
  if (command == 0) {
    if (::chdir(home.c_str()) == 0)
      ::execl((home / "cdc").c_str(), "cdc", "maintain", "faculty", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  CHECK(Heard(words) == "works\n");
  ::kill(command, SIGKILL);
  CHECK(Heard(words) == "told\n");
  ::close(words);
  ::waitpid(command, nullptr, 0);
}

}  // namespace
}  // namespace cdc::cli
