/// reset, adopt, rewind, verify, dlq and their like for tables that are written to PostgreSQL.

#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <future>
#include <map>
#include <thread>

#include <nlohmann/json.hpp>

#include "lib/contract/lock_file.h"
#include "tests/component/cli/postgres_world.h"

namespace cdc::cli {
namespace {

using nlohmann::json;

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("reset empties a table in PostgreSQL, only with --yes, and its worker fills it anew",
          "[postgres]") {
  World world;
  const auto nothing = world.folder.Cdc("reset faculty --yes");
  INFO(nothing.out << nothing.err);
  CHECK(nothing.exit == 0);
  CHECK(Has(nothing.out, "there is no table \"copy\".\"faculty\""));
  CHECK(Has(nothing.out, "has no row of cdc-orchestrator.faculty"));

  world.Fill();
  // What a worker does not make stays: its rows go, the table does not.
  world.server.Sql(
      "ALTER TABLE copy.faculty ADD COLUMN remark text; UPDATE copy.faculty SET n = 99; "
      "INSERT INTO copy.faculty (id, n) VALUES (77, 7); "
      "INSERT INTO copy.cdc_offsets SELECT 'other.faculty', source, offsets, last_records, lsn, "
      "max_event_time, writer, commits, at, marker, state FROM copy.cdc_offsets;");
  std::filesystem::create_directories(world.folder.path() / "state" / "index" / "faculty");
  world.folder.Write("state/index/faculty/noted", "x");
  const auto told = world.folder.Cdc("reset faculty");
  INFO(told.out << told.err);
  CHECK(told.exit == 1);
  CHECK(Has(told.out, "empty \"copy\".\"faculty\""));
  CHECK(Has(told.out, "delete the row of cdc-orchestrator.faculty in \"copy\".cdc_offsets"));
  CHECK(Has(told.out, "--yes"));
  CHECK(world.Rows() == "1:99, 2:99, 3:99, 77:7");

  const auto done = world.folder.Cdc("reset faculty --yes");
  INFO(done.err);
  CHECK(done.exit == 0);
  CHECK(world.Rows() == "none");
  CHECK(world.Column("count(*)") == "0");
  CHECK(world.server.Ask("SELECT pipeline FROM copy.cdc_offsets") == "other.faculty");
  CHECK_FALSE(std::filesystem::exists(world.folder.path() / "state" / "index" / "faculty"));
  CHECK(Has(world.folder.Cdc("reset faculty --yes").out, "nothing says that the table's rows come from it"));

  world.Drain();
  CHECK(world.Rows() == "1:10, 2:20, 3:30");
  CHECK(world.server.Ask("SELECT count(remark) FROM copy.faculty") == "0");
}

TEST_CASE("reset --purge drops a table in PostgreSQL, so that it is made with another key", "[postgres]") {
  World world;
  world.Fill();
  CHECK(Has(world.folder.Cdc("reset faculty --purge").out, "drop \"copy\".\"faculty\""));
  CHECK(world.IsThere("copy.faculty"));
  CHECK(world.folder.Cdc("reset faculty --purge --yes").exit == 0);
  CHECK_FALSE(world.IsThere("copy.faculty"));
  world.text.replace(world.text.find("sink = \"target\""), 15, "sink = \"target\"\nkey = [\"n\"]");
  world.WriteConfig("state");
  world.Drain();
  CHECK(world.Rows() == "1:10, 2:20, 3:30");
  CHECK(world.server.Ask("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = "
                         "'copy.faculty'::regclass") == "PRIMARY KEY (n)");
}

TEST_CASE("reset empties a table whose deleted rows are kept", "[postgres]") {
  World world("deletes = \"soft\"");
  world.Fill();
  world.Send({world.changes.Delete(1)});
  world.Drain();
  REQUIRE(world.server.Ask("SELECT string_agg(op, '' ORDER BY id) FROM copy.faculty") == "dcc");
  CHECK(world.folder.Cdc("reset faculty --yes").exit == 0);
  CHECK(world.Rows() == "none");
}

TEST_CASE("a reset that PostgreSQL refuses changes nothing, and says what is in its way", "[postgres]") {
  World world;
  world.Fill();
  world.server.Sql(
      "CREATE VIEW copy.seen AS SELECT * FROM copy.faculty; "
      "CREATE TABLE copy.child (f bigint REFERENCES copy.faculty)");
  for (const char* words : {"reset faculty --yes", "reset faculty --purge --yes"}) {
    const auto refused = world.folder.Cdc(words);
    INFO(words << refused.err);
    CHECK(refused.exit == 78);
    CHECK(Has(refused.err, "drop what depends on it first"));
    CHECK(world.Rows() == "1:10, 2:20, 3:30");
    CHECK(world.Column("commits") != "");
  }
}

TEST_CASE("reset leaves the table alone that the entry filled under another name", "[postgres]") {
  World world;
  world.Fill();
  world.text.replace(world.text.find("sink = \"target\""), 15, "sink = \"target\"\ntarget = \"teachers\"");
  world.WriteConfig("state");
  CHECK(world.Work() == 78);
  const auto done = world.folder.Cdc("reset faculty --yes");
  CHECK(done.exit == 0);
  CHECK(Has(done.out, "leave \"copy\".\"faculty\", which it has filled so far"));
  CHECK(world.Rows() == "1:10, 2:20, 3:30");
  world.Drain();
  CHECK(world.server.Ask("SELECT count(*) FROM copy.teachers") == "3");
}

TEST_CASE("adopt takes a table in PostgreSQL as it is, from its topic's present end on", "[postgres]") {
  World world;
  const auto unmade = world.folder.Cdc("adopt faculty --yes");
  CHECK(unmade.exit == 78);
  CHECK(Has(unmade.err, "\"copy\".cdc_offsets has no row of cdc-orchestrator.faculty"));
  CHECK(Has(unmade.err, "its worker makes it"));

  world.Fill();
  const int commits = std::stoi(world.Column("commits"));
  world.server.Sql(
      "UPDATE copy.faculty SET n = 0; "
      R"(UPDATE copy.cdc_offsets SET marker = '{"valid_through_ms": 5, )"
      R"("replayed": "{\"0\":\"0,7\"}", "key_changes": "{}"}')");
  world.Send({world.changes.Update({{"id", 1}, {"n", 11}})});
  const auto told = world.folder.Cdc("adopt faculty");
  INFO(told.out << told.err);
  CHECK(told.exit == 1);
  CHECK(Has(told.out, "take the rows of \"copy\".\"faculty\" as they are"));
  CHECK(Has(told.out, "written in it: university-server.public.faculty 0=2, 1=1"));
  CHECK(world.Offsets() == R"({"university-server.public.faculty":{"0":2,"1":1}})");

  const auto done = world.folder.Cdc("adopt faculty --yes");
  INFO(done.err);
  REQUIRE(done.exit == 0);
  CHECK(world.Offsets() == R"({"university-server.public.faculty":{"0":3,"1":1}})");
  CHECK(std::stoi(world.Column("commits")) == commits + 1);
  CHECK(world.Column("last_records") == "{}");
  CHECK(world.Column("writer") == "cdc");
  CHECK(json::parse(world.Column("marker")) == json{{"replayed", R"({"0":"0"})"}});
  world.Drain();
  CHECK(world.Rows() == "1:0, 2:0, 3:0");
  world.Send({world.changes.Update({{"id", 2}, {"n", 22}})}, 1);
  world.Drain();
  CHECK(world.Rows() == "1:0, 2:22, 3:0");
}

TEST_CASE("adopt takes up a topic that was made anew", "[postgres]") {
  World world;
  world.Fill();
  world.server.Sql(R"(UPDATE copy.cdc_offsets SET source = replace(source, '"cluster":"', '"cluster":"x'),
                      marker = '{"passed_over": "{\"0\":\"0\"}"}')");
  CHECK(world.Work() == 78);
  CHECK(world.folder.Cdc("adopt faculty --yes").exit == 0);
  CHECK(world.Column("marker") == "{}");  // of records of another topic
  world.Drain();
}

TEST_CASE("rewind has changes applied again to a table in PostgreSQL", "[postgres]") {
  World world;
  CHECK(world.folder.Cdc("rewind faculty --to 0=0 --yes").exit == 78);
  world.Fill();
  for (const char* wrong : {"0=4", "7=0", "other:0=0", "0", "0=", "=1", "0=-1", "x=1"}) {
    INFO(wrong);
    CHECK(world.folder.Cdc(std::string("rewind faculty --yes --to ") + wrong).exit == 64);
  }
  world.server.Sql("UPDATE copy.faculty SET n = 0");
  CHECK(world.folder.Cdc("rewind faculty --to 0=1").exit == 1);
  CHECK(world.Offsets() == R"({"university-server.public.faculty":{"0":2,"1":1}})");
  const auto done = world.folder.Cdc("rewind faculty --to 0=1 --yes");
  INFO(done.err);
  CHECK(done.exit == 0);
  CHECK(world.Offsets() == R"({"university-server.public.faculty":{"0":1,"1":1}})");
  world.Drain();
  CHECK(world.Rows() == "1:0, 2:0, 3:30");
  CHECK(world.folder.Cdc("rewind faculty --to 0=0,university-server.public.faculty:1=0 --yes").exit == 0);
  world.Drain();
  CHECK(world.Rows() == "1:10, 2:20, 3:30");
}

TEST_CASE("While a worker runs on this machine a table in PostgreSQL is not touched", "[postgres]") {
  World world;
  world.Fill();
  auto lock = contract::LockFile::TryAcquire(world.folder.path() / "state" / "locks" / "faculty.lock");
  REQUIRE(lock.has_value());
  const std::string before = world.Column("offsets::text || commits");
  for (const char* words :
       {"reset faculty --yes", "adopt faculty --yes", "rewind faculty --to 0=0,1=0 --yes"}) {
    INFO(words);
    CHECK(world.folder.Cdc(words).exit == 75);
  }
  CHECK(world.Rows() == "1:10, 2:20, 3:30");
  CHECK(world.Column("offsets::text || commits") == before);
}

TEST_CASE("a run that still lives elsewhere finds a conflict after a command", "[postgres]") {
  World world;
  world.Fill();
  const std::string words =
      GENERATE("adopt faculty --yes", "rewind faculty --to 0=0 --yes", "reset faculty --yes");
  INFO(words);
  world.WriteConfig("elsewhere", "elsewhere.toml");
  const std::string before = world.Column("writer");
  auto run = std::async(std::launch::async, [&] { return world.Work("", "elsewhere.toml"); });
  const auto has_ended = [&] { return run.wait_for(std::chrono::seconds(0)) == std::future_status::ready; };
  while (world.Column("writer") == before && !has_ended()) std::this_thread::yield();
  CHECK(world.folder.Cdc(words).exit == 0);
  const std::string after = world.Column("offsets");
  world.Send({world.changes.Update({{"id", 1}, {"n", 11}})});
  CHECK(run.get() == 75);
  INFO(world.folder.Read("run.err"));
  CHECK(world.Column("offsets") == after);
  CHECK(world.Rows() == (words.starts_with("reset") ? "none" : "1:10, 2:20, 3:30"));
}

TEST_CASE("verify counts the rows of tables in PostgreSQL", "[postgres]") {
  World world("deletes = \"soft\"",
              "[tables.hard]\nsink = \"target\"\n[tables.audit]\nsink = \"target\"\nmode = \"append\"\n",
              "CREATE TABLE faculty (id int, n int); INSERT INTO faculty VALUES (2), (3); "
              "CREATE TABLE hard (id int); INSERT INTO hard VALUES (1); CREATE TABLE audit (id int);");
  world.Fill();
  world.Send({world.changes.Delete(1)});
  const auto lines = [&](const Outcome& outcome) {
    INFO(outcome.out << outcome.err);
    std::map<std::string, json> by_table;
    const json list = json::parse(outcome.out, nullptr, false);
    REQUIRE(list.is_array());
    for (const json& line : list) by_table[line["table"]] = line;
    return by_table;
  };

  const auto behind = world.folder.Cdc("verify faculty --json --timeout 0");
  CHECK(behind.exit == 1);
  CHECK(lines(behind)["faculty"] == json::parse(R"({"table":"faculty","source":2,"target":3,
    "difference":1,"lag":1,"result":"behind","error":""})"));
  world.Drain();
  REQUIRE(world.server.Ask("SELECT count(*) FROM copy.faculty") == "3");
  const auto seen = world.folder.Cdc("verify --json --timeout 0");
  CHECK(seen.exit == 1);
  auto all = lines(seen);
  CHECK(all["faculty"] == json::parse(R"({"table":"faculty","source":2,"target":2,
    "difference":0,"lag":0,"result":"equal","error":""})"));
  CHECK(all["hard"]["result"] == "missing");
  CHECK(all["hard"]["target"].is_null());
  CHECK(all["audit"]["result"] == "append");
  CHECK(world.folder.Cdc("verify faculty audit --timeout 0").exit == 0);
  // Rows count where they are kept without a mark, too.
  world.server.Sql("CREATE TABLE copy.hard (id int); INSERT INTO copy.hard VALUES (1), (2)");
  CHECK(lines(world.folder.Cdc("verify hard --json --timeout 0"))["hard"]["difference"] == 1);
}

TEST_CASE("verify --rows names the rows of a table in PostgreSQL that differ", "[postgres]") {
  World world("deletes = \"soft\"", "",
              "CREATE TABLE faculty (id int, n int); INSERT INTO faculty VALUES (1, 10), (2, 20), (3, 30);");
  world.Fill();
  const auto verify = [&](int exit) {
    const auto seen = world.folder.Cdc("verify --rows faculty --json --timeout 0");
    INFO(seen.out << seen.err);
    CHECK(seen.exit == exit);
    const json list = json::parse(seen.out, nullptr, false);
    REQUIRE(list.is_array());
    return list[0];
  };
  json line = verify(0);
  CHECK(line["result"] == "equal");
  CHECK(line["columns"] == json::parse(R"(["id","n"])"));
  CHECK(line["not_compared"].size() == 2);  // what soft deletes fill

  world.server.Sql("UPDATE copy.faculty SET n = 21 WHERE id = 2");
  line = verify(1);
  REQUIRE(line["rows"].size() == 1);
  CHECK(line["rows"][0] == json::parse(R"({"kind":"changed","key":{"id":"2"},
    "columns":[{"column":"n","source":"20","target":"21"}],"source_rows":1,"target_rows":1})"));

  world.server.Sql("UPDATE copy.faculty SET n = 20 WHERE id = 2; DELETE FROM faculty WHERE id = 3");
  CHECK(verify(1)["rows"][0]["kind"] == "extra");
  world.Send({world.changes.Delete(3)});
  CHECK(verify(1)["result"] == "behind");  // the change is on its way
  world.Drain();
  CHECK(verify(0)["source"] == 2);  // the row is there still, and marked
  CHECK(world.folder.Cdc("verify --rows faculty --slot nothere --timeout 0").exit == 78);
}

TEST_CASE("verify tells of a PostgreSQL that is away, and of the tables elsewhere all the same",
          "[postgres]") {
  World world("",
              "[tables.hard]\nsink = \"down\"\n[sinks.down]\ntype = \"postgres\"\n"
              "dsn = \"host=/nowhere user=cdc\"\n[tables.later]\nsink = \"down\"\n",
              "CREATE TABLE faculty (id int, n int); INSERT INTO faculty VALUES (1), (2), (3); "
              "CREATE TABLE hard (id int); CREATE TABLE later (id int)");
  world.Fill();
  const auto seen = world.folder.Cdc("verify hard later faculty --json --timeout 0");
  INFO(seen.out << seen.err);
  CHECK(seen.exit == 75);
  const json list = json::parse(seen.out, nullptr, false);
  REQUIRE(list.is_array());
  CHECK(list[0]["result"] == "unknown");
  CHECK(Has(list[0]["error"], "[sinks.down] dsn"));
  CHECK(Has(list[1]["error"], "Not looked at"));
  CHECK(list[2]["result"] == "equal");
}

TEST_CASE("What PostgreSQL does itself is refused with what to do there", "[postgres]") {
  const bool append = GENERATE(false, true);
  World world(append ? "mode = \"append\"" : "");
  const auto refused = [&](const std::string& words, const std::string& part) {
    const auto outcome = world.folder.Cdc(words);
    INFO(words << outcome.err);
    CHECK(outcome.exit == 78);
    CHECK(Has(outcome.err, "Table faculty is written to [sinks.target]"));
    CHECK(Has(outcome.err, part));
  };
  refused("maintain faculty", "autovacuum");
  refused("migrate faculty --yes", "on_type_change = \"rewrite\"");
  refused("dlq replay faculty --yes",
          append ? "cdc reset faculty --yes" : "cdc rewind faculty --to PARTITION=OFFSET");
  for (const char* words : {"--maintain", "--migrate", "--replay"}) {
    CHECK(world.Work(words) == 78);
    CHECK(Has(world.folder.Read("run.err"), "written to [sinks.target]"));
  }
}

TEST_CASE("Dead letters of a table in PostgreSQL are listed, from a topic of their own", "[postgres]") {
  World world("dead_letters = \"university-server.letters\"");
  world.Fill();
  world.Send({world.changes.Update({{"id", 9}, {"n", worker::kUnchangedToast}}),
              {.key = "{\"id\": 1}", .value = "{oops"}});
  world.Drain();
  const auto listed = world.folder.Cdc("dlq list faculty");
  INFO(listed.out << listed.err);
  CHECK(listed.exit == 0);
  CHECK(listed.err.empty());
  CHECK(listed.out.starts_with("2 dead letters\n"));
  CHECK(world.folder.Cdc("dlq list").out == listed.out);
  const auto shown = world.folder.Cdc("dlq show faculty");
  CHECK(Has(shown.out, "topic:     university-server.public.faculty\npartition: 0\noffset:    3\n"));
  CHECK(Has(shown.out, "value:     {oops"));
  world.server.Sql("UPDATE copy.cdc_offsets SET marker = '{\"replayed\": \"{\\\"0\\\":\\\"3\\\"}\"}'");
  CHECK(Has(world.folder.Cdc("dlq list faculty").out, "2 dead letters (1 replayed)"));
}

}  // namespace cdc::cli
