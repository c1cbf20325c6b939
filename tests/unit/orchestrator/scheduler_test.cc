
#include "lib/sqlite/database.h"
#include "tests/unit/orchestrator/scheduler_bench.h"

namespace cdc::orchestrator {
namespace {

using contract::Command;
using contract::PartitionOffsets;
using Bench = SchedulerBench;

}  // namespace

TEST_CASE("a change starts the worker of its table, and of no other") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 0}}}, {"p.public.b", {{0, 0}}}};
  t.Answer();
  CHECK(t.source.listening.size() == 2);
  CHECK(t.launcher.starts.empty());
  t.Produce("a");
  REQUIRE(t.launcher.starts.size() == 1);
  const JobSpec& spec = t.launcher.starts[0]->spec;
  CHECK(spec.program == "/jobs/upsert");
  CHECK(spec.args ==
        std::vector<std::string>{"--config", (t.folder / "tables.toml").string(), "--table", "a"});
  CHECK_FALSE(t.source.listening.contains("p.public.a"));
  CHECK(t.source.listening.contains("p.public.b"));
  t.Say("a", contract::Ready{});
  CHECK(t.StateOf("a") == "Running");
  t.End("a", Exited{0});
  CHECK(t.source.listening["p.public.a"] == PartitionOffsets{{0, 1}});
  auto runs = t.ledger->Runs("a", 10);
  REQUIRE(runs->size() == 1);
  CHECK((*runs)[0].exit == "0");
}

TEST_CASE("the sweep finds what no notification told") {
  Bench t;
  t.source.deaf = true;
  t.source.contents["p.public.a"][0] = 0;
  t.Answer();
  t.source.contents["p.public.a"][0] = 3;  // nobody tells
  t.Pass(seconds(11));
  CHECK(t.launcher.starts.empty());  // the listener's head start
  t.Pass(seconds(4));
  CHECK(t.launcher.starts.size() == 1);
}

TEST_CASE("a table that is not listened to waits for the sweep alone, which then comes often") {
  SchedulerBench t;
  t.source.full = true;
  t.Produce("a");
  t.Produce("b");
  t.Answer();
  t.Answer();
  CHECK(t.StateOf("a") == "Starting");  // no head start for a listener that will not tell
  t.source.full = false;
  t.Say("a", contract::Ready{});
  t.End("a", Exited{0});  // listened to again
  t.Say("b", contract::Ready{});
  t.source.full = true;
  t.End("b", Exited{0});
  t.Pass(seconds(40));  // over the rate limit
  ++t.source.contents["p.public.b"][0];
  t.Pass(Millis(1'100));
  CHECK(t.StateOf("b") == "Starting");
}

TEST_CASE("what sleeps is woken by its own events, and what was removed is gone") {
  SchedulerBench t;
  for (const char* table : {"a", "b", "c"}) t.source.contents[std::string("p.public.") + table][0] = 0;
  t.Answer();
  t.Pass(seconds(20));
  t.Produce("c");
  CHECK(t.StateOf("c") == "Starting");
  t.Reload("[tables.a]\n[tables.b]\n");
  CHECK(t.StateOf("c") == "Stopping");
  t.End("c", Exited{0});
  CHECK(t.StateOf("c") == "none");
  t.Produce("a");
  CHECK(t.StateOf("a") == "Starting");
  t.Reload("[tables.a]\n[tables.b]\n[tables.c]\n");  // its topic is known already
  t.Answer();
  CHECK(t.StateOf("c") == "Starting");
}

TEST_CASE("a partition that is added while a worker runs is read by a new one, not when the load ends") {
  Bench t;
  t.source.contents["p.public.a"] = {{0, 0}};
  t.Answer();
  t.Produce("a");
  t.Say("a", contract::Ready{});
  REQUIRE(t.StateOf("a") == "Running");
  t.source.contents["p.public.a"] = {{0, 2}, {1, 1}};
  t.Pass(seconds(11));
  CHECK(t.StateOf("a") == "Stopping");
  t.source.contents["p.public.a"].erase(1);
  t.End("a", Exited{0});  // it has not seen partition 1
  t.source.contents["p.public.a"][1] = 1;
  t.Pass(seconds(40));
  CHECK(t.launcher.starts.size() == 2);
}

TEST_CASE("the lag of a table whose topic is not there is unknown: its name may be wrong") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 0}}}};
  t.Answer();
  t.Pass(seconds(11));
  for (const auto& record : t.scheduler->Records()) CHECK(record.lag.has_value() == (record.table == "a"));
}

