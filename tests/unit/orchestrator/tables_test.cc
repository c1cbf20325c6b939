#include "orchestrator/tables.h"

#include "tests/unit/orchestrator/parts_bench.h"

namespace cdc::orchestrator {

TEST_CASE("a table is found by its name, and by the topic it waits for") {
  using Waiting = std::vector<JobEntry*>;
  PartsBench t;
  JobEntry& a = *t.tables.Find("a");
  JobEntry& b = *t.tables.Find("b");
  CHECK(t.tables.Find("d") == nullptr);
  CHECK(t.tables.WaitingFor("x").empty());
  t.tables.SetTopic(a, {"x", 1});
  CHECK(t.tables.WaitingFor("x") == Waiting{&a});
  t.tables.SetTopic(a, {"y", 2});
  t.tables.SetTopic(b, {"y", 2});
  CHECK(t.tables.WaitingFor("x").empty());
  CHECK(t.tables.WaitingFor("y") == Waiting{&a, &b});
  t.In("a", Phase::kRunning);
  CHECK(t.tables.WaitingFor("y") == Waiting{&b});
  t.In("a", Phase::kIdle).removed = true;
  CHECK(t.tables.WaitingFor("y") == Waiting{&b});
  t.tables.DropTopic(b);
  CHECK(t.tables.WaitingFor("y").empty());
  CHECK_FALSE(b.topic.has_value());
  t.tables.Remove(a);
  CHECK(t.tables.Find("a") == nullptr);
}

TEST_CASE("only what time or a slot may move is awake") {
  PartsBench t;
  for (const Phase phase :
       {Phase::kPending, Phase::kStarting, Phase::kRunning, Phase::kStopping, Phase::kBackoff}) {
    t.In("a", phase);
    CHECK(t.tables.awake().contains("a"));
  }
  for (const Phase phase : {Phase::kIdle, Phase::kHeld}) {
    JobEntry& a = t.In("a", phase);
    CHECK_FALSE(t.tables.awake().contains("a"));
    a.removed = true;  // it has to be dropped
    t.tables.NoteAwake(a);
    CHECK(t.tables.awake().contains("a"));
    a.removed = false;
  }
}

TEST_CASE("tables are counted by what they do") {
  PartsBench t;
  CHECK(t.tables.active() == 0);
  t.In("a", Phase::kStarting);
  t.In("b", Phase::kStopping);
  t.In("c", Phase::kPending, Millis(1));
  CHECK(t.tables.active() == 2);
  CHECK_FALSE(t.tables.any_held());
  CHECK(t.tables.DueAt(t.clock.steady()).empty());
  CHECK(t.tables.DueAt(t.clock.steady() + Millis(1)).size() == 1);
  t.In("a", Phase::kHeld);
  CHECK(t.tables.active() == 1);
  CHECK(t.tables.any_held());
}

TEST_CASE("new limits reach every table") {
  PartsBench t;
  t.tables.ApplyLimits(*t.Config("[orchestrator]\nrate_limit = \"7s\"\n[tables.a]\n"));
  for (const auto& [name, entry] : t.tables.all()) CHECK(entry->rules.rate_limit == seconds(7));
}

}  // namespace cdc::orchestrator
