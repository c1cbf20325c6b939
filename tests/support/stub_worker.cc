/// \file tests/support/stub_worker.cc
/// A worker that speaks the contract and writes no table. Its mode is the name it is started by (a copy or
/// link jobs/<mode>):
///
///   commit    "commits" up to the topic's end, stays until idle_timeout, asks to leave, reports, exits 0
///   once      ready, one progress, report, exit 0 without asking
///   crash     ready, then abort()
///   exit9, exit75, exit78   with a report that has a reason
///   kill9     ready, then SIGKILL to itself
///   hang      ready, then silence; ignores SIGTERM and the channel
///   spam      10 MiB of stdout without and with newlines, 1 MiB of stderr, then as `once`
///   inherit   its descriptors, signal state and process group as its report's reason
///
/// Every run is one line in <state_dir>/stub.log when it starts and one when it ends by itself.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include "lib/config/config.h"
#include "lib/contract/job_channel.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/report.h"
#include "lib/contract/state_layout.h"
#include "lib/core/clock.h"
#include "lib/kafka/consumer.h"

namespace {

using namespace cdc;
using contract::Command;

volatile std::sig_atomic_t terminated = 0;

struct Context {
  std::string mode;
  std::string table;
  bool drain = false;
  std::shared_ptr<const config::Config> config;
  contract::JobChannel channel{-1};
  contract::Report report;
};

void Note(const Context& c, const char* what) {
  std::string line =
      fmt::format("{} {} {} {}\n", what, c.table, ::getpid(), UnixMillis(SystemClock().wall()));
  auto path = c.config->orchestrator.state_dir / "stub.log";
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0 || ::write(fd, line.data(), line.size()) < 0) std::abort();
  ::close(fd);
}

int Finish(Context& c, int code, std::string reason = "") {
  c.report.exit = code;
  c.report.reason = std::move(reason);
  Note(c, "end");
  fmt::print("{}\n", contract::EncodeReport(c.report));
  return code;
}

/// Waits for a command, at most `timeout`.
std::optional<Command> Wait(Context& c, Millis timeout) {
  if (auto command = c.channel.Poll()) return command;
  pollfd entry{c.channel.fd(), POLLIN, 0};
  ::poll(&entry, c.channel.connected() ? 1 : 0, static_cast<int>(timeout.count()));
  return c.channel.Poll();
}

int Commit(Context& c) {
  auto lock = contract::LockFile::TryAcquire(
      contract::StateLayout(c.config->orchestrator.state_dir).table_lock(c.table));
  if (!lock) return Finish(c, 75, lock.error().message);
  auto consumer =
      kafka::Consumer::Make({.bootstrap_servers = c.config->kafka.bootstrap_servers, .group_id = "stub"});
  if (!consumer) return Finish(c, 78, consumer.error().message);
  const std::string topic = c.config->FindTable(c.table)->topics.front();
  c.channel.SendReady();
  auto idle_since = std::chrono::steady_clock::now();
  std::optional<Command> command;
  while (!terminated) {
    auto info = (*consumer)->DescribeTopic(topic, Millis(5'000));
    if (!info) return Finish(c, 75, info.error().message);
    std::vector<kafka::TopicPartition> all;
    for (int32_t p = 0; p < info->partitions; ++p) all.push_back({topic, p});
    auto ends = (*consumer)->EndOffsets(all, Millis(5'000));
    if (!ends) return Finish(c, 75, ends.error().message);
    int64_t before = c.report.events;
    for (const auto& end : *ends) {
      c.report.events += end.offset - c.report.to[end.partition];
      c.report.to[end.partition] = end.offset;
    }
    auto now = std::chrono::steady_clock::now();
    if (c.report.events > before) {
      idle_since = now;
      c.report.rows = c.report.events;
      c.report.snapshot_id = c.report.events;
      c.channel.SendProgress({.next = c.report.to,
                              .lag = 0,
                              .caught_up = true,
                              .rows = c.report.rows,
                              .snapshot_id = c.report.snapshot_id,
                              .last_commit_ms = UnixMillis(SystemClock().wall())});
    }
    if (c.drain) break;
    if (now - idle_since >= c.config->orchestrator.idle_timeout) {
      c.channel.SendExiting(c.report.to);
      if (c.channel.AwaitAnswer(Millis(5'000)) != Command::kStay) break;
    }
    command = Wait(c, Millis(20));
    if (command && *command != Command::kStay && *command != Command::kGo) break;
  }
  return Finish(c, 0, command == Command::kOrphaned ? "orphaned" : "");
}

int Spam(Context& c) {
  c.channel.SendReady();
  std::string block(1 << 20, 'x');
  for (int i = 0; i < 5; ++i) std::fwrite(block.data(), 1, block.size(), stdout);
  for (size_t i = 99; i < block.size(); i += 100) block[i] = '\n';
  block.back() = '\n';
  for (int i = 0; i < 5; ++i) std::fwrite(block.data(), 1, block.size(), stdout);
  std::fwrite(block.data(), 1, block.size(), stderr);
  return Finish(c, 0);
}

int Inherit(Context& c) {
  c.channel.SendReady();
  std::string fds;
  for (int fd = 0; fd < 256; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) fds += fmt::format("{},", fd);
  }
  sigset_t mask;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask);
  struct sigaction pipe {
  }, term{};
  ::sigaction(SIGPIPE, nullptr, &pipe);
  ::sigaction(SIGTERM, nullptr, &term);
  char byte = 0;
  return Finish(c, 0,
                fmt::format("fds={} blocked={} pipe_default={} term_default={} own_group={} stdin_empty={}",
                            fds, ::sigismember(&mask, SIGTERM), pipe.sa_handler == SIG_DFL,
                            term.sa_handler == SIG_DFL, ::getpgrp() == ::getpid(), ::read(0, &byte, 1) == 0));
}

int Run(Context& c) {
  if (c.mode == "commit") return Commit(c);
  if (c.mode == "inherit") return Inherit(c);
  if (c.mode == "spam") return Spam(c);
  if (c.mode == "exit75") return Finish(c, 75, "outage");
  if (c.mode == "exit78") return Finish(c, 78, "no key");
  if (c.mode == "exit9") return Finish(c, 9);
  c.channel.SendReady();
  if (c.mode == "once") {
    c.channel.SendProgress({.next = {{0, 7}}, .rows = 3, .last_commit_ms = 1});
    c.report.to = {{0, 7}};
    return Finish(c, 0);
  }
  if (c.mode == "kill9") ::kill(::getpid(), SIGKILL);
  if (c.mode == "hang") {
    ::signal(SIGTERM, SIG_IGN);
    c.channel.SendProgress({.next = {{0, 1}}});  // tells that the signal is ignored now
    while (true) ::pause();
  }
  std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  Context c;
  c.channel = contract::JobChannel::FromEnvironment();
  c.mode = std::filesystem::path(argv[0]).filename().string();
  std::string file, accepted;
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    if (arg == "--config" && i + 1 < argc) file = argv[++i];
    if (arg == "--accepted" && i + 1 < argc) accepted = argv[++i];
    if (arg == "--table" && i + 1 < argc) c.table = argv[++i];
    if (arg == "--drain") c.drain = true;
  }
  std::ifstream copy(accepted);
  auto config =
      copy ? config::Parse(std::string(std::istreambuf_iterator<char>(copy), {}), file) : config::Load(file);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().message);
    return 78;
  }
  c.config = *config;
  c.report.table = c.table;
  c.report.run = std::to_string(::getpid());
  if (c.mode != "inherit") ::signal(SIGTERM, [](int) { terminated = 1; });
  Note(c, "start");
  return Run(c);
}