TEST_CASE("a partition that is missing from an answer is unknown, not empty") {
  Bench t;
  t.source.contents["p.public.a"] = {{0, 0}, {1, 5}};
  t.source.silent[1] = true;
  t.source.deaf = true;
  t.Answer();
  CHECK(t.launcher.starts.empty());
  for (const auto& record : t.scheduler->Records()) {
    if (record.table == "a") CHECK_FALSE(record.lag.has_value());
  }
  t.source.silent.clear();
  t.Pass(seconds(16));
  CHECK(t.launcher.starts.size() == 1);
}

TEST_CASE("at most max_jobs at once, earliest due first; a caught-up worker makes room") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 0}}}, {"p.public.b", {{0, 0}}}, {"p.public.c", {{0, 0}}}};
  t.Answer();
  t.Produce("c");
  t.Produce("b");
  t.Say("b", contract::Ready{});
  t.Say("c", contract::Ready{});
  t.Produce("a");
  CHECK(t.launcher.starts.size() == 2);
  CHECK(t.launcher.Of("b")->told.empty());
  t.Say("b", contract::Progress{.caught_up = true});
  CHECK(t.launcher.Of("b")->told == std::vector<Command>{Command::kYield});
  CHECK(t.launcher.Of("c")->told.empty());
  t.End("b", Exited{0});
  CHECK(t.launcher.starts.size() == 3);
  CHECK(t.launcher.Of("a") != nullptr);
}

TEST_CASE("a lagging worker makes room after its slice, only one for one") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 0}}}, {"p.public.b", {{0, 0}}}, {"p.public.c", {{0, 0}}}};
  t.Answer();
  t.Produce("a");
  t.Produce("b");
  t.Say("a", contract::Ready{});
  t.Say("b", contract::Ready{});
  t.Produce("c");
  t.Pass(Millis(9'500));
  CHECK(t.launcher.Of("a")->told.empty());
  t.Pass(Millis(1'000));
  CHECK(t.launcher.Of("a")->told.size() + t.launcher.Of("b")->told.size() == 1);
}

TEST_CASE("the exit race is decided by the end offsets") {
  Bench t;
  t.source.contents["p.public.a"][0] = 0;
  t.Answer();
  t.Produce("a");
  t.Say("a", contract::Ready{});
  t.Produce("a");  // 2 by now
  t.Say("a", contract::Exiting{{{0, 1}}});
  t.source.AnswerSpans();
  CHECK(t.launcher.Of("a")->told == std::vector<Command>{Command::kStay});
  t.Say("a", contract::Exiting{{{0, 2}}});
  t.source.AnswerSpans();
  CHECK(t.launcher.Of("a")->told == std::vector<Command>{Command::kStay, Command::kGo});
  t.Produce("a");  // after the answer: it must show up by itself
  t.launcher.Of("a")->callbacks.on_end(Judge(Exited{0}),
                                       contract::EncodeReport({.table = "a", .to = {{0, 2}}}));
  CHECK(t.source.listening["p.public.a"] == PartitionOffsets{{0, 2}});
}

TEST_CASE("one table's crashes hold it and delay nobody; a restart remembers, new settings release") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 1}}}, {"p.public.b", {{0, 0}}}};
  t.Answer();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(t.StateOf("a") == "Starting");
    t.End("a", Signaled{11});
    if (i == 2) {
      t.Produce("b");
      CHECK(t.StateOf("b") == "Starting");
      t.End("b", Exited{0});
    }
    if (i < 4) t.Pass(seconds(41));
  }
  CHECK(t.StateOf("a") == "Held");
  CHECK(t.scheduler->tables().any_held());
  CHECK(t.InLedger("a").state == "Held");
  CHECK(t.InLedger("a").last_exit == "signal 11");
  t.Restart();
  t.Pass(seconds(60));
  CHECK(t.StateOf("a") == "Held");
  CHECK_FALSE(t.launcher.Of("a"));
  t.Reload("[tables.a]\nmode = \"append\"\n[tables.b]\n[tables.c]\n");
  t.Pass(seconds(41));
  CHECK(t.launcher.Of("a"));
}

