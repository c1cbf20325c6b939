// What each kind of change does in a Delta table and in its change data feed.

#include <set>

#include "tests/component/sink_delta/delta_folder.h"

namespace cdc::delta_sink {
namespace {

using nlohmann::json;
using worker::kUnchangedToast;

json Change(const char* type, json row) { return json::array({type, std::move(row)}); }

}  // namespace

TEST_CASE("rows are made, changed and deleted, and the feed has each as it was and as it is") {
  DeltaFolder target("rows");
  auto& changes = target.changes;
  target.Send({changes.Read({{"id", 1}, {"n", 1}, {"doc", "one"}}),
               changes.Read({{"id", 2}, {"n", 2}, {"doc", "two"}})});
  CHECK(target.Drain().snapshot_id == 1);
  CHECK(target.ChangesOf(1) == json::array({Change("insert", {{"id", 1}, {"n", 1}, {"doc", "one"}}),
                                            Change("insert", {{"id", 2}, {"n", 2}, {"doc", "two"}})}));
  target.Send({changes.Update({{"id", 1}, {"n", 10}, {"doc", kUnchangedToast}}), changes.Delete(2),
               changes.Tombstone(2), changes.Create({{"id", 3}, {"n", 3}, {"doc", "three"}})});
  const auto report = target.Drain();
  CHECK(report.rows == 2);
  CHECK(report.deletes == 2);
  CHECK(target.ChangesOf(2) ==
        json::array({Change("delete", {{"id", 2}, {"n", 2}, {"doc", "two"}}),
                     Change("insert", {{"id", 3}, {"n", 3}, {"doc", "three"}}),
                     Change("update_postimage", {{"id", 1}, {"n", 10}, {"doc", "one"}}),
                     Change("update_preimage", {{"id", 1}, {"n", 1}, {"doc", "one"}})}));
  CHECK(target.RowsById() == std::map<int64_t, json>{{1, {{"id", 1}, {"n", 10}, {"doc", "one"}}},
                                                     {3, {{"id", 3}, {"n", 3}, {"doc", "three"}}}});
  target.CheckFeed();
}

TEST_CASE(
    "an update that changes nothing is no change, and a row that comes and goes within a commit is none "
    "either") {
  DeltaFolder target("idle");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}}), changes.Create({{"id", 2}, {"n", 2}})});
  target.Drain();
  target.Send(
      {changes.Update({{"id", 1}, {"n", 1}}), changes.Create({{"id", 5}, {"n", 5}}), changes.Delete(5)});
  const auto report = target.Drain();
  CHECK(report.snapshot_id == 2);
  CHECK(report.rows == 0);
  CHECK(target.ChangesOf(2).empty());
  target.Send({changes.Update({{"id", 1}, {"n", 1}}), changes.Update({{"id", 2}, {"n", 3}})});
  target.Drain();
  CHECK(target.ChangesOf(3) == json::array({Change("update_postimage", {{"id", 2}, {"n", 3}}),
                                            Change("update_preimage", {{"id", 2}, {"n", 2}})}));
  target.CheckFeed();
}

TEST_CASE("a row whose key changes is deleted and inserted, with the values that were not sent") {
  DeltaFolder target("moved");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}, {"doc", "one"}}),
               changes.Create({{"id", 2}, {"n", 2}, {"doc", "two"}})});
  target.Drain();
  target.Send(changes.Move(1, {{"id", 11}, {"n", 1}, {"doc", kUnchangedToast}}));
  target.Drain();
  CHECK(target.ChangesOf(2) == json::array({Change("delete", {{"id", 1}, {"n", 1}, {"doc", "one"}}),
                                            Change("insert", {{"id", 11}, {"n", 1}, {"doc", "one"}})}));
  target.Send(changes.Move(11, {{"id", 12}, {"n", 5}, {"doc", kUnchangedToast}}));
  target.Send(changes.Move(2, {{"id", 1}, {"n", 2}, {"doc", kUnchangedToast}}));
  target.Drain();
  CHECK(target.RowsById() == std::map<int64_t, json>{{1, {{"id", 1}, {"n", 2}, {"doc", "two"}}},
                                                     {12, {{"id", 12}, {"n", 5}, {"doc", "one"}}}});
  target.CheckFeed();
}

