// Dead letters that are applied after all, by `cdc dlq replay`: where no later change forbids it, in order,
// and once.

#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
#include "tests/component/worker/letters.h"

namespace cdc::worker {
namespace {

using nlohmann::json;

constexpr const char* kIso = "time_precision = \"isostring\"\n";

/// A table with a date that a connector sends as text: letters, until tables.toml says so.
struct Dated {
  explicit Dated(const std::string& more = "", int partitions = 1)
      : tables("[tables.t]\n" + more + kColumns) {
    pipeline.Configure(tables);
    pipeline.MakeTopic(changes.topic(), partitions);
  }

  static constexpr const char* kColumns =
      "[tables.t.columns]\nid = \"bigint\"\nd = \"date\"\ndoc = \"text\"\n";

  static json Row(int64_t id, const json& date, const std::string& doc = "x") {
    return {{"id", id}, {"d", date}, {"doc", doc}};
  }
  Event Good(int64_t id) { return changes.Create(Row(id, 19000)); }
  Event Bad(int64_t id, const std::string& doc = "x") { return changes.Create(Row(id, "2024-05-06Z", doc)); }

  void Send(const std::vector<Event>& events) { pipeline.Send(changes.topic(), events); }
  void Drain() {
    const Ended ended = pipeline.Drain("t");
    INFO(ended.report.reason << ended.log);
    REQUIRE(ended.exit == 0);
  }
  void Mend() { pipeline.Configure(tables, kIso); }

