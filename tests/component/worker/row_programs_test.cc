// select, where and counts into Iceberg tables, judged by an independent reader.

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
#include "tests/component/worker/letters.h"

namespace cdc::worker {
namespace {

using nlohmann::json;

json Rows(const Pipeline& pipeline, const std::string& table, const std::string& by = "id") {
  json rows = Dump(pipeline, {table})[table]["rows"];
  for (json& row : rows) row.erase("ingestion_time");
  std::sort(rows.begin(), rows.end(), [&](const json& a, const json& b) { return a[by] < b[by]; });
  return rows;
}

void Drain(Pipeline& pipeline, const std::string& table) {
  const Ended ended = pipeline.Drain(table);
  INFO(table << ": " << ended.report.reason << ended.log);
  REQUIRE(ended.exit == 0);
}

}  // namespace

TEST_CASE("an Iceberg table has the rows that its condition takes, with the columns of select") {
  Pipeline pipeline;
  Changes changes("people");
  pipeline.Configure(R"toml([tables.people]
where = "active"
select = { id = "id", mail = "lower(email)", bio = "bio", head = "left(bio, 3)" }
metadata_columns = [{ name = "_what", value = "operation()" }]
)toml");
  pipeline.MakeTopic(changes.topic());
  const auto person = [](int id, const char* bio, bool active) {
    return json{{"id", id}, {"email", "A@X"}, {"bio", bio}, {"active", active}};
  };
  pipeline.Send(changes.topic(),
                {changes.Read(person(1, "one", true)), changes.Read(person(2, "two", false)),
                 changes.Create(person(3, "three", true)), changes.Create(person(4, "four", true))});
  Drain(pipeline, "people");
  pipeline.Send(changes.topic(),
                {changes.Update(person(1, kUnchangedToast, true)), changes.Update(person(2, "two", true)),
                 changes.Update(person(3, kUnchangedToast, false)), changes.Delete(4)});
  Drain(pipeline, "people");
  CHECK(Rows(pipeline, "people") == json::parse(R"([
    {"id": 1, "mail": "a@x", "bio": "one", "head": "one", "_what": "UPDATE"},
    {"id": 2, "mail": "a@x", "bio": "two", "head": "two", "_what": "UPDATE"}])"));
}

TEST_CASE("rows without a key come and go by a condition, too") {
  Pipeline pipeline;
  pipeline.Configure(
      "[tables.log]\nwhere = \"n > 1\"\nselect = { n = \"n\", twice = \"n * 2\", op = \"op()\" }\n");
  const std::string topic = "university-server.public.log";
  pipeline.MakeTopic(topic);
  int lsn = 0;
  const auto event = [&](const char* op, const json& before, const json& after) {
    const json source = {{"schema", "public"}, {"table", "log"}, {"lsn", ++lsn}, {"ts_ms", 1}};
    return Event{
        std::nullopt, json{{"before", before}, {"after", after}, {"source", source}, {"op", op}}.dump(), {}};
  };
  const json one = {{"n", 1}}, two = {{"n", 2}}, three = {{"n", 3}};
  pipeline.Send(topic, {event("c", nullptr, two), event("c", nullptr, two), event("c", nullptr, one),
                        event("c", nullptr, three)});
  Drain(pipeline, "log");
  pipeline.Send(topic, {event("u", two, one), event("u", one, three), event("d", one, nullptr),
                        event("d", three, nullptr)});
  Drain(pipeline, "log");
  json rows = Rows(pipeline, "log", "n");
  for (json& row : rows) row.erase("op");
  CHECK(rows == json::parse(R"([{"n": 2, "twice": 4}, {"n": 3, "twice": 6}])"));
}

TEST_CASE("counts of a window are the same however many runs made them") {
  Pipeline pipeline;
  Changes changes("clicks");
  pipeline.Configure(R"toml([tables.clicks]
event_time = "ts_ms"
lateness = "10s"
[counts.per_ten_seconds]
from = "clicks"
window = "10s"
by = ["op()", { name = "page", value = "coalesce(page, '-')" }]
)toml");
  pipeline.MakeTopic(changes.topic());
  std::map<std::string, int> expected;
  for (int run = 0; run < 4; ++run) {
    std::vector<Event> events;
    for (int i = 0; i < 30; ++i) {
      const int second = run * 15 + i / 2;
      Event event = changes.Create({{"id", run * 100 + i}, {"page", i % 3 == 0 ? json() : json("p")}});
      json value = json::parse(*event.value);
      value["ts_ms"] = 1'758'276'000'000 + second * 1'000;
      event.value = value.dump();
      events.push_back(event);
      ++expected[std::to_string(second / 10) + (i % 3 == 0 ? "-" : "p")];
    }
    // Late, and no event: neither is counted, nor is it a second dead letter.
    json late = json::parse(*events[0].value);
    late["ts_ms"] = 1'758'275'000'000;
    events.push_back({events[0].key, late.dump(), {}});
    events.push_back({std::nullopt, "{", {}});
    pipeline.Send(changes.topic(), events);
    const Ended ended = pipeline.Drain("per_ten_seconds");
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.exit == 0);
    CHECK(ended.report.dead_letters == 0);
  }
  int seen = 0;
  for (const json& row : Rows(pipeline, "per_ten_seconds", "window_start")) {
    ++seen;
    const std::string start = row["window_start"];  // …:SS
    const int second = std::stoi(start.substr(start.find(":00:") + 4, 2));
    const std::string name = std::to_string(second / 10) + row["page"].get<std::string>();
    INFO(row.dump());
    CHECK(row["op"] == "c");
    CHECK(row["n"] == expected[name]);
  }
  CHECK(seen == static_cast<int>(expected.size()));
}

}  // namespace cdc::worker
