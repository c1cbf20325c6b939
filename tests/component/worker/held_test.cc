// What would go wrong without a sign holds the table, says what to do, and passes nothing; what was asked for
// then takes every record.

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"

namespace cdc::worker {

using nlohmann::json;

namespace {

bool Says(const Ended& ended, const std::string& text) {
  return ended.report.reason.find(text) != std::string::npos;
}

/// `value` with the name of another source table in it.
Event From(Event event, const std::string& table) {
  json value = json::parse(*event.value);
  value["source"]["table"] = table;
  event.value = value.dump();
  return event;
}

std::map<std::string, json> Rows(Pipeline& pipeline, const std::string& table,
                                 const std::string& column = "n") {
  std::map<std::string, json> rows;
  const json found = Dump(pipeline, {table});
  for (const json& row : found.at(table).at("rows")) rows[row["id"].dump()] = row[column];
  return rows;
}

using Found = std::map<std::string, json>;

}  // namespace

TEST_CASE("rows of other tables are left alone and counted; where there are no others the table is held") {
  Changes changes("parted");
  const std::string topic = changes.topic();
  Pipeline pipeline;
  pipeline.Configure("[tables.parted]\n");
  pipeline.MakeTopic(topic);
  pipeline.Send(topic, {From(changes.Create({{"id", 1}, {"n", 1}}), "parted_2024"),
                        From(changes.Create({{"id", 2}, {"n", 1}}), "parted_2025")});
  Ended ended = pipeline.Drain("parted");
  INFO(ended.report.reason);
  CHECK(ended.exit == 78);
  CHECK(ended.report.left_alone == 2);
  CHECK(ended.log.find("also carries table public.parted_2024") != std::string::npos);
  CHECK(Says(ended, "public.parted_2024, public.parted_2025"));
  CHECK(Says(ended, "topic = \"" + topic + "\""));

  SECTION("nothing was passed: the topic named, all come") {
    pipeline.Configure("[tables.parted]\ntopic = \"" + topic + "\"\n");
    ended = pipeline.Drain("parted");
    CHECK(ended.exit == 0);
    CHECK(ended.report.left_alone == 0);
    CHECK(Rows(pipeline, "parted") == Found{{"1", 1}, {"2", 1}});
    // A tombstone alone, as compaction leaves it, is of this table then.
    pipeline.Send(topic, {changes.Tombstone(2)});
    CHECK(pipeline.Drain("parted").exit == 0);
    CHECK(Rows(pipeline, "parted") == Found{{"1", 1}});
  }
  SECTION("a partition that is emptied takes nobody else's rows with it") {
    pipeline.Configure("[tables.parted]\ntopic = \"" + topic + "\"\n");
    pipeline.Send(topic, {From(changes.Truncate(), "parted_2024")});
    ended = pipeline.Drain("parted");
    CHECK(ended.exit == 78);
    CHECK(Says(ended, "TRUNCATE of public.parted_2024"));
  }
  SECTION("the whole table may be emptied") {
    pipeline.Configure("[tables.parted]\ntopic = \"" + topic + "\"\n");
    pipeline.Send(topic, {changes.Truncate(), changes.Create({{"id", 3}, {"n", 3}})});
    CHECK(pipeline.Drain("parted").exit == 0);
    CHECK(Rows(pipeline, "parted") == Found{{"3", 3}});
  }
  SECTION("one row of its own, and it is another table that shares the topic") {
    pipeline.Send(topic, {changes.Create({{"id", 3}, {"n", 3}})});
    ended = pipeline.Drain("parted");
    CHECK(ended.exit == 0);
    CHECK(ended.report.left_alone == 2);
    CHECK(Rows(pipeline, "parted") == Found{{"3", 3}});
  }
}

TEST_CASE("a table whose namesake shares its topic is not held for the namesake's changes") {
  Changes changes("a_b");
  Pipeline pipeline;
  pipeline.Configure("[tables.a_b]\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"n", 1}})});
  REQUIRE(pipeline.Drain("a_b").exit == 0);
  pipeline.Send(changes.topic(), {From(changes.Create({{"id", 1}, {"n", 9}}), "a b")});
  const Ended ended = pipeline.Drain("a_b");
  CHECK(ended.exit == 0);
  CHECK(ended.report.left_alone == 1);
  CHECK(Rows(pipeline, "a_b") == Found{{"1", 1}});
}

TEST_CASE("garbage is a dead letter, but it does not make other tables' rows less left alone") {
  Changes changes("parted");
  Pipeline pipeline;
  pipeline.Configure("[tables.parted]\n");
  pipeline.MakeTopic(changes.topic());
  Event garbage;
  garbage.value = "garbage";
  pipeline.Send(changes.topic(), {garbage, From(changes.Create({{"id", 1}, {"n", 1}}), "parted_2024")});
  CHECK(pipeline.Drain("parted").exit == 78);
}

TEST_CASE("a table whose every change is a dead letter for one reason is held, and none more is passed") {
  Changes changes("stale");
  const std::string dlq = changes.topic() + ".dlq";
  Pipeline pipeline;
  pipeline.Configure("[tables.stale.columns]\nn = \"integer\"\n");
  pipeline.MakeTopic(changes.topic());
  const auto bad = [&](int first, int last) {
    std::vector<Event> events;
    for (int i = first; i <= last; ++i)
      events.push_back(changes.Create({{"id", i}, {"n", 3'000'000'000 + i}}));
    return events;
  };
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"n", 1}})});
  pipeline.Send(changes.topic(), bad(2, 7));
  Ended ended = pipeline.Drain("stale");
  CHECK(ended.exit == 0);
  CHECK(ended.report.dead_letters == 6);
  pipeline.Send(changes.topic(), bad(8, 20));
  ended = pipeline.Drain("stale");
  INFO(ended.report.reason);
  CHECK(ended.exit == 78);
  CHECK(Says(ended, "column 'n'"));
  CHECK(Says(ended, "cdc trigger stale"));
  CHECK(ended.report.to.at(0) == 7);
  CHECK(pipeline.Read(dlq).size() == 6);
  CHECK(pipeline.Drain("stale").exit == 78);
  CHECK(pipeline.Read(dlq).size() == 6);
}

TEST_CASE("as many bad messages with a good one between them are dead letters") {
  Changes changes("mixed");
  Pipeline pipeline;
  pipeline.Configure("[tables.mixed.columns]\nn = \"integer\"\n");
  pipeline.MakeTopic(changes.topic());
  for (int run = 0; run < 2; ++run) {
    std::vector<Event> events;
    for (int i = 0; i < 18; ++i) {
      events.push_back(changes.Create({{"id", i}, {"n", i == 9 ? json(1) : json(3'000'000'000)}}));
    }
    pipeline.Send(changes.topic(), events);
    const Ended ended = pipeline.Drain("mixed");
    INFO(ended.report.reason);
    // Eight at the end of the first run and nine at the beginning of the next are too many.
    CHECK(ended.exit == (run == 0 ? 0 : 78));
    if (run == 0) CHECK(ended.report.dead_letters == 17);
  }
}

TEST_CASE("the worker's column that gets another name keeps its values, and its old name is the source's") {
  Changes changes("own");
  Pipeline pipeline;
  pipeline.Configure("[tables.own]\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"n", 1}})});
  REQUIRE(pipeline.Drain("own").exit == 0);
  const Found before = Rows(pipeline, "own", "ingestion_time");
  REQUIRE_FALSE(before.at("1").is_null());

  pipeline.Send(changes.topic(), {changes.Create({{"id", 2}, {"n", 2}, {"ingestion_time", 7}})});
  Ended ended = pipeline.Drain("own");
  INFO(ended.report.reason);
  CHECK(ended.exit == 78);
  CHECK(Says(ended, "metadata_columns = [{ name = \"_ingestion_time\", value = \"ingestion_time()\" }]"));
  CHECK(Rows(pipeline, "own") == Found{{"1", 1}});

  pipeline.Configure(
      "[tables.own]\nmetadata_columns = [{ name = \"_ingestion_time\", value = \"ingestion_time()\" }]\n");
  ended = pipeline.Drain("own");
  INFO(ended.report.reason);
  CHECK(ended.exit == 0);
  CHECK(Rows(pipeline, "own", "ingestion_time") == Found{{"1", nullptr}, {"2", 7}});
  const Found after = Rows(pipeline, "own", "_ingestion_time");
  CHECK(after.at("1") == before.at("1"));
  CHECK_FALSE(after.at("2").is_null());
}

TEST_CASE("a column of the worker that differs only in case from one of the source holds the table") {
  Changes changes("students");
  Pipeline pipeline;
  pipeline.Configure("[tables.students]\nmetadata_columns = [{ name = \"n\", value = \"op()\" }]\n");
  pipeline.MakeTopic(changes.topic());
  pipeline.Send(changes.topic(), {changes.Create({{"id", 1}, {"N", 1}})});
  const Ended ended = pipeline.Drain("students");
  CHECK(ended.exit == 78);
  CHECK(Says(ended, "differ only in case"));
}

TEST_CASE(
    "a row whose change was dead-lettered taints its key, also where the message's key cannot be read") {
  Changes changes("taint");
  Pipeline pipeline;
  pipeline.Configure(
      "[tables.taint]\nkey = [\"id\"]\n[tables.taint.columns]\nn = \"integer\"\ndoc = \"text\"\n");
  pipeline.MakeTopic(changes.topic());
  const auto unreadable = [](Event event) {
    event.key = "Struct{id=1}";
    return event;
  };
  pipeline.Send(changes.topic(), {unreadable(changes.Create({{"id", 1}, {"n", 1}, {"doc", "old"}}))});
  REQUIRE(pipeline.Drain("taint").exit == 0);
  pipeline.Send(changes.topic(),
                {unreadable(changes.Update({{"id", 1}, {"n", "text"}, {"doc", "new"}})),
                 unreadable(changes.Update({{"id", 1}, {"n", 2}, {"doc", kUnchangedToast}}))});
  const Ended ended = pipeline.Drain("taint");
  CHECK(ended.exit == 0);
  CHECK(ended.report.dead_letters == 2);
  CHECK(Rows(pipeline, "taint", "doc") == Found{{"1", "old"}});
}

}  // namespace cdc::worker