TEST_CASE("settings changed while the orchestrator was down release a held table") {
  Bench t;
  t.source.contents["p.public.a"][0] = 1;
  t.Answer();
  t.End("a", Exited{78}, "no key");
  CHECK(t.InLedger("a").reason == "no key");
  t.tables_ = "[tables.a]\nkey = [\"id\"]\n";
  t.Restart();
  t.Pass(seconds(41));
  CHECK(t.launcher.Of("a"));
}

TEST_CASE("trigger releases a held table at once, and names what it does not know") {
  Bench t;
  t.source.contents["p.public.a"][0] = 1;
  t.Answer();
  t.End("a", Exited{78}, "no key");
  CHECK(t.scheduler->Trigger("a").has_value());
  t.scheduler->Advance();
  CHECK(t.launcher.starts.size() == 2);
  CHECK(t.scheduler->Trigger("zzz").error().kind == ErrorKind::kInvalidConfig);
}

TEST_CASE("an orphan's lock is waited for") {
  Bench t;
  t.locks["a.lock"] = true;
  t.source.contents["p.public.a"][0] = 1;
  t.Answer();
  t.Pass(seconds(3));
  CHECK(t.launcher.starts.empty());
  CHECK(t.StateOf("a") == "Pending");
  t.locks.clear();
  t.Pass(seconds(1));
  CHECK(t.launcher.starts.size() == 1);
}

TEST_CASE("a start that is put off is in the ledger with its new time") {
  Bench t;
  t.locks["a.lock"] = true;
  t.source.contents["p.public.a"][0] = 1;
  t.Answer();
  t.Pass(seconds(2));
  const int64_t before = t.InLedger("a").due_ms;
  t.Pass(seconds(20));
  CHECK(t.StateOf("a") == "Pending");
  const int64_t after = t.InLedger("a").due_ms;
  INFO(before << " and " << after);
  // Looked at twice a second, written once a second.
  CHECK(after - before >= 18'000);
}

TEST_CASE("what the ledger could not take is given to it when it can be written again") {
  Bench t;
  t.source.contents["p.public.a"][0] = 1;
  t.Answer();
  t.Pass(seconds(3));
  REQUIRE(t.InLedger("a").state == "Starting");
  auto other = sqlite::Database::Open(t.folder / "ledger.db", {});
  REQUIRE(other.has_value());
  REQUIRE(other->Exec("CREATE TRIGGER full BEFORE INSERT ON tables BEGIN SELECT RAISE(FAIL, 'no room'); END")
              .has_value());
  t.Say("a", contract::Ready{});
  t.Pass(seconds(3));
  CHECK(t.StateOf("a") == "Running");
  CHECK(t.InLedger("a").state == "Starting");
  CHECK_FALSE(t.scheduler->Look().ledger_writable);
  REQUIRE(other->Exec("DROP TRIGGER full").has_value());
  t.Pass(seconds(2));
  CHECK(t.InLedger("a").state == "Running");
  CHECK(t.scheduler->Look().ledger_writable);
}

TEST_CASE("tables come and go with the configuration") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 1}}}, {"p.public.d", {{0, 1}}}};
  t.Answer();
  CHECK_FALSE(t.launcher.Of("d"));
  t.Reload("[tables.b]\n[tables.d]\n");
  CHECK(t.launcher.Of("d"));
  CHECK(t.launcher.Of("a")->terminated == 1);
  CHECK(t.launcher.Of("a")->killed == 0);
  CHECK(t.StateOf("a") == "Stopping");
  t.End("a", Exited{0});
  CHECK(t.StateOf("a") == "none");
  CHECK(t.InLedger("a").table == "none");
}

