#include "orchestrator/backlogs.h"

#include "tests/unit/orchestrator/parts_bench.h"

namespace cdc::orchestrator {
namespace {

struct Bench : PartsBench {
  explicit Bench(const std::string& lines = "[tables.a]\n[tables.b]\n", bool drain = false)
      : PartsBench(lines),
        backlogs(
            clock, source, tables, *writer, guard, log::Logger(),
            [this](JobEntry& entry, const Event& event) {
              feed(entry, event);
              if (std::holds_alternative<LagSeen>(event)) In(entry.name(), Phase::kPending);
            },
            BacklogOptions{.drain = drain}) {
    backlogs.Configure(config);
  }
  /// Asks what is due and answers it, twice: for topics and then for spans.
  void Look() {
    for (int i = 0; i < 2; ++i) {
      backlogs.Advance();
      source.Answer();
    }
  }
  Backlogs backlogs;
};

}  // namespace

TEST_CASE("topics find their tables, and idle ones are listened to") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 0}}}, {"p.public.other", {{0, 0}}}};
  t.Look();
  CHECK(t.tables.WaitingFor("p.public.a") == std::vector{t.tables.Find("a")});
  CHECK(t.source.listening.contains("p.public.a"));
  CHECK(t.source.listening.size() == 1);
  CHECK_FALSE(t.tables.Find("b")->topic.has_value());
  CHECK(t.woken > 0);
}

TEST_CASE("discovered topics become tables, dead letters do not") {
  Bench t("[defaults]\ndiscover = true\n");
  t.source.contents = {{"p.public.x", {{0, 0}}}, {"p.public.x.dlq", {{0, 0}}}};
  t.Look();
  REQUIRE(t.tables.all().size() == 1);
  CHECK(t.tables.WaitingFor("p.public.x") == std::vector{t.tables.Find("x")});
}

TEST_CASE("a sweep leaves fresh lag to the listener, and feeds what stays") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 3}}}};
  t.Look();
  CHECK(t.Fed<LagSeen>().empty());
  CHECK(t.tables.Find("a")->lag_since.has_value());
  t.clock.Pass(seconds(2));
  t.Look();
  CHECK(t.Fed<LagSeen>() == Names{"a"});
}

TEST_CASE("a drain listens to nothing, and is over when a complete look finds no lag") {
  Bench t("[tables.a]\n", true);
  t.source.contents = {{"p.public.a", {{0, 1}}}};
  t.Look();
  CHECK(t.source.listening.empty());
  CHECK(t.Fed<LagSeen>() == Names{"a"});
  t.In("a", Phase::kRunning);
  t.clock.Pass(seconds(11));
  t.Look();
  CHECK_FALSE(t.backlogs.drained());  // its worker runs
  t.In("a", Phase::kIdle).next = {{0, 1}};
  t.backlogs.NoteEnd();
  t.Look();
  CHECK(t.backlogs.drained());
}

TEST_CASE("an answer that was asked for before a worker's end does not say that the table is too far") {
  Bench t("[tables.a]\n");
  t.source.contents = {{"p.public.a", {{0, 1}}}};
  t.Look();
  t.clock.Pass(seconds(11));
  t.backlogs.Advance();  // asks; the answer will be: 1
  t.tables.Find("a")->next = {{0, 5}};
  t.backlogs.NoteEnd();
  t.fed.clear();
  t.source.Answer();
  CHECK(t.Fed<LagSeen>().empty());
  t.clock.Pass(seconds(11));
  t.Look();  // asked afterwards it says so: another topic of the same name
  t.clock.Pass(seconds(3));
  t.Look();
  CHECK(t.Fed<LagSeen>() == Names{"a"});
}

TEST_CASE("a change wakes an idle table only, with its operation") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 0}}}};
  t.Look();
  t.backlogs.OnChange("p.public.unknown", "c");
  t.In("a", Phase::kRunning);
  t.backlogs.OnChange("p.public.a", "c");
  CHECK(t.fed.empty());
  t.In("a", Phase::kIdle);
  t.backlogs.OnChange("p.public.a", "u");
  CHECK(t.Fed<LagSeen>() == Names{"a"});
  CHECK(t.tables.Find("a")->detected_op == "u");
}

TEST_CASE("the ends of one topic are asked for at once; no answer is told, too") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 7}}}};
  t.Look();
  std::optional<int64_t> end;
  int answers = 0;
  auto take = [&](const std::map<int32_t, Span>* ends) {
    ++answers;
    end = ends ? std::optional(ends->at(0).end) : std::nullopt;
  };
  t.backlogs.AskEnds(*t.tables.Find("a"), take);
  t.source.Answer();
  CHECK(end == 7);
  t.backlogs.AskEnds(*t.tables.Find("a"), take);
  for (auto& [queries, done] : std::exchange(t.source.span_questions, {}))
    done(Error{ErrorKind::kTransient, "no answer"});
  CHECK(answers == 2);
  CHECK_FALSE(end.has_value());
}

TEST_CASE("stopped, it asks and listens no more") {
  Bench t;
  t.source.contents = {{"p.public.a", {{0, 0}}}};
  t.Look();
  CHECK(t.backlogs.NextWake().has_value());
  CHECK(t.backlogs.connected());
  t.backlogs.Stop();
  t.source.listening.clear();
  t.backlogs.Listen(*t.tables.Find("a"));
  CHECK(t.source.listening.empty());
  CHECK_FALSE(t.backlogs.NextWake().has_value());
}

}  // namespace cdc::orchestrator
