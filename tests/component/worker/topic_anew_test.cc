// A topic that is deleted and made anew under its name: noticed whatever it holds by then, and nothing else
// is taken for it.

#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"

namespace cdc::worker {
namespace {

using nlohmann::json;

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// One table, filled by a run that is over.
struct Filled {
  explicit Filled(int rows = 10, int partitions = 1) {
    pipeline.Configure("[tables.anew]\n");
    pipeline.MakeTopic(changes.topic(), partitions);
    Add(1, rows);
    Run(rows);
  }

  /// Rows `from` … `to` whose n is the id.
  void Add(int from, int to, int32_t partition = 0) {
    std::vector<Event> events;
    for (int id = from; id <= to; ++id) {
      events.push_back(changes.Create({{"id", id}, {"n", id}}));
      expected[id] = id;
    }
    pipeline.Send(changes.topic(), events, partition);
  }

  /// A run that ends well. \param events it must take, no more
  void Run(int64_t events) {
    const Ended ended = pipeline.Drain("anew");
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.exit == 0);
    CHECK(ended.report.events == events);
  }

  void CheckHeld() {
    const Ended held = pipeline.Drain("anew");
    INFO(held.report.reason << held.log);
    CHECK(held.exit == 78);
    CHECK(Contains(held.report.reason, "made anew"));
    CHECK(Contains(held.report.reason, changes.topic() + "["));
    CHECK(Contains(held.report.reason, "cdc reset anew --yes"));
    CHECK(Contains(held.report.reason, "cdc adopt anew --yes"));
    CHECK(held.report.from == held.report.to);
    CHECK(held.report.rows == 0);
  }

  int Cdc(const std::string& arguments) {
    return std::system(
        fmt::format("cd {} && {}/cdc {} >/dev/null", pipeline.folder().string(), CDC_BINARY_DIR, arguments)
            .c_str());
  }

  /// Of the newest snapshot.
  json Summary() {
    const json table = Dump(pipeline, {"anew"})["anew"];
    return table["snapshots"].back()["summary"];
  }

  std::map<int64_t, int64_t> Rows() {
    std::map<int64_t, int64_t> rows;
    const json table = Dump(pipeline, {"anew"})["anew"];
    for (const json& row : table["rows"]) CHECK(rows.emplace(row["id"], row["n"]).second);
    return rows;
  }

  /// Until a running worker has committed so many.
  void AwaitRows(size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!std::filesystem::exists(pipeline.catalog()) || Dump(pipeline, {"anew"})["anew"].is_null() ||
           Rows().size() < count) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
  }

  Changes changes{"anew"};
  Pipeline pipeline;
  std::map<int64_t, int64_t> expected;
};

TEST_CASE("a topic made anew holds the table, however long it is") {
  const int length = GENERATE(10, 11, 500);  // ten were read before
  Filled table(10);
  const auto before = table.expected;
  table.pipeline.RemakeTopic(table.changes.topic());
  table.Add(101, 100 + length);
  table.CheckHeld();
  table.CheckHeld();
  CHECK(table.Rows() == before);

  SECTION("adopted, it goes on from the end") {
    REQUIRE(table.Cdc("adopt anew --yes") == 0);
    table.Run(0);
    table.expected = before;
    table.Add(901, 902);
    table.Run(2);
  }
  SECTION("reset, it is built from the start") {
    REQUIRE(table.Cdc("reset anew --yes") == 0);
    table.Run(length);
    for (const auto& [id, n] : before) table.expected.erase(id);
  }
  SECTION("rewound, it takes the new topic's records") {
    REQUIRE(table.Cdc("rewind anew --to 0=0 --yes") == 0);
    table.Run(length);
  }
  table.Run(0);
  CHECK(table.Rows() == table.expected);
}

TEST_CASE("a topic made anew under a worker that reads it holds the table before its records are taken") {
  const bool empty = GENERATE(false, true);  // at the start of the run
  Filled table(empty ? 0 : 10);
  const auto worker = table.pipeline.Start("anew", false);
  table.Add(11, 20);
  table.AwaitRows(20 - (empty ? 10 : 0));
  const auto before = table.expected;
  // It sees nothing of the moment in between.
  worker->Signal(SIGSTOP);
  table.pipeline.RemakeTopic(table.changes.topic());
  table.Add(101, 140);
  worker->Signal(SIGCONT);
  const Ended held = worker->Wait();
  INFO(held.report.reason << held.log);
  CHECK(held.exit == 78);
  CHECK(Contains(held.report.reason, "made anew"));
  CHECK(Contains(held.report.reason, "cdc reset anew --yes"));
  CHECK(table.Rows() == before);
  table.CheckHeld();
}

TEST_CASE("a topic made anew with fewer partitions holds the table, whatever is in them") {
  Filled table(0, 3);
  table.Add(1, 5, 2);  // none in the partition that stays
  table.Run(5);
  table.pipeline.RemakeTopic(table.changes.topic(), 1);
  table.Add(101, 103);
  const auto before = table.Rows();
  table.CheckHeld();
  CHECK(table.Rows() == before);
  REQUIRE(table.Cdc(GENERATE("reset anew --yes", "rewind anew --to 0=0 --yes")) == 0);
  table.Run(3);
  table.Run(0);
}

