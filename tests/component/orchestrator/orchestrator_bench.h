#pragma once

/// \file tests/component/orchestrator/orchestrator_bench.h
/// The program itself, with stub workers and an embedded Kafka.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/contract/control.h"
#include "lib/contract/ledger.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/state_layout.h"
#include "lib/kafka/embedded_broker.h"
#include "lib/kafka/producer.h"
#include "orchestrator/spawn.h"

namespace cdc::orchestrator {

namespace fs = std::filesystem;
using contract::ControlCommand;
using std::chrono::seconds;

/// A loopback address of this process alone: tests run side by side, all with the same port.
inline std::string OwnAddress() {
  const int id = ::getpid();
  return fmt::format("127.{}.{}.{}", 1 + (id >> 16 & 0x7f), id >> 8 & 0xff, id & 0xff);
}

struct OrchestratorBench {
  explicit OrchestratorBench(const std::string& tables,
                             const std::string& limits = "rate_limit = \"1s\"\nidle_timeout = \"300ms\"\n")
      : folder(::mkdtemp(name)), layout(folder / "state"), limits_(limits) {
    auto started = kafka::EmbeddedBroker::Start({});
    REQUIRE(started.has_value());
    broker = std::move(*started);
    producer = std::move(*kafka::Producer::Make({.bootstrap_servers = broker->bootstrap_servers()}));
    fs::create_directories(folder / "jobs");
    fs::create_directories(folder / "state");
    fs::copy_file(CDC_ORCHESTRATOR, folder / "cdc-orchestrator");
    for (const char* mode : {"commit", "crash", "exit75", "exit78", "hang"}) {
      fs::create_symlink(CDC_STUB_WORKER, folder / "jobs" / mode);
    }
    Configure(tables);
  }
  ~OrchestratorBench() {
    Kill(SIGKILL);
    broker.reset();
    fs::remove_all(folder);
  }

  void Configure(const std::string& tables) {
    std::ofstream(folder / "new.toml")
        << "[kafka]\nbootstrap_servers = \"" << broker->bootstrap_servers()
        << "\"\n[source]\ntopic_prefix = \"p\"\n"
        << source_lines
        << "[catalog]\nuri = \"c.db\"\nwarehouse = "
           "\"w\"\nnamespace = \"n\"\n[orchestrator]\nmax_jobs = 2\nlisten = \""
        << listen << "\"\n"
        << limits_ << "[defaults]\njob = \"commit\"\n"
        << tables;
    fs::rename(folder / "new.toml", folder / "tables.toml");
  }

  void Start(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--config", (folder / "tables.toml").string()};
    args.insert(args.end(), more.begin(), more.end());
    int out = ::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    boost::asio::io_context io;
    auto spawned = Spawn(io.get_executor(), {.program = (folder / "cdc-orchestrator").string(),
                                             .args = args,
                                             .environment = {},
                                             .standard_out = out,
                                             .standard_error = out,
                                             .channel = out});
    ::close(out);
    REQUIRE(spawned.has_value());
    pid = spawned->id();
    (void)spawned->detach();
  }
  /// Its exit code; −1: a signal, or it does not end.
  int Wait(seconds patience = seconds(20)) {
    int status = 0;
    bool ended = Until([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }, patience);
    if (!ended) return -1;
    pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void Kill(int number) {
    if (pid <= 0) return;
    ::kill(pid, number);
    ::waitpid(pid, nullptr, 0);
    pid = 0;
  }

  void Produce(const std::string& table, const std::string& op = "c") {
    std::string topic = "p.public." + table;
    std::string value = "{\"before\":null,\"after\":{},\"op\":\"" + op + "\",\"ts_ms\":1}";
    REQUIRE(producer
                ->Produce({.topic = topic,
                           .partition = {},
                           .key = "k",
                           .value = value,
                           .headers = {},
                           .timestamp_ms = {}})
                .has_value());
    REQUIRE(producer->Flush(seconds(10)).has_value());
  }

  /// Looks again until it holds; another process cannot tell us when.
  static bool Until(const std::function<bool()>& condition, seconds patience = seconds(20)) {
    auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (condition()) return true;
      std::this_thread::sleep_for(Millis(10));
    }
    return condition();
  }

  contract::TableRecord Record(const std::string& table) const {
    auto answer = contract::AskOrchestrator(layout.control_socket(), {ControlCommand::kStatus});
    if (!answer) return {.table = "none"};
    auto records = contract::DecodeStatus(*answer);
    for (const auto& record : *records) {
      if (record.table == table) return record;
    }
    return {.table = "none"};
  }
  bool UntilState(const std::string& table, const std::string& state) const {
    return Until([&] { return Record(table).state == state && Record(table).table == table; });
  }
  bool UntilNext(const std::string& table, int64_t next) const {
    return Until([&] { return Record(table).next_offsets == contract::PartitionOffsets{{0, next}}; });
  }

  std::string Read(const fs::path& path) const {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string Log() const { return Read(folder / "out"); }
  bool Logged(const std::string& text) const { return Log().find(text) != std::string::npos; }

  struct StubRun {
    std::string table;
    int pid;
    int64_t start_ms;
    int64_t end_ms = 0;
  };
  std::vector<StubRun> Runs() const {
    std::vector<StubRun> runs;
    std::istringstream in(Read(layout.root() / "stub.log"));
    std::string what, table;
    int id;
    int64_t ms;
    while (in >> what >> table >> id >> ms) {
      if (what == "start") runs.push_back({table, id, ms});
      for (StubRun& run : runs) {
        if (what == "end" && run.pid == id) run.end_ms = ms;
      }
    }
    return runs;
  }

  char name[40] = "/tmp/cdc_daemon_XXXXXX";
  fs::path folder;
  contract::StateLayout layout;
  std::string limits_;
  std::string listen = OwnAddress() + ":8081";  ///< for the next Configure()
  std::string source_lines = {};                ///< the same: more of [source]
  std::unique_ptr<kafka::EmbeddedBroker> broker;
  std::unique_ptr<kafka::Producer> producer;
  pid_t pid = 0;
};

}  // namespace cdc::orchestrator
