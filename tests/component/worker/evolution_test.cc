// The source's columns change while its events stream, and values that were not sent come back from the
// table.

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/component/worker/captured.h"
#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
#include "tests/component/worker/typed_event.h"

namespace cdc::worker {
namespace {

TEST_CASE("unchanged TOAST values come back from the table, one run per event") {
  const std::string topic = "university-server.public.course";
  const auto captured = ReadCaptured("schema_precise.jsonl").at(topic);
  Pipeline pipeline;
  pipeline.Configure("[tables.course]\n");
  pipeline.MakeTopic(topic);
  for (size_t i = 0; i < captured.events.size(); ++i) {
    pipeline.Send(topic, {captured.events[i]});
    const Ended ended = pipeline.Drain("course");
    INFO("event " << i << ": " << ended.report.reason << ended.log);
    // The first half of a key change waits for its second; alone at the end of the topic it is committed
    // after a second.
    REQUIRE(ended.exit == 0);
    CHECK(ended.report.to.at(0) == static_cast<int64_t>(i + 1));
  }
  CHECK(Differences(pipeline, "final", {"course"}) == "");
}

TEST_CASE("every kind of unchanged TOAST value is recognised") {
  Changes changes("toast");
  const std::string bytes = "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==";  // the placeholder in base64
  const json row = {{"id", 1},
                    {"n", 1},
                    {"doc", "text"},
                    {"raw", "AQID"},
                    {"tags", {"a", nullptr, "b"}},
                    {"tree", R"({"a":1})"}};
  const json unchanged = {{"id", 1},
                          {"n", 2},
                          {"doc", kUnchangedToast},
                          {"raw", bytes},
                          {"tags", {kUnchangedToast}},
                          {"tree", kUnchangedToast}};
  Pipeline pipeline;
  pipeline.Configure("[tables.toast.columns]\nraw = \"bytea\"\ntags = \"text[]\"\ntree = \"jsonb\"\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), {changes.Create(row)});
  REQUIRE(pipeline.Drain("toast").exit == 0);
  pipeline.Send(changes.topic(), {changes.Update(unchanged)});
  const Ended ended = pipeline.Drain("toast");
  INFO(ended.report.reason << ended.log);
  CHECK(ended.exit == 0);
  json expected = row;
  expected["n"] = 2;
  expected["raw"] = "b'\\x01\\x02\\x03'";
  CHECK(RowsById(Dump(pipeline, {"toast"})["toast"]).at(1) == expected);
}

TEST_CASE("columns come, go and widen mid-stream, the key's too") {
  const Typed first{"shape", {{"id", "int32"}, {"n", "int32"}, {"gone", "string"}}};
  const Typed wide{"shape", {{"id", "int32"}, {"n", "int64"}, {"gone", "string"}, {"added", "string"}}};
  const Typed last{"shape", {{"id", "int64"}, {"n", "int64"}, {"added", "string"}, {"ratio", "double"}}};
  const int64_t large = 5'000'000'000;
  const std::string topic = "university-server.public.shape";
  Pipeline pipeline;
  pipeline.Configure("[tables.shape]\n");
  pipeline.MakeTopic(topic);
  const std::vector<Event> events = {
      first.Of("c", {{"id", 1}, {"n", 1}, {"gone", "a"}}),
      first.Of("c", {{"id", 2}, {"n", 2}, {"gone", "b"}}),
      first.Of("c", {{"id", 3}, {"n", 3}, {"gone", "c"}}),
      wide.Of("u", {{"id", 2}, {"n", large}, {"gone", "b"}, {"added", "new"}}),
      last.Of("u", {{"id", 3}, {"n", 4}, {"added", "late"}, {"ratio", 0.5}}),
      last.Of("c", {{"id", large}, {"n", large}, {"added", nullptr}, {"ratio", nullptr}}),
      last.Of("u", {{"id", large}, {"n", 6}, {"added", "x"}, {"ratio", 1e300}}),
  };
  const std::map<int64_t, json> expected = {
      {1, {{"id", 1}, {"n", 1}, {"gone", "a"}, {"added", nullptr}, {"ratio", nullptr}}},
      {2, {{"id", 2}, {"n", large}, {"gone", "b"}, {"added", "new"}, {"ratio", nullptr}}},
      {3, {{"id", 3}, {"n", 4}, {"gone", nullptr}, {"added", "late"}, {"ratio", 0.5}}},
      {large, {{"id", large}, {"n", 6}, {"gone", nullptr}, {"added", "x"}, {"ratio", 1e300}}},
  };
  SECTION("in one run") {
    pipeline.Send(topic, events);
    const Ended ended = pipeline.Drain("shape");
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.exit == 0);
  }
  SECTION("one run per event") {
    for (const Event& event : events) {
      pipeline.Send(topic, {event});
      const Ended ended = pipeline.Drain("shape");
      INFO(ended.report.reason << ended.log);
      REQUIRE(ended.exit == 0);
    }
  }
  const json table = Dump(pipeline, {"shape"})["shape"];
  CHECK(RowsById(table) == expected);
  CHECK(table["columns"]["id"] == "long");
  CHECK(table["columns"]["n"] == "long");
}

TEST_CASE("a column that events without a schema bring along is added with what JSON says it is") {
  Changes changes("grown");
  Pipeline pipeline;
  pipeline.Configure("[tables.grown]\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"n", 1}})});
  REQUIRE(pipeline.Drain("grown").exit == 0);
  pipeline.Send(changes.topic(),
                {changes.Create({{"id", 2}, {"n", 2}, {"phone", nullptr}}),
                 changes.Create({{"id", 3}, {"n", 3}, {"phone", "555"}, {"score", 1.5}, {"active", true}}),
                 changes.Create({{"id", 4}, {"phone", "556"}}), changes.Update({{"id", 1}, {"n", 5}})});
  const Ended ended = pipeline.Drain("grown");
  INFO(ended.report.reason << ended.log);
  REQUIRE(ended.exit == 0);
  CHECK(ended.report.dead_letters == 0);
  const json table = Dump(pipeline, {"grown"})["grown"];
  const auto row = [](int64_t id, const json& n, const json& phone, const json& score, const json& active) {
    return json{{"id", id}, {"n", n}, {"phone", phone}, {"score", score}, {"active", active}};
  };
  CHECK(RowsById(table) == std::map<int64_t, json>{{1, row(1, 5, nullptr, nullptr, nullptr)},
                                               {2, row(2, 2, nullptr, nullptr, nullptr)},
                                               {3, row(3, 3, "555", 1.5, true)},
                                               {4, row(4, nullptr, "556", nullptr, nullptr)}});
}

}  // namespace
}  // namespace cdc::worker