TEST_CASE("discover takes what it finds, not dead letters") {
  Bench t("[defaults]\ndiscover = true\n");
  t.source.contents = {{"p.public.x", {{0, 1}}}, {"p.other.y", {{0, 1}}}};
  t.Answer();
  CHECK(t.launcher.Of("x"));
  CHECK(t.launcher.starts.size() == 1);
}

TEST_CASE("a missing worker program holds the table with the way out") {
  Bench t;
  t.launcher.fail_with = Error{ErrorKind::kNotFound, "start worker /jobs/upsert: No such file", "build it"};
  t.source.contents["p.public.a"][0] = 1;
  t.Answer();
  CHECK(t.StateOf("a") == "Held");
  CHECK(t.InLedger("a").hint.starts_with("build it"));
}

TEST_CASE("shutdown stops what runs and starts nothing") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 1}}}, {"p.public.b", {{0, 0}}}};
  t.Answer();
  t.scheduler->Shutdown();
  CHECK_FALSE(t.scheduler->idle());
  CHECK(t.launcher.Of("a")->terminated == 1);
  CHECK(t.launcher.Of("a")->killed == 0);
  t.Produce("b");
  t.Pass(seconds(40));
  CHECK(t.launcher.Of("a")->terminated == 1);
  CHECK(t.launcher.Of("a")->killed == 1);
  t.End("a", Signaled{9});
  CHECK(t.scheduler->idle());
  CHECK_FALSE(t.launcher.Of("b"));
}

TEST_CASE("drain runs what lags until nothing does, and waits for a second look") {
  Bench t("[tables.a]\n[tables.b]\n[tables.c]\n", true);
  t.source.contents = {{"p.public.a", {{0, 1}}}, {"p.public.b", {{0, 0}}}};
  t.Answer();
  REQUIRE(t.launcher.starts.size() == 1);
  CHECK(t.launcher.starts[0]->spec.args.back() == "--drain");
  CHECK_FALSE(t.scheduler->backlogs().drained());
  ++t.source.contents["p.public.a"][0];
  t.launcher.Of("a")->callbacks.on_end(Judge(Exited{0}),
                                       contract::EncodeReport({.table = "a", .to = {{0, 1}}}));
  t.Pass(seconds(33));
  REQUIRE(t.launcher.starts.size() == 2);
  CHECK_FALSE(t.scheduler->backlogs().drained());
  t.End("a", Exited{0});
  t.Pass(seconds(1));
  CHECK(t.scheduler->backlogs().drained());
  CHECK_FALSE(t.scheduler->tables().any_held());
}

TEST_CASE("drain ends with a held table, after the others") {
  Bench t("[tables.a]\n[tables.b]\n[tables.c]\n", true);
  t.source.contents = {{"p.public.a", {{0, 1}}}, {"p.public.b", {{0, 1}}}};
  t.Answer();
  t.End("a", Exited{78}, "no key");
  t.Pass(seconds(1));
  CHECK_FALSE(t.scheduler->backlogs().drained());
  t.End("b", Exited{0});
  t.Pass(seconds(1));
  CHECK(t.scheduler->backlogs().drained());
  CHECK(t.scheduler->tables().any_held());
}

TEST_CASE("counts add up over runs") {
  Bench t;
  t.source.contents["p.public.a"][0] = 1;
  t.Answer();
  t.Say("a", contract::Ready{});
  t.Say("a", contract::Progress{.next = {{0, 1}}, .rows = 5, .dead_letters = 1, .last_commit_ms = 9});
  t.launcher.Of("a")->callbacks.on_end(
      Judge(Exited{0}),
      contract::EncodeReport({.table = "a", .to = {{0, 1}}, .rows = 7, .dead_letters = 1, .left_alone = 4}));
  t.scheduler->Advance();
  t.Produce("a");
  t.Pass(seconds(32));
  t.Say("a", contract::Progress{.next = {{0, 1}}, .rows = 2, .left_alone = 2});
  for (const auto& record : t.scheduler->Records()) {
    if (record.table != "a") continue;
    CHECK(record.rows == 9);
    CHECK(record.dead_letters == 1);
    CHECK(record.left_alone == 6);
    CHECK(record.last_commit_ms == 9);
  }
}

}  // namespace cdc::orchestrator