TEST_CASE("TRUNCATE deletes every row, whether files have deleted rows already or not") {
  DeltaFolder target("emptied");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}}), changes.Create({{"id", 2}, {"n", 2}})});
  target.Drain();
  target.Send(
      {changes.Truncate(), changes.Create({{"id", 3}, {"n", 3}}), changes.Create({{"id", 4}, {"n", 4}})});
  target.Drain();
  CHECK(target.ChangesOf(2).size() == 4);
  target.Send({changes.Delete(4)});
  target.Drain();
  target.Send(
      {changes.Create({{"id", 5}, {"n", 5}}), changes.Truncate(), changes.Create({{"id", 3}, {"n", 6}})});
  target.Drain();
  CHECK(target.ChangesOf(4) ==
        json::array({Change("delete", {{"id", 3}, {"n", 3}}), Change("insert", {{"id", 3}, {"n", 6}})}));
  CHECK(target.RowsById() == std::map<int64_t, json>{{3, {{"id", 3}, {"n", 6}}}});
  target.CheckFeed();
}

TEST_CASE("a table has no feed unless it is asked for, and from then on it stays") {
  DeltaFolder target("late", "", false);
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}})});
  target.Drain();
  target.Send({changes.Update({{"id", 1}, {"n", 2}})});
  target.Drain();
  CHECK_FALSE(std::filesystem::exists(target.root() / "_change_data"));
  target.Configure("change_data_feed = true\n");
  target.Send({changes.Update({{"id", 1}, {"n", 3}})});
  target.Drain();
  target.Configure("");
  target.Send({changes.Update({{"id", 1}, {"n", 4}})});
  const auto report = target.Drain();
  CHECK(target.ChangesOf(*report.snapshot_id) ==
        json::array({Change("update_postimage", {{"id", 1}, {"n", 4}}),
                     Change("update_preimage", {{"id", 1}, {"n", 3}})}));
  CHECK(target.RowsById().at(1)["n"] == 4);
}

TEST_CASE("columns that come are null in older rows, one that goes and comes back is another one") {
  DeltaFolder target("evolved");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}}), changes.Create({{"id", 2}, {"n", 2}})});
  target.Drain();
  target.Send({changes.Update({{"id", 1}, {"n", 1}, {"extra", "x"}}),
               changes.Create({{"id", 3}, {"n", 3}, {"extra", "y"}})});
  target.Drain();
  CHECK(target.RowsById() == std::map<int64_t, json>{{1, {{"id", 1}, {"n", 1}, {"extra", "x"}}},
                                                     {2, {{"id", 2}, {"n", 2}, {"extra", nullptr}}},
                                                     {3, {{"id", 3}, {"n", 3}, {"extra", "y"}}}});
  target.CheckFeed();
}

TEST_CASE("with mode = \"append\" each change is a row, in a table that any reader reads") {
  DeltaFolder target("history", "mode = \"append\"\n", false);
  auto& changes = target.changes;
  target.Send(
      {changes.Create({{"id", 1}, {"n", 1}}), changes.Update({{"id", 1}, {"n", 2}}), changes.Delete(1)});
  target.Drain();
  target.Send({changes.Create({{"id", 1}, {"n", 3}})});
  target.Drain();
  CHECK(AskPython("tests/support/delta_reader.py", {"rows", target.root().string()}).size() == 4);
}

TEST_CASE("rows of a table without a key are told apart by their content, equal ones too") {
  DeltaFolder target("keyless");
  const auto change = [](const char* op, const json& before, const json& after) {
    const json source = {{"schema", "public"}, {"table", "keyless"}, {"lsn", 1}, {"ts_ms", 1700000000000}};
    return Event{
        std::nullopt, json{{"before", before}, {"after", after}, {"op", op}, {"source", source}}.dump(), {}};
  };
  const json a = {{"a", 1}}, b = {{"a", 2}};
  target.Send(
      {change("c", nullptr, a), change("c", nullptr, a), change("c", nullptr, a), change("c", nullptr, b)});
  target.Drain();
  std::filesystem::remove_all(target.pipeline.state() / "index" / "keyless");
  target.Send({change("d", a, nullptr), change("u", a, b)});
  target.Drain();
  CHECK(target.ChangesOf(2) == json::array({Change("delete", a), Change("delete", a), Change("insert", b)}));
  const json rows = AskPython("tests/support/delta_reader.py", {"rows", target.root().string()});
  CHECK(std::multiset<json>(rows.begin(), rows.end()) == std::multiset<json>{a, b, b});
  target.CheckFeed();
}

}  // namespace cdc::delta_sink
