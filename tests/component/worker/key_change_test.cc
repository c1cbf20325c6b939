// Key changes (a delete, a tombstone and a create) and what may go wrong between their halves.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
#include "tests/component/worker/letters.h"

namespace cdc::worker {

using nlohmann::json;

TEST_CASE("a malformed first message of a run taints its key") {
  Changes changes("first");
  Pipeline pipeline;
  pipeline.Configure("[tables.first]\n");
  pipeline.MakeTopic(changes.topic());
  std::vector<Event> sent = {changes.Create({{"id", 1}, {"n", 1}, {"doc", "old"}})};
  pipeline.Send(changes.topic(), sent);
  REQUIRE(pipeline.Drain("first").exit == 0);
  const std::vector<Event> more = {
      Broken(changes.Update({{"id", 1}}), "{\"after\":{\"id\":1,\"n\":2,\"doc\":\"new"),
      changes.Update({{"id", 1}, {"n", 3}, {"doc", kUnchangedToast}})};
  pipeline.Send(changes.topic(), more);
  sent.insert(sent.end(), more.begin(), more.end());
  const Ended ended = pipeline.Drain("first");
  INFO(ended.log);
  CHECK(CheckedLetters(pipeline, changes.topic(), sent) == std::set<int64_t>{1, 2});
  CHECK(Column(Dump(pipeline, {"first"})["first"], "n") == std::map<int64_t, json>{{1, 1}});
}

TEST_CASE("a tombstone that starts a run removes its row") {
  Changes changes("compacted");
  Pipeline pipeline;
  pipeline.Configure("[tables.compacted]\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(),
                {changes.Create({{"id", 1}, {"n", 1}}), changes.Create({{"id", 2}, {"n", 1}})});
  REQUIRE(pipeline.Drain("compacted").exit == 0);
  pipeline.Send(changes.topic(), {changes.Tombstone(1)});
  const Ended ended = pipeline.Drain("compacted");
  INFO(ended.log);
  CHECK(Column(Dump(pipeline, {"compacted"})["compacted"], "n") == std::map<int64_t, json>{{2, 1}});
}

TEST_CASE("a new column that comes with a key change and an unchanged TOAST value") {
  Changes changes("moved");
  Pipeline pipeline;
  pipeline.Configure("[tables.moved]\n");
  pipeline.MakeTopic(changes.topic());
  std::vector<Event> sent = {changes.Create({{"id", 1}, {"n", 1}, {"doc", "kept"}})};
  for (int64_t n = 0; n < 3000; ++n)
    sent.push_back(changes.Create({{"id", 100 + n}, {"n", n}, {"doc", "x"}}));
  for (Event& event : changes.Move(1, {{"id", 2}, {"n", 2}, {"doc", kUnchangedToast}, {"phone", "555"}})) {
    sent.push_back(std::move(event));
  }
  pipeline.Send(changes.topic(), sent);
  const Ended ended = pipeline.Drain("moved");
  INFO(ended.log);
  CHECK(ended.report.dead_letters == 0);
  const json table = Dump(pipeline, {"moved"})["moved"];
  CHECK(Column(table, "doc")[2] == json("kept"));
}

TEST_CASE("a key change whose second half comes late keeps its TOAST value") {
  Changes changes("late");
  Pipeline pipeline;
  pipeline.Configure("[tables.late]\n");
  pipeline.MakeTopic(changes.topic());
  const auto move = changes.Move(1, {{"id", 2}, {"n", 2}, {"doc", kUnchangedToast}});
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"n", 1}, {"doc", "kept"}}), move[0], move[1]});
  REQUIRE(pipeline.Drain("late").exit == 0);
  pipeline.Send(changes.topic(), {move[2]});
  const Ended ended = pipeline.Drain("late");
  INFO(ended.log);
  CHECK(ended.report.dead_letters == 0);
  const json table = Dump(pipeline, {"late"})["late"];
  CHECK(Column(table, "doc") == std::map<int64_t, json>{{2, "kept"}});
}

