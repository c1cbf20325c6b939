#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/contract/report.h"
#include "orchestrator/process_launcher.h"

namespace cdc::orchestrator {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr seconds kPatience{20};  // for a loaded machine; nothing waits that long when all is well

struct Bench {
  Bench() : folder(::mkdtemp(name)) {
    fs::create_directories(folder / "jobs");
    fs::create_directories(folder / "state");
    std::ofstream(folder / "tables.toml")
        << "[kafka]\nbootstrap_servers = \"none\"\n[source]\ntopic_prefix = \"p\"\n"
           "[catalog]\nuri = \"c.db\"\nwarehouse = \"w\"\nnamespace = \"n\"\n[tables.t]\n";
  }
  ~Bench() {
    run.reset();
    io.run_for(seconds(1));
    fs::remove_all(folder);
  }

  Status Start(const std::string& mode) {
    fs::path program = folder / "jobs" / mode;
    if (mode != "absent") fs::create_symlink(CDC_STUB_WORKER, program);
    auto started =
        launcher.Start({.table = "t",
                        .program = program,
                        .args = {"--config", (folder / "tables.toml").string(), "--table", "t"},
                        .log = folder / "logs" / "t.log"},
                       {.on_message = [this](contract::WorkerMessage m) { messages.push_back(std::move(m)); },
                        .on_end =
                            [this](JobEnd e, std::string line) {
                              end = std::move(e);
                              last_line = std::move(line);
                            }});
    if (!started) return started.error();
    run = std::move(*started);
    return {};
  }

  template <typename Condition>
  bool Until(Condition condition) {
    auto deadline = std::chrono::steady_clock::now() + kPatience;
    io.restart();
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      if (io.run_one_until(deadline) == 0) break;
    }
    return condition();
  }
  bool UntilEnd() {
    return Until([this] { return end.has_value(); });
  }
  std::string Exit() const { return end ? end->exit : "none"; }

  char name[40] = "/tmp/cdc_launcher_XXXXXX";
  fs::path folder;
  boost::asio::io_context io{1};
  ProcessLauncher launcher{io};
  std::unique_ptr<Launcher::Run> run;
  std::vector<contract::WorkerMessage> messages;
  std::optional<JobEnd> end;
  std::string last_line;
};

bool NoChildren() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

}  // namespace

TEST_CASE("messages and the report arrive before the end, and nothing is left to reap") {
  Bench t;
  REQUIRE(t.Start("once").has_value());
  CHECK(t.run->pid() > 0);
  CHECK(t.run->ref() == "pid " + std::to_string(t.run->pid()));
  REQUIRE(t.UntilEnd());
  CHECK(t.Exit() == "0");
  REQUIRE(t.messages.size() == 2);
  CHECK(std::holds_alternative<contract::Ready>(t.messages[0]));
  CHECK(std::get<contract::Progress>(t.messages[1]).rows == 3);
  auto report = contract::DecodeReport(t.last_line);
  REQUIRE(report.has_value());
  CHECK(report->to == contract::PartitionOffsets{{0, 7}});
  CHECK(NoChildren());
  t.run->Kill();  // too late, and harmless
  t.run->Say(contract::Command::kStop);
}

TEST_CASE("exit 9 and SIGKILL are told apart") {
  Bench t;
  REQUIRE(t.Start("exit9").has_value());
  REQUIRE(t.UntilEnd());
  CHECK(t.Exit() == "9");
  Bench u;
  REQUIRE(u.Start("kill9").has_value());
  REQUIRE(u.UntilEnd());
  CHECK(u.Exit() == "signal 9");
  Bench v;
  REQUIRE(v.Start("crash").has_value());
  REQUIRE(v.UntilEnd());
  CHECK(v.Exit() == "signal 6");
}

