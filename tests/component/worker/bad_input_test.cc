// What cannot be applied goes to the dead-letter topic, exactly that, byte for byte; everything else is
// committed.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
#include "tests/component/worker/letters.h"

namespace cdc::worker {

using nlohmann::json;

TEST_CASE("bad messages are dead-lettered with their bytes and their reason, all others are applied") {
  Changes changes("bad");
  std::vector<Event> events = {
      changes.Create({{"id", 1}, {"n", 1}, {"amount", "fQ=="}, {"flag", true}, {"name", "whole"}}),
      Broken(changes.Update({{"id", 1}}), R"({"before":null,"after":{"id":1,"n":)"),
      Broken(changes.Update({{"id", 1}}), "no JSON at all"),
      Broken(changes.Update({{"id", 1}}), ""),
      Broken(changes.Update({{"id", 1}}), R"(["an","array"])"),
      Broken(changes.Update({{"id", 1}}), R"({"after":{"id":1},"op":"x","source":{}})"),
      changes.Create({{"id", 2}, {"n", "a text"}, {"amount", "fQ=="}, {"flag", true}, {"name", "n is text"}}),
      changes.Create({{"id", 3},
                      {"n", 9223372036854775808U},
                      {"amount", "fQ=="},
                      {"flag", true},
                      {"name", "n too large"}}),
      changes.Create(
          {{"id", 4}, {"n", 1.5}, {"amount", "fQ=="}, {"flag", true}, {"name", "n has a fraction"}}),
      changes.Create({{"id", 5}, {"n", 5}, {"amount", "12.34"}, {"flag", true}, {"name", "no base64"}}),
      changes.Create({{"id", 6}, {"n", 6}, {"amount", "SZYC0g=="}, {"flag", true}, {"name", "precision"}}),
      changes.Create({{"id", 7}, {"n", 7}, {"amount", "AtU="}, {"flag", "maybe"}, {"name", "flag is text"}}),
      changes.Create(
          {{"id", nullptr}, {"n", 9}, {"amount", "A4Q="}, {"flag", true}, {"name", "key is null"}}),
      Broken(changes.Create({{"id", 10}}),
             "{\"after\":{\"id\":10,\"n\":10,\"name\":\"\xff\xfe\"},\"op\":\"c\",\"source\":{}}"),
      changes.Create({{"id", 11}, {"n", nullptr}, {"amount", nullptr}, {"flag", nullptr}, {"name", nullptr}}),
  };
  Pipeline pipeline;
  pipeline.Configure(
      "[tables.bad.columns]\nn = \"bigint\"\namount = \"numeric(6,2)\"\nflag = \"boolean\"\nname = "
      "\"text\"\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), events);
  const Ended ended = pipeline.Drain("bad");
  INFO(ended.report.reason << ended.log);
  REQUIRE(ended.exit == 0);
  const auto letters = CheckedLetters(pipeline, changes.topic(), events);
  std::set<int64_t> expected;
  for (int64_t offset = 1; offset < 14; ++offset) expected.insert(offset);
  CHECK(letters == expected);
  CHECK(ended.report.dead_letters == static_cast<int64_t>(expected.size()));
  CHECK(ended.report.to.at(0) == static_cast<int64_t>(events.size()));
  CHECK(Column(Dump(pipeline, {"bad"})["bad"], "name") ==
        std::map<int64_t, json>{{1, "whole"}, {11, nullptr}});
}

TEST_CASE("what depends on a dead-lettered change is dead-lettered too, until a whole row comes") {
  Changes changes("tainted");
  const auto toast = [&](int64_t id, int64_t n) {
    return changes.Update({{"id", id}, {"n", n}, {"doc", kUnchangedToast}});
  };
  const std::vector<std::vector<Event>> runs = {
      {changes.Create({{"id", 1}, {"n", 1}, {"doc", "first"}}),
       changes.Create({{"id", 2}, {"n", 1}, {"doc", "second"}}),
       changes.Create({{"id", 3}, {"n", 1}, {"doc", "third"}})},
      // 3: its doc is lost; 4 needs it, 5 does not concern it, 6 still needs it
      {changes.Update({{"id", 1}, {"n", "bad"}, {"doc", "unknown"}}), toast(1, 2), toast(2, 2), toast(1, 3)},
      // the memory of it outlives the run
      {toast(1, 4)},
      // 8: a whole row heals, 9 may depend on it
      {changes.Update({{"id", 1}, {"n", 5}, {"doc", "healed"}}), toast(1, 6)},
      // 10: gone with the row; 12 depends on the new one
      {changes.Update({{"id", 3}, {"n", "bad"}, {"doc", "lost"}}), changes.Delete(3), changes.Tombstone(3),
       changes.Create({{"id", 3}, {"n", 7}, {"doc", "again"}}), toast(3, 8)},
  };
  Pipeline pipeline;
  pipeline.Configure("[tables.tainted.columns]\nn = \"bigint\"\n");
  pipeline.MakeTopic(changes.topic());
  std::vector<Event> sent;
  for (const auto& events : runs) {
    pipeline.Send(changes.topic(), events);
    sent.insert(sent.end(), events.begin(), events.end());
    const Ended ended = pipeline.Drain("tainted");
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.exit == 0);
  }
  CHECK(CheckedLetters(pipeline, changes.topic(), sent) == std::set<int64_t>{3, 4, 6, 7, 10});
  const json table = Dump(pipeline, {"tainted"})["tainted"];
  CHECK(Column(table, "doc") == std::map<int64_t, json>{{1, "healed"}, {2, "second"}, {3, "again"}});
  CHECK(Column(table, "n") == std::map<int64_t, json>{{1, 6}, {2, 2}, {3, 8}});
}

TEST_CASE("a change with a broken schema leaves its row as out of date as any other that is lost") {
  Changes changes("shapeless");
  Event lost = changes.Update({{"id", 1}, {"n", 2}, {"doc", "unknown"}});
  lost.value = R"({"schema":{},"payload":)" + *lost.value + "}";
  const std::vector<Event> events = {
      changes.Create({{"id", 1}, {"n", 1}, {"doc", "first"}}), lost,
      changes.Update({{"id", 1}, {"n", 3}, {"doc", kUnchangedToast}})};  // "unknown", not "first"
  Pipeline pipeline;
  pipeline.Configure("[tables.shapeless]\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), events);
  const Ended ended = pipeline.Drain("shapeless");
  INFO(ended.report.reason << ended.log);
  REQUIRE(ended.exit == 0);
  CHECK(CheckedLetters(pipeline, changes.topic(), events) == std::set<int64_t>{1, 2});
  CHECK(Column(Dump(pipeline, {"shapeless"})["shapeless"], "n") == std::map<int64_t, json>{{1, 1}});
}

TEST_CASE("on_error = stop holds the table at the first bad message") {
  Changes changes("strict");
  Pipeline pipeline;
  pipeline.Configure("[tables.strict]\non_error = \"stop\"\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(),
                {changes.Create({{"id", 1}, {"n", 1}}), Broken(changes.Update({{"id", 1}}), "{")});
  const Ended ended = pipeline.Drain("strict");
  INFO(ended.report.reason);
  CHECK(ended.exit == 78);
  CHECK(ended.report.reason.find("[0]@1") != std::string::npos);
}

}  // namespace cdc::worker