TEST_CASE("a worker that sees its topic pause and go on, and shrink by retention, is not held") {
  Filled table(10);
  const auto worker = table.pipeline.Start("anew", false);
  for (int from = 11; from < 60; from += 10) {
    table.Add(from, from + 9);
    table.AwaitRows(from + 9);
    // The record that it would look for is gone.
    table.pipeline.Trim(table.changes.topic(), from + 9);
  }
  worker->Signal(SIGTERM);
  const Ended ended = worker->Wait();
  INFO(ended.report.reason << ended.log);
  CHECK(ended.exit == 0);
  CHECK(table.Rows() == table.expected);
}

TEST_CASE("the same records at other times are another topic") {
  Filled table(10);
  Changes again("anew");
  std::vector<Event> events;
  for (int id = 1; id <= 10; ++id) events.push_back(again.Create({{"id", id}, {"n", id}}));
  events.push_back(again.Create({{"id", 11}, {"n", 11}}));
  table.pipeline.RemakeTopic(table.changes.topic());
  table.pipeline.Send(table.changes.topic(), events);
  table.CheckHeld();
}

TEST_CASE("each partition is known again by its own last record") {
  Filled table(10, 3);
  table.Add(11, 15, 1);
  table.Run(5);
  table.Run(0);
  table.pipeline.RemakeTopic(table.changes.topic(), 3);
  table.Add(101, 110, 0);
  table.Add(111, 116, 1);
  table.Add(117, 120, 2);
  table.CheckHeld();
}

TEST_CASE("beside the offsets is the last record before each of them") {
  Filled table(10, 3);
  table.Add(11, 12, 2);
  table.Run(2);
  table.Add(13, 13, 2);
  table.Run(1);
  const json records = json::parse(table.Summary()["cdc.last-records"].get<std::string>());
  const json& of_topic = records[table.changes.topic()];
  CHECK(of_topic.size() == 2);  // nothing was read of partition 1
  CHECK(of_topic["0"][0] == 9);
  CHECK(of_topic["2"][0] == 2);
}

TEST_CASE("runs without news, and what retention removes, are no topic made anew") {
  Filled table(10);
  table.Run(0);
  table.Add(11, 12);
  table.Run(2);
  SECTION("up to the last record that was read") { table.pipeline.Trim(table.changes.topic(), 11); }
  SECTION("that record, too") { table.pipeline.Trim(table.changes.topic(), 12); }
  table.Run(0);
  table.Add(13, 13);
  table.Run(1);
  table.Run(0);
  CHECK(table.Rows() == table.expected);
  table.pipeline.RemakeTopic(table.changes.topic());
  table.Add(101, 150);
  table.CheckHeld();
}

TEST_CASE("records beyond the last one that retention removed are a gap still") {
  Filled table(10);
  table.Add(11, 12);
  table.pipeline.Trim(table.changes.topic(), 11);
  const Ended held = table.pipeline.Drain("anew");
  INFO(held.report.reason);
  CHECK(held.exit == 78);
  CHECK(Contains(held.report.reason, "next offset 10"));
}

TEST_CASE("a dead letter or a tombstone may be the last record") {
  Filled table(10);
  SECTION("dead letter") { table.pipeline.Send(table.changes.topic(), {{Changes::Key(3), "{broken"}}); }
  SECTION("tombstone") {
    table.pipeline.Send(table.changes.topic(), {table.changes.Tombstone(3)});
    table.expected.erase(3);
  }
  SECTION("nothing at all") { table.pipeline.Send(table.changes.topic(), {Event{}}); }
  table.Run(1);
  table.Run(0);
  table.Add(11, 11);
  table.Run(1);
  CHECK(table.Rows() == table.expected);
}

// The first half of a key change is read again with the second one, so what lies before it is looked at.
TEST_CASE("a key change that stays open over the end of a run is no topic made anew") {
  Filled table(10);
  const auto move = table.changes.Move(3, {{"id", 33}, {"n", 33}});
  table.pipeline.Send(table.changes.topic(), {move[0], move[1]});
  auto worker = table.pipeline.Start("anew", false);
  table.Add(11, 11);
  while (worker->running() && !table.Rows().contains(11)) {
  }
  worker->Signal(SIGTERM);
  CHECK(worker->Wait().exit == 0);
  table.pipeline.Send(table.changes.topic(), {move[2]});
  const Ended ended = table.pipeline.Drain("anew");
  INFO(ended.report.reason);
  CHECK(ended.exit == 0);
  table.expected.erase(3);
  table.expected[33] = 33;
  CHECK(table.Rows() == table.expected);
}

TEST_CASE(
    "a worker whose topic is deleted while it reads comes to an end, and the next one has nothing to do") {
  Filled table(10);
  const auto worker = table.pipeline.Start("anew", false);
  table.Add(11, 20);
  while (table.Rows().size() < 20) REQUIRE(worker->running());
  table.pipeline.DeleteTopic(table.changes.topic());
  const Ended ended = worker->Wait();
  INFO(ended.report.reason << ended.log);
  CHECK(ended.exit == 75);
  CHECK(Contains(ended.report.reason, "deleted while it was read"));
  CHECK(table.Rows() == table.expected);
  table.Run(0);
}

}  // namespace
}  // namespace cdc::worker
