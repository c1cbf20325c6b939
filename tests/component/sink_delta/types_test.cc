// Values of every type that events carry, as others read them from a Delta table.

#include "tests/component/sink_delta/delta_folder.h"

namespace cdc::delta_sink {

using nlohmann::json;

TEST_CASE("columns have the types of docs/types.md, and values are what the source had") {
  DeltaFolder target("typed", R"toml(
[tables.typed.columns]
b = "boolean"
si = "smallint"
bi = "bigint"
r = "real"
dp = "double precision"
num = "numeric(12,2)"
big = "numeric(38,0)"
c = "char(5)"
j = "jsonb"
u = "uuid"
ba = "bytea"
da = "date"
ti = "time(6)"
ts = "timestamp"
tz = "timestamptz"
ints = "int[]"
texts = "text[]"
uuids = "uuid[]"
times = "time[]"
)toml");
  const json row = {{"id", 1},
                    {"b", true},
                    {"si", -32768},
                    {"bi", 9223372036854775807},
                    {"r", 1.5},
                    {"dp", 2.5e-300},
                    {"num", "AN9m"},  // base64 of 57190: 571.90
                    {"big", "S0yoYqL/////"},
                    {"c", "ab   "},
                    {"j", "{\"a\": 1}"},
                    {"u", "0f0e0d0c-0b0a-0908-0706-050403020100"},
                    {"ba", "AAH/"},
                    {"da", -719162},           // 0001-01-01
                    {"ti", 86399999999},       // in microseconds
                    {"ts", 1709251199123456},  // 2024-02-29T23:59:59.123456
                    {"tz", "2024-02-29T23:59:59.123456Z"},
                    {"ints", {1, nullptr, -3}},
                    {"texts", {"a,b", "", nullptr}},
                    {"uuids", {"0f0e0d0c-0b0a-0908-0706-050403020100", nullptr}},
                    {"times", {1, nullptr}}};
  json nulls = {{"id", 2}};
  for (const auto& [name, value] : row.items()) {
    if (name != "id") nulls[name] = nullptr;
  }
  target.Send({target.changes.Create(row), target.changes.Create(nulls)});
  target.Drain();
  const json types = AskPython("tests/support/delta_reader.py", {"types", target.root().string()});
  CHECK(types == json{{"id", "long"},
                      {"b", "boolean"},
                      {"si", "integer"},
                      {"bi", "long"},
                      {"r", "float"},
                      {"dp", "double"},
                      {"num", "decimal(12,2)"},
                      {"big", "decimal(38,0)"},
                      {"c", "string"},
                      {"j", "string"},
                      {"u", "string"},
                      {"ba", "binary"},
                      {"da", "date"},
                      {"ti", "string"},
                      {"ts", "timestamp_ntz"},
                      {"tz", "timestamp"},
                      {"ints", "array<integer>"},
                      {"texts", "array<string>"},
                      {"uuids", "array<string>"},
                      {"times", "array<string>"}});
  const json expected = {{"id", 1},
                         {"b", true},
                         {"si", -32768},
                         {"bi", 9223372036854775807},
                         {"r", "1.5"},
                         {"dp", "2.5e-300"},
                         {"num", "571.90"},
                         {"big", "1389000000000000000000"},
                         {"c", "ab   "},
                         {"j", "{\"a\": 1}"},
                         {"u", "0f0e0d0c-0b0a-0908-0706-050403020100"},
                         {"ba", "0001ff"},
                         {"da", "0001-01-01"},
                         {"ti", "23:59:59.999999"},
                         {"ts", "2024-02-29T23:59:59.123456"},
                         {"tz", "2024-02-29T23:59:59.123456+00:00"},
                         {"ints", {1, nullptr, -3}},
                         {"texts", {"a,b", "", nullptr}},
                         {"uuids", {"0f0e0d0c-0b0a-0908-0706-050403020100", nullptr}},
                         {"times", {"00:00:00.000001", nullptr}}};
  auto rows = target.RowsById();
  rows[1].erase("big");
  json wanted = expected;
  wanted.erase("big");
  CHECK(rows.at(1) == wanted);
  CHECK(rows.at(2) == nulls);
  // The old row is read back: one column changes, and the feed has both rows as they are.
  json changed = row;
  changed["si"] = 7;
  target.Send({target.changes.Update(changed), target.changes.Delete(2)});
  const auto report = target.Drain();
  const json feed = target.ChangesOf(*report.snapshot_id);
  REQUIRE(feed.size() == 3);
  json after = wanted;
  after["si"] = 7;
  const auto without_big = [](json change) {
    change[1].erase("big");
    return change;
  };
  CHECK(without_big(feed[0]) == [&] {
    json n = nulls;
    n.erase("big");
    return json::array({"delete", n});
  }());
  CHECK(without_big(feed[1]) == json::array({"update_postimage", after}));
  CHECK(without_big(feed[2]) == json::array({"update_preimage", wanted}));
  target.CheckFeed();
}

TEST_CASE("keys of types that Delta stores as text find their rows, also when the index is lost") {
  DeltaFolder target("uuids", "[tables.uuids.columns]\nid = \"uuid\"\n");
  auto& changes = target.changes;
  const auto id = [](int n) { return fmt::format("0f0e0d0c-0b0a-0908-0706-0504030201{:02x}", n); };
  std::vector<Event> events;
  for (int n = 0; n < 20; ++n) events.push_back(changes.Create({{"id", id(n)}, {"n", n}}));
  target.Send(events);
  target.Drain();
  std::filesystem::remove_all(target.pipeline.state() / "index" / "uuids");
  target.Send({changes.Update({{"id", id(3)}, {"n", 30}}), changes.Delete(id(4))});
  CHECK(target.Drain().deletes == 2);
  const json rows = AskPython("tests/support/delta_reader.py", {"rows", target.root().string()});
  CHECK(rows.size() == 19);
  target.CheckFeed();
}

}  // namespace cdc::delta_sink