TEST_CASE("a key change that Debezium sends twice") {
  Changes changes("twice");
  Pipeline pipeline;
  pipeline.Configure("[tables.twice]\n");
  pipeline.MakeTopic(changes.topic());
  const auto move = changes.Move(1, {{"id", 2}, {"n", 2}, {"doc", kUnchangedToast}});
  const auto go = [&](bool apart) {
    pipeline.Send(changes.topic(),
                  {changes.Create({{"id", 1}, {"n", 1}, {"doc", "kept"}}), move[0], move[1], move[2]});
    if (apart) REQUIRE(pipeline.Drain("twice").exit == 0);
    pipeline.Send(changes.topic(), {move[0], move[1], move[2],
                                    changes.Update({{"id", 2}, {"n", 9}, {"doc", kUnchangedToast}})});
    const Ended ended = pipeline.Drain("twice");
    INFO(ended.log);
    CHECK(ended.report.dead_letters == 0);
    const json table = Dump(pipeline, {"twice"})["twice"];
    CHECK(Column(table, "doc") == std::map<int64_t, json>{{2, "kept"}});
    CHECK(Column(table, "n") == std::map<int64_t, json>{{2, 9}});
  };
  SECTION("apart") { go(true); }
  SECTION("together") { go(false); }
}

/// Debezium goes on where its last stored offset is: after a crash, any part of what it has sent comes again.
TEST_CASE("what is sent again of a key change costs neither the row nor its TOAST value") {
  Changes changes("again");
  Pipeline pipeline;
  pipeline.Configure("[tables.again]\n");
  pipeline.MakeTopic(changes.topic());
  const auto move = changes.Move(1, {{"id", 2}, {"n", 3}, {"doc", kUnchangedToast}});
  const std::map<char, Event> all = {{'m', changes.Create({{"id", 1}, {"n", 1}, {"doc", "kept"}})},
                                     {'u', changes.Update({{"id", 1}, {"n", 2}, {"doc", kUnchangedToast}})},
                                     {'d', move[0]},
                                     {'t', move[1]},
                                     {'c', move[2]},
                                     {'v', changes.Update({{"id", 2}, {"n", 4}, {"doc", kUnchangedToast}})}};
  // Each word is what one run reads; all of them end as if nothing had been sent twice.
  const std::vector<std::string> runs =
      GENERATE(values<std::vector<std::string>>({{"m", "ddtcv"},
                                                 {"m", "dtdtcv"},
                                                 {"m", "dt", "dtcv"},
                                                 {"m", "ududtcv"},
                                                 {"mududtcv"},
                                                 {"m", "ud", "udtcv"},
                                                 {"m", "udtcudtcv"},
                                                 {"m", "udtc", "u", "dtcv"},
                                                 {"m", "udtcu", "dtcv"},
                                                 {"m", "udtc", "ud", "tcv"}}));
  std::string last;
  for (const std::string& run : runs) {
    std::vector<Event> sent;
    for (const char each : run) sent.push_back(all.at(each));
    pipeline.Send(changes.topic(), sent);
    const Ended ended = pipeline.Drain("again");
    REQUIRE(ended.exit == 0);
    last += run + ": " + ended.log;
  }
  INFO(last);
  const json table = Dump(pipeline, {"again"})["again"];
  CHECK(Column(table, "n") == std::map<int64_t, json>{{2, 4}});
  CHECK(Column(table, "doc") == std::map<int64_t, json>{{2, "kept"}});
}

TEST_CASE("an old key that lives again before its change is complete keeps its new row") {
  Changes changes("again");
  Pipeline pipeline;
  pipeline.Configure("[tables.again]\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"n", 1}, {"doc", "kept"}})});
  REQUIRE(pipeline.Drain("again").exit == 0);
  const auto move = changes.Move(1, {{"id", 2}, {"n", 2}, {"doc", kUnchangedToast}});
  pipeline.Send(changes.topic(), {move[0], move[1], changes.Create({{"id", 1}, {"n", 5}, {"doc", "other"}})});
  REQUIRE(pipeline.Drain("again").exit == 0);
  const json between = Dump(pipeline, {"again"})["again"];
  CHECK(Column(between, "doc") == std::map<int64_t, json>{{1, "other"}});
  pipeline.Send(changes.topic(), {move[2]});
  const Ended ended = pipeline.Drain("again");
  INFO(ended.log);
  CHECK(ended.report.dead_letters == 0);
  const json after = Dump(pipeline, {"again"})["again"];
  CHECK(Column(after, "doc") == std::map<int64_t, json>{{1, "other"}, {2, "kept"}});
}

}  // namespace cdc::worker
