// Messages that are right but unusual, and topics that are not what the table expects.

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
#include "tests/component/worker/letters.h"

namespace cdc::worker {

using nlohmann::json;

namespace {

/// A table of its own name, its topic filled with `first` and drained.
struct Started {
  Started(const std::string& name, const std::vector<Event>& first, const std::string& settings = "")
      : table(name), topic(Changes(name).topic()) {
    pipeline.Configure("[tables." + name + "]\n" + settings);
    pipeline.MakeTopic(topic);
    pipeline.Send(topic, first);
    ended = pipeline.Drain(name);
  }
  void SendAndDrain(const std::vector<Event>& events) {
    pipeline.Send(topic, events);
    ended = pipeline.Drain(table);
  }
  std::map<std::string, json> Rows() {
    std::map<std::string, json> rows;
    const json found = Dump(pipeline, {table});
    for (const json& row : found.at(table).at("rows")) rows[row["id"].dump()] = row["n"];
    return rows;
  }

  std::string table, topic;
  Pipeline pipeline;
  Ended ended;
};

using Rows = std::map<std::string, json>;

}  // namespace

TEST_CASE("text keys are the same however their characters are escaped") {
  Changes changes("text");
  const std::string odd = "ü\"/\n😀";
  Started started("text", {changes.Create({{"id", odd}, {"n", 1}}), changes.Create({{"id", "b"}, {"n", 1}}),
                           changes.Create({{"id", ""}, {"n", 1}})});
  REQUIRE(started.ended.exit == 0);
  Event escaped = changes.Delete(odd), spaced = changes.Delete("b");
  escaped.key = R"({"id":"\u00fc\"\/\n\ud83d\ude00"})";
  spaced.key = R"({ "id" : "b" })";
  started.SendAndDrain({escaped, spaced});
  INFO(started.ended.log);
  CHECK(started.ended.exit == 0);
  CHECK(started.Rows() == Rows{{"\"\"", 1}});
}

TEST_CASE("a table is not begun with the middle of its topic without a word") {
  Changes changes("middle");
  Pipeline pipeline;
  pipeline.Configure("[tables.middle]\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(),
                {changes.Create({{"id", 1}, {"n", 1}}), changes.Create({{"id", 2}, {"n", 1}})});
  pipeline.Trim(changes.topic(), 1);
  const Ended first = pipeline.Drain("middle");
  CHECK(first.exit == 0);
  CHECK(first.log.find("begun with offset 1 of " + changes.topic()) != std::string::npos);
  pipeline.Send(changes.topic(), {changes.Create({{"id", 3}, {"n", 1}})});
  CHECK(pipeline.Drain("middle").log.find("begun with") == std::string::npos);
}

TEST_CASE("the payload may come before its schema") {
  Changes changes("order");
  Event event = changes.Create({{"id", 1}, {"n", 1}});
  event.value = "{\"payload\":" + *event.value + ",\"schema\":null}";
  Started started("order", {event});
  INFO(started.ended.log);
  CHECK(started.ended.report.dead_letters == 0);
  CHECK(started.Rows() == Rows{{"1", 1}});
}

TEST_CASE("a delete without a before image may be the first event of a run") {
  Changes changes("nobefore");
  Started started("nobefore", {changes.Create({{"id", 1}, {"n", 1}}), changes.Create({{"id", 2}, {"n", 1}})});
  Event removal = changes.Delete(1);
  removal.value = R"({"before":null,"after":null,"op":"d","source":{"schema":"public","table":"nobefore"}})";
  started.SendAndDrain({removal});
  CHECK(started.ended.exit == 0);
  CHECK(started.Rows() == Rows{{"2", 1}});
}

TEST_CASE("a TRUNCATE may be the first event of a run of an append-only table") {
  Changes changes("log");
  Started started("log", {changes.Create({{"id", 1}, {"n", 1}})}, "mode = \"append\"\n");
  started.SendAndDrain({changes.Truncate()});
  INFO(started.ended.log);
  const json rows = Dump(started.pipeline, {"log"})["log"]["rows"];
  REQUIRE(rows.size() == 2);
  CHECK((rows[0]["_cdc_operation"] == "t" || rows[1]["_cdc_operation"] == "t"));
}

