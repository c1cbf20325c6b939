/// The life of tables, with the program itself.

#include <catch2/generators/catch_generators.hpp>

#include "tests/component/orchestrator/orchestrator_bench.h"

namespace cdc::orchestrator {
namespace {

using Bench = OrchestratorBench;

}  // namespace

TEST_CASE("a change brings a worker, quiet takes it away, the next change brings it back") {
  Bench t("[tables.a]\n[tables.b]\n");
  t.Produce("a", "r");
  t.Start();
  REQUIRE(t.UntilNext("a", 1));
  CHECK(t.Logged("Detected read operation on table: a"));
  CHECK(t.Logged("Successfully triggered job for: a"));
  REQUIRE(t.UntilState("a", "Idle"));
  CHECK(t.Logged("Job finished for: a"));
  t.Produce("a", "u");
  REQUIRE(t.UntilNext("a", 2));
  CHECK(t.Logged("Detected update operation on table: a"));
  auto runs = t.Runs();
  REQUIRE(runs.size() == 2);
  CHECK(runs[1].start_ms - runs[0].start_ms >= 1000);  // the rate limit
  CHECK(runs[1].start_ms >= runs[0].end_ms);
  CHECK(t.Record("b").state == "Idle");
  t.Produce("b");  // its topic appears only now
  REQUIRE(t.UntilNext("b", 1));
}

TEST_CASE("an idle table's change is noticed within a second") {
  Bench t("[tables.a]\n", "rate_limit = \"0s\"\nidle_timeout = \"100ms\"\n");
  t.Produce("a");
  t.Start();
  REQUIRE(t.UntilNext("a", 1));
  REQUIRE(t.UntilState("a", "Idle"));
  auto before = std::chrono::steady_clock::now();
  t.Produce("a");
  REQUIRE(t.UntilNext("a", 2));
  CHECK(std::chrono::steady_clock::now() - before < Millis(1000));
}

TEST_CASE("SIGTERM: workers commit and leave, exit 0") {
  Bench t("[tables.a]\n", "idle_timeout = \"60s\"\n");
  t.Produce("a");
  t.Start();
  REQUIRE(t.UntilNext("a", 1));
  ::kill(t.pid, SIGTERM);
  CHECK(t.Wait() == 0);
  REQUIRE(t.Runs().size() == 1);
  CHECK(t.Runs()[0].end_ms > 0);
  auto ledger = contract::Ledger::OpenReadOnly(t.layout.ledger());
  REQUIRE(ledger.has_value());
  CHECK(ledger->FindTable("a")->state == "Idle");
  CHECK(ledger->FindTable("a")->next_offsets == contract::PartitionOffsets{{0, 1}});
  CHECK(contract::AskOrchestrator(t.layout.control_socket(), {ControlCommand::kStatus}).error().kind ==
        ErrorKind::kNotFound);
}

TEST_CASE("kill -9: the workers go too, and the next orchestrator goes on") {
  Bench t("[tables.a]\n", "rate_limit = \"1s\"\nidle_timeout = \"60s\"\n");
  t.Produce("a");
  t.Start();
  REQUIRE(t.UntilNext("a", 1));
  int worker = t.Record("a").pid;
  REQUIRE(worker > 0);
  t.Kill(SIGKILL);
  CHECK(Bench::Until([&] { return contract::LockFile::Holder(t.layout.table_lock("a")) == 0; }));
  t.Produce("a");
  t.Start();
  REQUIRE(t.UntilNext("a", 2));
  CHECK(t.Record("a").crashes == 0);
  auto runs = t.Runs();
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].end_ms > 0);
  CHECK(runs[1].start_ms >= runs[0].end_ms);
  CHECK(runs[1].start_ms - runs[0].start_ms >= 1000);
}

TEST_CASE("a table added to the file while it runs gets its worker; a bad file changes nothing") {
  Bench t("[tables.a]\n");
  t.Produce("a");
  t.Produce("c");
  t.Start();
  REQUIRE(t.UntilNext("a", 1));
  REQUIRE(Bench::Until([&] { return t.Logged("topic p.public.c belongs to no table"); }));
  t.Configure("[tables.a]\nmode = \"wrong\"\n");
  REQUIRE(Bench::Until([&] { return t.Logged("is not used, the old one stays"); }));
  CHECK(t.Logged("tables.a.mode"));
  t.Produce("a");  // its worker starts while the file is bad
  REQUIRE(t.UntilNext("a", 2));
  t.Configure("[tables.a]\n[tables.c]\n");
  REQUIRE(t.UntilNext("c", 1));
}

TEST_CASE("new settings of an idle table are in the ledger without another change of it") {
  Bench t("[tables.a]\n");
  t.Produce("a");
  t.Start();
  REQUIRE(t.UntilNext("a", 1));
  REQUIRE(t.UntilState("a", "Idle"));
  const auto fingerprint = [&] {
    const auto ledger = contract::Ledger::OpenReadOnly(t.layout.ledger());
    return ledger ? ledger->FindTable("a")->fingerprint : std::string();
  };
  const std::string before = fingerprint();
  REQUIRE(!before.empty());
  t.Configure("[tables.a]\nmemory = \"64MB\"\n");
  ::kill(t.pid, SIGHUP);
  CHECK(t.Until([&] { return !fingerprint().empty() && fingerprint() != before; }, std::chrono::seconds(8)));
  t.Kill(SIGKILL);
}