  std::string Cdc(const std::string& arguments, int* exit) {
    const auto out = pipeline.folder() / "cdc.out";
    const int status = std::system(fmt::format("cd {} && {}/cdc {} >{} 2>{}.err", pipeline.folder().string(),
                                               CDC_BINARY_DIR, arguments, out.string(), out.string())
                                       .c_str());
    *exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    std::ifstream in(out);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  /// {verdict: count}
  std::map<std::string, int64_t> Replay(const std::string& flags = "--yes") {
    int exit = -1;
    const std::string out = Cdc("dlq replay t --json " + flags, &exit);
    INFO(out);
    last = json::parse(out, nullptr, false);
    REQUIRE(last.is_object());
    INFO(last.value("reason", ""));
    REQUIRE(exit == (flags.find("--yes") != std::string::npos ? 0 : 1));
    return last["counts"].get<std::map<std::string, int64_t>>();
  }
  json Seen() { return Dump(pipeline, {"t"})["t"]; }
  std::map<int64_t, json> Dates() { return Column(Seen(), "d"); }
  std::string Offsets() { return Seen()["snapshots"].back()["summary"]["cdc.offsets"]; }

  Pipeline pipeline;
  std::string tables;
  Changes changes{"t"};
  json last;
};

using Counts = std::map<std::string, int64_t>;

}  // namespace

TEST_CASE("a letter whose cause is gone is applied once, one with a later change of its row is not") {
  Dated table;
  table.Send({table.Good(1), table.Bad(2), table.Bad(3), table.changes.Update(Dated::Row(3, 19001)),
              table.Bad(4), table.changes.Delete(4), table.changes.Tombstone(4)});
  table.Drain();
  const std::string offsets = table.Offsets();
  const json before = table.Seen();
  CHECK(table.Replay() == Counts{{"later change", 2}, {"still bad", 1}});
  CHECK(table.Seen() == before);

  table.Mend();
  CHECK(table.Replay("") == Counts{{"later change", 2}, {"replayed", 1}});  // only told
  CHECK(table.Seen() == before);
  CHECK(table.Replay() == Counts{{"later change", 2}, {"replayed", 1}});
  CHECK(table.last["rows"] == 1);
  CHECK(table.Dates() == std::map<int64_t, json>{{1, "2022-01-08"}, {2, "2024-05-06"}, {3, "2022-01-09"}});
  CHECK(table.Offsets() == offsets);
  const json after = table.Seen();
  CHECK(table.Replay() == Counts{{"later change", 2}, {"already replayed", 1}});
  CHECK(table.Seen()["snapshots"].size() == after["snapshots"].size());

  int exit = -1;
  const std::string listed = table.Cdc("dlq list t", &exit);
  CHECK(exit == 0);
  CHECK(listed.find("3 dead letters (1 replayed)") != std::string::npos);

  // What was replayed is known after the worker's own commits, too.
  table.Send({table.changes.Create(Dated::Row(9, "2024-05-09Z"))});
  table.Drain();
  CHECK(table.Replay() == Counts{{"later change", 2}, {"already replayed", 1}});
  CHECK(table.Dates().size() == 4);
}

TEST_CASE("letters of one row are applied in their order, and heal what depended on them") {
  Dated table;
  table.Send({table.Good(1), table.Bad(2, "first"), table.Bad(2, "second"),
              table.changes.Update({{"id", 2}, {"d", "2024-06-07Z"}, {"doc", kUnchangedToast}}),
              table.Good(3)});
  table.Drain();
  table.Mend();
  CHECK(table.Replay() == Counts{{"replayed", 3}});
  CHECK(table.Dates().at(2) == "2024-06-07");
  CHECK(Column(table.Seen(), "doc").at(2) == "second");
  // The key is whole again: a change that leaves the text out finds it.
  table.Send({table.changes.Update({{"id", 2}, {"d", "2024-06-08Z"}, {"doc", kUnchangedToast}})});
  table.Drain();
  CHECK(table.Dates().at(2) == "2024-06-08");
  CHECK(Column(table.Seen(), "doc").at(2) == "second");
}

TEST_CASE("a letter from before a TRUNCATE does not come back") {
  Dated table;
  table.Send({table.Good(1), table.Bad(2), table.changes.Truncate(), table.Good(3)});
  table.Drain();
  table.Mend();
  CHECK(table.Replay() == Counts{{"truncated", 1}});
  CHECK(table.Dates().size() == 1);
}

TEST_CASE("a letter whose record the topic has forgotten waits for --force") {
  Dated table;
  table.Send({table.Good(1), table.Bad(2), table.Good(3), table.Good(4)});
  table.Drain();
  table.Mend();
  table.pipeline.Trim(table.changes.topic(), 3);
  CHECK(table.Replay() == Counts{{"record gone", 1}});
  CHECK(table.Dates().size() == 3);
  CHECK(table.Replay("--yes --force") == Counts{{"replayed", 1}});
  CHECK(table.Dates().at(2) == "2024-05-06");
}

TEST_CASE("a letter of a topic that was made anew is not applied, forced or not") {
  Dated table;
  table.Send({table.Good(1), table.Bad(2), table.Good(3)});
  table.Drain();
  table.Mend();
  table.pipeline.RemakeTopic(table.changes.topic());
  table.Send({table.changes.Create(Dated::Row(7, "2024-05-06Z")),
              table.changes.Create(Dated::Row(8, "2024-05-06Z"))});
  CHECK(table.Replay("--yes --force") == Counts{{"another topic", 1}});
  CHECK(table.Dates().size() == 2);
}

TEST_CASE("what waits in the topic is not replayed, and its later change forbids a letter") {
  Dated table;
  table.Send({table.Good(1), table.Bad(2), table.Bad(3)});
  table.Drain();
  table.Send({table.changes.Update(Dated::Row(2, "2024-07-01Z"))});
  table.Mend();
  CHECK(table.Replay() == Counts{{"later change", 1}, {"replayed", 1}});
  table.Drain();
  CHECK(table.Dates() == std::map<int64_t, json>{{1, "2022-01-08"}, {2, "2024-07-01"}, {3, "2024-05-06"}});
}

TEST_CASE("an append-only table gets a letter's row once, and none of a record that it has") {
  Dated table("mode = \"append\"\n");
  table.Send({table.Good(1), table.Bad(2), table.Bad(2), table.changes.Update(Dated::Row(2, 19001))});
  table.Drain();
  // A letter of a run that was killed before its commit: the next one took the record.
  Event letter = table.Good(1);
  letter.headers = {{"cdc.reason", "not yet"},
                    {"cdc.topic", table.changes.topic()},
                    {"cdc.partition", "0"},
                    {"cdc.offset", "0"}};
  Changes again("t");
  letter.value = again.Create(Dated::Row(1, 19000)).value;
  table.pipeline.Send(table.changes.topic() + ".dlq", {letter});
  table.Mend();
  CHECK(table.Replay("--yes --limit 1") == Counts{{"not of this table", 1}, {"replayed", 1}});
  CHECK(table.last["more"] == true);
  CHECK(table.Replay() == Counts{{"already replayed", 1}, {"not of this table", 1}, {"replayed", 1}});
  CHECK(table.Replay() == Counts{{"already replayed", 2}, {"not of this table", 1}});
  CHECK(table.Seen()["rows"].size() == 4);
}

TEST_CASE("after a reset an append-only table has the rows, and a replay adds none") {
  Dated table("mode = \"append\"\n");
  table.Send({table.changes.Create(Dated::Row(1, nullptr)), table.Bad(2)});
  table.Drain();
  int exit = -1;
  table.Cdc("reset t --yes", &exit);
  REQUIRE(exit == 0);
  table.Mend();
  table.Drain();
  CHECK(table.Seen()["rows"].size() == 2);
  CHECK(table.Replay() == Counts{{"not of this table", 1}});
  CHECK(table.Seen()["rows"].size() == 2);
}

TEST_CASE("a replay that is killed at any moment and begun again leaves each row once") {
  Dated table("mode = \"append\"\n");
  constexpr int kLetters = 120;
  std::vector<Event> events = {table.Good(0)};
  // A good row now and then: as many bad ones in a row would hold the table.
  constexpr int kGood = 1 + kLetters / 5;
  for (int id = 1; id <= kLetters; ++id) {
    events.push_back(table.Bad(id));
    if (id % 5 == 0) events.push_back(table.Good(1000 + id));
  }
  table.Send(events);
  table.Drain();
  table.Mend();
  for (int attempt = 0; attempt < 14; ++attempt) {
    (void)std::system(
        fmt::format("cd {} && timeout -s KILL {:.3f} {}/jobs/upsert --table t --replay --limit 10 "
                    ">/dev/null 2>&1",
                    table.pipeline.folder().string(), 0.05 + 0.02 * attempt, CDC_BINARY_DIR)
            .c_str());
  }
  (void)table.Replay();
  std::multiset<int64_t> ids;
  const json seen = table.Seen();
  for (const json& row : seen["rows"]) ids.insert(row["id"].get<int64_t>());
  CHECK(ids.size() == kLetters + kGood);
  CHECK(std::set<int64_t>(ids.begin(), ids.end()).size() == kLetters + kGood);
  CHECK(table.Replay() == Counts{{"already replayed", kLetters}});
}

TEST_CASE("a rewind forgets what is read again, and keeps what is not") {
  Dated table;
  table.Send({table.Good(1), table.Bad(2), table.Good(3), table.Bad(4)});
  table.Drain();
  table.Mend();
  CHECK(table.Replay() == Counts{{"replayed", 2}});
  int exit = -1;
  table.Cdc("rewind t --to 0=3 --yes", &exit);
  REQUIRE(exit == 0);
  CHECK(table.Replay() == Counts{{"already replayed", 1}, {"not passed yet", 1}});
  table.Drain();
  CHECK(table.Dates().size() == 4);
}

}  // namespace cdc::worker