TEST_CASE("tombstones of another table in the same topic leave our rows alone") {
  Changes ours("mine"), theirs("other");
  Started started("mine", {ours.Create({{"id", 1}, {"n", 1}}), theirs.Create({{"id", 1}, {"n", 9}})});
  REQUIRE(started.ended.exit == 0);
  started.SendAndDrain({theirs.Tombstone(1)});
  CHECK(started.ended.exit == 0);
  CHECK(started.Rows() == Rows{{"1", 1}});
}

TEST_CASE("a primary key that changes at the source holds the table before rows collapse") {
  Changes changes("keyed");
  Started started("keyed", {changes.Create({{"id", 1}, {"n", 1}})});
  Event extended = changes.Create({{"id", 1}, {"n", 2}});
  extended.key = R"({"id":1,"n":2})";
  started.SendAndDrain({extended});
  CHECK(started.ended.exit == 78);
  CHECK(started.ended.report.reason.find("cdc reset keyed") != std::string::npos);
  CHECK(started.Rows() == Rows{{"1", 1}});
}

TEST_CASE("a primary key that changes or goes while a worker reads holds the table, too") {
  Changes changes("keyed");
  Started started("keyed", {changes.Create({{"id", 1}, {"n", 1}})});
  Event other = changes.Create({{"id", 1}, {"n", 3}});
  other.key = GENERATE(as<std::optional<std::string>>{}, R"({"id":1,"n":3})", R"({"n":3})", std::nullopt);
  // The run begins with what it knows.
  started.SendAndDrain({changes.Create({{"id", 2}, {"n", 2}}), other});
  INFO(started.ended.report.reason);
  CHECK(started.ended.exit == 78);
  CHECK(started.ended.report.reason.find("cdc reset keyed") != std::string::npos);
  CHECK(started.ended.report.reason.find(other.key ? "changed" : "dropped") != std::string::npos);
  CHECK(started.Rows() == Rows{{"1", 1}});
}

TEST_CASE("a key's values may look like another key") {
  Changes changes("text");
  const std::string comma = R"(,"n":1,"m":{)";
  Started started("text",
                  {changes.Create({{"id", "b"}, {"n", 1}}), changes.Create({{"id", comma}, {"n", 2}}),
                   changes.Create({{"id", "\"id\":"}, {"n", 3}}), changes.Create({{"id", "a,"}, {"n", 4}})});
  INFO(started.ended.report.reason);
  CHECK(started.ended.exit == 0);
  CHECK(started.Rows().size() == 4);
}

TEST_CASE("column names that readers may not expect stay as they are") {
  Changes changes("names");
  Started started(
      "names", {changes.Create(
                   {{"id", 1}, {"n", 1}, {"a.b", 3}, {"x y", 5}, {"file_path", 7}, {"pos", 8}, {"ş", 9}})});
  REQUIRE(started.ended.exit == 0);
  const json row = Dump(started.pipeline, {"names"})["names"]["rows"][0];
  for (const auto& [name, value] : Rows{{"a.b", 3}, {"x y", 5}, {"file_path", 7}, {"pos", 8}, {"ş", 9}}) {
    CHECK(row[name] == value);
  }
}

TEST_CASE("wide rows keep to a small budget") {
  Changes changes("wide");
  std::vector<Event> events;
  for (int i = 0; i < 40; ++i) {
    events.push_back(changes.Create({{"id", i}, {"n", i}, {"doc", std::string(100'000, 'x')}}));
  }
  Started started("wide", events, "memory = \"32MB\"\n");
  CHECK(started.ended.exit == 0);
#ifndef __SANITIZE_THREAD__
  CHECK(started.ended.report.peak_rss_bytes < (100 << 20));
#endif
  CHECK(started.Rows().size() == 40);
}

}  // namespace cdc::worker