TEST_CASE("trouble of one table is held and named; others go on; trigger tries again") {
  Bench t("[tables.a]\n[tables.bad]\njob = \"exit78\"\n[tables.gone]\njob = \"no-such-job\"\n");
  t.Produce("bad");
  t.Produce("gone");
  t.Start();
  REQUIRE(t.UntilState("bad", "Held"));
  REQUIRE(t.UntilState("gone", "Held"));
  CHECK(t.Record("bad").reason == "no key");
  CHECK(t.Record("gone").reason.find("no-such-job") != std::string::npos);
  t.Produce("a");
  REQUIRE(t.UntilNext("a", 1));
  size_t before = t.Runs().size();
  REQUIRE(
      contract::AskOrchestrator(t.layout.control_socket(), {ControlCommand::kTrigger, "bad"}).has_value());
  REQUIRE(Bench::Until([&] { return t.Runs().size() > before; }));
  CHECK(
      contract::AskOrchestrator(t.layout.control_socket(), {ControlCommand::kTrigger, "zzz"}).error().kind ==
      ErrorKind::kInvalidConfig);
}

TEST_CASE("more tables than slots: each gets its turn") {
  Bench t("[tables.a]\n[tables.b]\n[tables.c]\n[tables.d]\n",
          "rate_limit = \"1s\"\nidle_timeout = \"60s\"\n");
  for (const char* table : {"a", "b", "c", "d"}) t.Produce(table);
  t.Start();
  for (const char* table : {"a", "b", "c", "d"}) CHECK(t.UntilNext(table, 1));
}

TEST_CASE("a state folder that is deleted ends the orchestrator, and the next one goes on") {
  Bench t("[tables.a]\n", "rate_limit = \"0s\"\nidle_timeout = \"60s\"\n");
  t.Produce("a");
  t.Start();
  REQUIRE(t.UntilNext("a", 1));
  const bool replaced = GENERATE(false, true);
  fs::rename(t.folder / "state", t.folder / "moved");
  if (replaced) fs::create_directories(t.folder / "state");
  CHECK(t.Wait() == 75);
  CHECK(t.Logged("somebody deleted or replaced [orchestrator] state_dir"));
  CHECK(t.Logged("cdc start"));
  CHECK(contract::LockFile::Holder(t.folder / "moved" / "locks" / "a.lock") == 0);  // its worker has left
  t.Produce("a");
  t.Start();
  REQUIRE(Bench::Until([&] { return t.Record("a").table == "a"; }));
}

TEST_CASE("a second orchestrator on the same folder gets one plain line") {
  Bench t("[tables.a]\n");
  t.Start();
  REQUIRE(t.UntilState("a", "Idle"));
  pid_t first = std::exchange(t.pid, 0);
  t.Start();
  CHECK(t.Wait() == 75);
  CHECK(t.Log().find("an orchestrator already works in") != std::string::npos);
  t.pid = first;
  CHECK(contract::AskOrchestrator(t.layout.control_socket(), {ControlCommand::kStop}).has_value());
  CHECK(t.Wait() == 0);
}

TEST_CASE("drain brings everything up to date and ends; 1 when a table is held, after the others") {
  Bench t("[tables.a]\n[tables.b]\n");
  t.Produce("a");
  t.Produce("b");
  t.Start({"--drain"});
  CHECK(t.Wait() == 0);
  CHECK(t.Runs().size() == 2);
  t.Start({"--drain"});  // nothing to do
  CHECK(t.Wait() == 0);
  CHECK(t.Runs().size() == 2);
  t.Configure("[tables.a]\njob = \"exit78\"\n[tables.b]\n");
  t.Produce("a");
  t.Produce("b");
  t.Start({"--drain"});
  CHECK(t.Wait() == 1);
  auto ledger = contract::Ledger::OpenReadOnly(t.layout.ledger());
  CHECK(ledger->FindTable("a")->state == "Held");
  CHECK(ledger->FindTable("b")->next_offsets == contract::PartitionOffsets{{0, 2}});
}

TEST_CASE("a drain that is told to stop does not say that everything was read") {
  Bench t("[tables.a]\njob = \"exit75\"\n");
  t.Produce("a");
  t.Start({"--drain"});
  REQUIRE(Bench::Until([&] { return t.Logged("Job finished for: a"); }));
  ::kill(t.pid, SIGTERM);
  CHECK(t.Wait() == 75);
  CHECK(t.Logged("told to stop before everything was read"));
}

TEST_CASE("configuration and state folder errors are one plain line each") {
  Bench t("[tables.a]\nmode = \"wrong\"\njob = 7\n");
  t.Start({"--check"});
  CHECK(t.Wait() == 78);
  CHECK(t.Log().find("tables.a.mode") != std::string::npos);
  CHECK(t.Log().find("tables.a.job") != std::string::npos);
  fs::remove_all(t.folder / "state");
  std::ofstream(t.folder / "state") << "a file is in the way";
  t.Configure("[tables.a]\n");
  t.Start();
  CHECK(t.Wait() == 78);
  std::string log = t.Log();
  CHECK(std::count(log.begin(), log.end(), '\n') == 1);
}

}  // namespace cdc::orchestrator