TEST_CASE("a missing or not executable program is reported, and leaves no zombie") {
  Bench t;
  auto missing = t.Start("absent");
  REQUIRE(missing.has_error());
  CHECK(missing.error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(missing.error().hint.empty());
  fs::path text = t.folder / "jobs" / "text";
  std::ofstream(text) << "not a program";
  fs::permissions(text, fs::perms::owner_all);
  auto bad = t.launcher.Start({.table = "t", .program = text, .args = {}, .log = t.folder / "x.log"}, {});
  REQUIRE(bad.has_error());
  CHECK(bad.error().kind == ErrorKind::kNotFound);
  CHECK(NoChildren());
}

TEST_CASE("a worker gets descriptors 0 to 3, its own group and clean signals, whatever we have") {
  Bench t;
  int leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  auto before = ::signal(SIGPIPE, SIG_IGN);
  sigset_t mask, old;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &mask, &old);
  boost::asio::signal_set handled(t.io, SIGTERM);
  REQUIRE(t.Start("inherit").has_value());
  ::sigprocmask(SIG_SETMASK, &old, nullptr);
  ::signal(SIGPIPE, before);
  ::close(leaked);
  REQUIRE(t.UntilEnd());
  auto report = contract::DecodeReport(t.last_line);
  REQUIRE(report.has_value());
  CHECK(report->reason ==
        "fds=0,1,2,3, blocked=0 pipe_default=true term_default=true own_group=true stdin_empty=true");
}

TEST_CASE("our event loop survives spawns with gaps in our descriptors") {
  Bench t;
  int gap = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(t.Start("once").has_value());
  ::close(gap);
  REQUIRE(t.UntilEnd());
  for (int i = 0; i < 20; ++i) {
    Bench u;
    REQUIRE(u.Start("once").has_value());
    REQUIRE(u.UntilEnd());
    CHECK(u.Exit() == "0");
  }
}

TEST_CASE("who ignores SIGTERM gets SIGKILL") {
  Bench t;
  REQUIRE(t.Start("hang").has_value());
  REQUIRE(t.Until([&] { return t.messages.size() == 2; }));
  t.run->Terminate();
  t.run->Say(contract::Command::kStop);
  t.io.restart();
  t.io.run_for(Millis(50));
  CHECK_FALSE(t.end.has_value());
  t.run->Kill();
  REQUIRE(t.UntilEnd());
  CHECK(t.Exit() == "signal 9");
}

TEST_CASE("letting go of a live run kills it") {
  Bench t;
  REQUIRE(t.Start("hang").has_value());
  REQUIRE(t.Until([&] { return t.messages.size() == 2; }));
  t.run.reset();
  t.Until([&] { return NoChildren(); });
  CHECK(NoChildren());
  CHECK_FALSE(t.end.has_value());
}

TEST_CASE("a worker's spam costs neither the report nor the log") {
  Bench t;
  REQUIRE(t.Start("spam").has_value());
  REQUIRE(t.UntilEnd());
  CHECK(t.Exit() == "0");
  CHECK(contract::DecodeReport(t.last_line).has_value());
  CHECK(fs::file_size(t.folder / "logs" / "t.log") == 1 << 20);
}

TEST_CASE("a worker's log is begun anew when it is too large") {
  Bench t;
  fs::create_directories(t.folder / "logs");
  std::ofstream(t.folder / "logs" / "t.log") << std::string(11 << 20, 'x');
  REQUIRE(t.Start("once").has_value());
  REQUIRE(t.UntilEnd());
  CHECK(fs::file_size(t.folder / "logs" / "t.log") < 1000);
  CHECK(fs::file_size(t.folder / "logs" / "t.log.1") == 11 << 20);
}

TEST_CASE("a hundred workers a second are started", "[.measure]") {
  Bench t;
  constexpr int kStarts = 500;
  std::chrono::nanoseconds starting{0};
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kStarts; ++i) {
    t.end.reset();
    const auto before = std::chrono::steady_clock::now();
    auto started = t.launcher.Start(
        {.table = "t", .program = "/bin/true", .args = {}, .log = t.folder / "t.log"},
        {.on_message = {}, .on_end = [&](JobEnd e, const std::string&) { t.end = std::move(e); }});
    starting += std::chrono::steady_clock::now() - before;
    REQUIRE(started.has_value());
    t.run = std::move(*started);
    REQUIRE(t.UntilEnd());
  }
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  const double each_us = static_cast<double>(starting.count()) / 1000 / kStarts;
  WARN(kStarts / whole.count() << " starts and ends per second, " << each_us << " us in Start()");
  CHECK(kStarts / whole.count() >= 100);
}

}  // namespace cdc::orchestrator
