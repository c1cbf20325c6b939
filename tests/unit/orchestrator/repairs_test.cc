/// One table is paused, restarted or lent to a command while all others go on.

#include "orchestrator/repairs.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/orchestrator/scheduler_bench.h"

namespace cdc::orchestrator {
namespace {

/// Tables a and b with a worker each.
struct Bench : SchedulerBench {
  explicit Bench(const std::string& limits = "") : SchedulerBench(limits + "[tables.a]\n[tables.b]\n") {
    source.contents = {{"p.public.a", {{0, 0}}}, {"p.public.b", {{0, 0}}}};
    Answer();
    for (const char* table : {"a", "b"}) {
      Produce(table);
      Say(table, contract::Ready{});
      REQUIRE(StateOf(table) == "Running");
    }
  }
  Repairs& repairs() { return scheduler->repairs(); }
  /// \return whether it is lent by now
  bool Lend(const std::string& table) {
    lent = false;
    REQUIRE(repairs().Lend(table, "cdc reset", [this] { lent = true; }).has_value());
    scheduler->Advance();
    return lent;
  }
  bool lent = false;
};

}  // namespace

TEST_CASE("a paused table has no worker until it is resumed, and then at once; others go on") {
  Bench t;
  REQUIRE(t.repairs().Pause("a").has_value());
  CHECK(t.launcher.Of("a")->told == std::vector{contract::Command::kStop});
  t.End("a", Exited{0});
  CHECK(t.StateOf("a") == "Paused");
  CHECK(t.InLedger("a").paused);
  CHECK(t.StateOf("b") == "Running");
  t.Produce("a");
  t.Pass(seconds(120));
  CHECK(t.StateOf("a") == "Paused");
  CHECK(t.launcher.starts.size() == 2);
  CHECK(t.repairs().Trigger("a").error().kind == ErrorKind::kConflict);
  CHECK(t.repairs().Restart("a").error().kind == ErrorKind::kConflict);
  CHECK(t.repairs().Pause("a").has_value());
  REQUIRE(t.repairs().Resume("a").has_value());
  t.scheduler->Advance();
  CHECK(t.StateOf("a") == "Starting");
  CHECK_FALSE(t.InLedger("a").paused);
  CHECK(t.repairs().Pause("zzz").error().kind == ErrorKind::kInvalidConfig);
}

TEST_CASE("a pause outlives the orchestrator and new settings") {
  Bench t;
  REQUIRE(t.repairs().Pause("a").has_value());
  t.Restart();  // killed before its worker had left
  t.Answer();
  CHECK(t.StateOf("a") == "Paused");
  t.Reload("[tables.a]\nmemory = \"64MB\"\n[tables.b]\n");
  t.Pass(seconds(60));
  CHECK(t.StateOf("a") == "Paused");
  t.Restart();
  CHECK(t.StateOf("a") == "Paused");
  REQUIRE(t.repairs().Resume("a").has_value());
  t.scheduler->Advance();
  CHECK(t.StateOf("a") == "Starting");
  t.Restart();
  CHECK(t.StateOf("a") != "Paused");
}

TEST_CASE("a restarted table's worker leaves and another starts, whatever the rate limit") {
  Bench t;
  REQUIRE(t.repairs().Restart("a").has_value());
  CHECK(t.launcher.Of("a")->told == std::vector{contract::Command::kStop});
  t.End("a", Exited{0});
  CHECK(t.StateOf("a") == "Starting");
  CHECK(t.launcher.Of("b")->told.empty());
}

TEST_CASE("a table is lent when its worker has left, and starts at once when the command has finished") {
  Bench t;
  CHECK_FALSE(t.Lend("a"));
  CHECK(t.repairs().Lend("a", "another", [] {}).error().kind == ErrorKind::kConflict);
  t.End("a", Exited{0});
  CHECK(t.lent);
  CHECK(t.StateOf("a") == "Paused");
  CHECK_FALSE(t.InLedger("a").paused);
  t.Produce("a");
  t.Pass(seconds(60));
  CHECK(t.StateOf("a") == "Paused");
  CHECK(t.StateOf("b") == "Running");
  t.repairs().TakeBack("a", true);
  t.scheduler->Advance();
  CHECK(t.StateOf("a") == "Starting");
}

TEST_CASE("what was Held is Held again after a command that changed nothing, and starts after one that did") {
  Bench t;
  t.End("a", Exited{78}, "no key");
  REQUIRE(t.StateOf("a") == "Held");
  CHECK(t.Lend("a"));
  t.repairs().TakeBack("a", false);  // killed
  t.scheduler->Advance();
  CHECK(t.StateOf("a") == "Held");
  CHECK(t.scheduler->Records()[0].reason == "no key");
  CHECK_FALSE(t.scheduler->Records()[0].hint.empty());
  CHECK(t.Lend("a"));
  t.repairs().TakeBack("a", true);
  t.scheduler->Advance();
  CHECK(t.StateOf("a") == "Starting");
}

TEST_CASE("a client that goes before the worker has left gets nothing, and the table goes on") {
  Bench t;
  CHECK_FALSE(t.Lend("a"));
  t.repairs().TakeBack("a", false);
  t.End("a", Exited{0});
  CHECK_FALSE(t.lent);
  CHECK(t.StateOf("a") == "Starting");
}

TEST_CASE("a loan ends, the operator's pause stays; and the other way round") {
  Bench t;
  REQUIRE(t.repairs().Pause("a").has_value());
  t.End("a", Exited{0});
  CHECK(t.Lend("a"));
  CHECK(t.scheduler->Records()[0].reason.find("cdc reset") != std::string::npos);
  t.repairs().TakeBack("a", true);
  CHECK(t.StateOf("a") == "Paused");
  CHECK(t.Lend("a"));
  REQUIRE(t.repairs().Resume("a").has_value());
  CHECK(t.StateOf("a") == "Paused");
  t.repairs().TakeBack("a", true);
  t.scheduler->Advance();
  CHECK(t.StateOf("a") == "Starting");
}

TEST_CASE("a table that was lent when the orchestrator died is not paused for the next one") {
  Bench t;
  t.Lend("a");
  t.End("a", Exited{0});
  REQUIRE(t.lent);
  t.Restart();
  CHECK(t.StateOf("a") == "Idle");
}

TEST_CASE("a table that is removed while it is lent or paused goes") {
  Bench t;
  t.Lend("a");
  t.End("a", Exited{0});
  t.Reload("[tables.b]\n");
  CHECK(t.StateOf("a") == "none");
  t.repairs().TakeBack("a", true);
  t.scheduler->Advance();
  CHECK(t.StateOf("b") == "Running");
}

TEST_CASE("a run has one name: in the ledger, in the launcher's specification, in the log") {
  Bench t;
  const auto runs = t.ledger->Runs("a", 1);
  REQUIRE(runs.has_value());
  CHECK(t.launcher.Of("a")->spec.run == std::to_string(runs->front().id));
}

TEST_CASE("outages are known with their beginning until a commit or a good end") {
  Bench t;
  t.End("a", Exited{75}, "s3 answers 503");
  const auto record = [&] { return t.scheduler->Records()[0]; };
  CHECK(record().waiting_for == "s3 answers 503");
  const int64_t since = record().waiting_since_ms;
  CHECK(since > 0);
  t.Pass(seconds(60));
  REQUIRE(t.StateOf("a") == "Starting");
  CHECK(record().waiting_for == "s3 answers 503");
  t.End("a", Exited{75}, "s3 answers 500");
  CHECK(record().waiting_for == "s3 answers 500");
  CHECK(record().waiting_since_ms == since);
  t.scheduler->Save();
  t.Restart();
  CHECK(record().waiting_since_ms == since);
  t.Pass(seconds(60));
  t.Say("a", contract::Ready{});
  t.Say("a", contract::Progress{.next = {{0, 1}}, .last_commit_ms = 7});
  CHECK(record().waiting_for.empty());
}

TEST_CASE("lag is what the ends of now say, whatever the worker told last") {
  Bench t;
  t.Say("a", contract::Progress{.next = {{0, 1}}, .lag = 0, .caught_up = true, .last_commit_ms = 7});
  t.Pass(seconds(20));
  CHECK(t.scheduler->Records()[0].lag == 0);
  t.source.AnswerSpans();
  t.source.contents["p.public.a"][0] = 60'001;
  t.clock.Pass(Millis(2'000));
  bool fresh = false;
  t.scheduler->RefreshLag([&] { fresh = true; });
  CHECK_FALSE(fresh);
  t.source.AnswerSpans();
  CHECK(fresh);
  const auto record = t.scheduler->Records()[0];
  CHECK(record.lag == 60'000);
  const int64_t now_ms = UnixMillis(t.clock.wall());
  const auto behind = contract::LagSeconds(record.lag, record.current_ms, now_ms);
  REQUIRE(behind.has_value());
  CHECK(*behind >= 1);
  CHECK(*behind < 30);
  fresh = false;
  t.scheduler->RefreshLag([&] { fresh = true; });  // known by now
  CHECK(fresh);
}

TEST_CASE("dead letters in a row count up over runs until a change is applied") {
  Bench t;
  const auto record = [&] { return t.scheduler->Records()[0]; };
  t.Say("a", contract::Progress{.events = 2, .dead_letters = 2});
  CHECK(record().letters_in_a_row == 2);
  CHECK(record().dead_letter_ms > 0);
  t.Say("a", contract::Progress{.events = 3, .dead_letters = 3});
  CHECK(record().letters_in_a_row == 3);
  t.Say("a", contract::Progress{.events = 5, .dead_letters = 4, .changes = 1, .live_rows = 17});
  CHECK(record().letters_in_a_row == 0);
  CHECK(record().changes == 1);
  CHECK(record().live_rows == 17);
}

}  // namespace cdc::orchestrator
