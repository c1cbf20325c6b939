#include "orchestrator/runs.h"

#include "lib/contract/report.h"
#include "orchestrator/process_end.h"
#include "tests/unit/orchestrator/parts_bench.h"

namespace cdc::orchestrator {
namespace {

struct Bench : PartsBench {
  Bench()
      : backlogs(clock, source, tables, *writer, guard, log::Logger(), feed, {}),
        runs(clock, launcher, tables, backlogs, *writer, guard, log::Logger(), feed,
             RunOptions{.jobs_folder = "/jobs", .layout = contract::StateLayout(folder), .drain = false}) {
    backlogs.Configure(config);
    runs.Configure("/etc/tables.toml");
  }
  JobEntry& Start() {
    JobEntry& a = In("a", Phase::kStarting);
    runs.Start(a);
    return a;
  }
  contract::RunRecord Newest() {
    auto records = store->Runs("a", 1);
    REQUIRE(records.has_value());
    REQUIRE(records->size() == 1);
    return records->front();
  }

  Backlogs backlogs;
  Runs runs;
};

}  // namespace

TEST_CASE("a start is in the ledger with its reason before the worker exists") {
  Bench t;
  std::string reason;
  t.launcher.before_start = [&] { reason = t.Newest().reason; };
  t.tables.Find("a")->detected_op = "u";
  JobEntry& a = t.Start();
  CHECK(reason == "u");
  REQUIRE(a.run.has_value());
  CHECK(t.Newest().pid == a.run->process->pid());
  CHECK(t.launcher.Of("a")->spec.args == Names{"--config", "/etc/tables.toml", "--table", "a"});
  CHECK(t.launcher.Of("a")->spec.program == "/jobs/upsert");
}

TEST_CASE("a worker that cannot be started is an event and an ended run") {
  Bench t;
  t.launcher.fail_with = Error{ErrorKind::kTransient, "no process"};
  JobEntry& a = t.Start();
  CHECK(t.Fed<StartFailed>() == Names{"a"});
  CHECK_FALSE(a.run.has_value());
  CHECK(t.Newest().exit == "not started");
  CHECK(t.Newest().reason == "no process");
}

TEST_CASE("messages become events; those of an earlier run do not") {
  Bench t;
  JobEntry& a = t.Start();
  auto earlier = t.launcher.Of("a");
  earlier->callbacks.on_message(contract::Ready{});
  CHECK(t.Fed<WorkerReady>() == Names{"a"});
  earlier->callbacks.on_message(contract::Progress{.next = {{0, 3}}, .rows = 4, .last_commit_ms = 9});
  CHECK(t.Fed<WorkerProgress>() == Names{"a"});
  CHECK(a.next == contract::PartitionOffsets{{0, 3}});
  CHECK(a.last_commit_ms == 9);
  earlier->callbacks.on_end(Judge(Exited{0}), "");
  CHECK(t.Fed<WorkerEnded>() == Names{"a"});
  t.Start();
  earlier->callbacks.on_message(contract::Ready{});
  earlier->callbacks.on_end(Judge(Exited{0}), "");
  CHECK(t.fed.empty());
}

TEST_CASE("a worker may go when nothing is beyond its offsets, and stays when there is more") {
  Bench t;
  JobEntry& a = t.Start();
  t.tables.SetTopic(a, {"p.public.a", 1});
  a.spans[0] = {0, 2};
  t.source.contents = {{"p.public.a", {{0, 3}}}};
  for (const bool behind : {true, false}) {
    t.launcher.Of("a")->callbacks.on_message(contract::Exiting{.next = {{0, behind ? 2 : 3}}});
    CHECK(t.fed.empty());  // not before the ends were asked for
    t.source.Answer();
    REQUIRE(t.fed.size() == 1);
    CHECK(std::get<WorkerExiting>(t.fed[0].second).behind == behind);
    t.fed.clear();
  }
}

TEST_CASE("an end is counted by its meaning, with the report's figures") {
  Bench t;
  JobEntry& a = t.Start();
  contract::Report report{.table = "a", .run = "1", .reason = "no broker"};
  report.rows = 5;
  report.to = {{0, 8}};
  t.launcher.Of("a")->callbacks.on_end(Judge(Exited{75}), contract::EncodeReport(report));
  CHECK(a.totals.retries == 1);
  CHECK(a.rows_before == 5);
  CHECK(a.next == contract::PartitionOffsets{{0, 8}});
  CHECK(a.last_exit == "75");
  CHECK(t.Newest().exit == "75");
  REQUIRE(t.fed.size() == 1);
  CHECK(std::get<WorkerEnded>(t.fed[0].second).end.outcome == Outcome::kTryAgain);
  CHECK(std::get<WorkerEnded>(t.fed[0].second).reason == "no broker");
  CHECK(t.launcher.Alive() == 1);  // its object is not destroyed inside its own callback
  t.runs.DropEnded();
  CHECK(t.launcher.Alive() == 0);
  t.Start();
  t.launcher.Of("a")->callbacks.on_end(Judge(Signaled{11}), "");
  CHECK(a.totals.crashes == 1);
  CHECK(a.last_exit == "signal 11");
}

TEST_CASE("orders reach the worker, if there is one") {
  Bench t;
  JobEntry& a = *t.tables.Find("a");
  t.runs.Say(a, contract::Command::kGo);
  t.runs.Terminate(a);
  t.runs.Kill(a);
  t.Start();
  t.runs.Say(a, contract::Command::kYield);
  t.runs.Terminate(a);
  t.runs.Kill(a);
  CHECK(t.launcher.Of("a")->told == std::vector<contract::Command>{contract::Command::kYield});
  CHECK(t.launcher.Of("a")->terminated == 1);
  CHECK(t.launcher.Of("a")->killed == 1);
}

TEST_CASE("a callback does nothing once its owner is gone") {
  int called = 0;
  int woken = 0;
  std::function<void(int)> kept;
  {
    const CallbackGuard guard([&] { ++woken; });
    kept = guard.Wrap([&](int by) { called += by; });
    kept(2);
  }
  kept(2);
  CHECK(called == 2);
  CHECK(woken == 1);
}

}  // namespace cdc::orchestrator
