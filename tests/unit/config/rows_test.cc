#include <catch2/catch_test_macros.hpp>

#include "lib/config/config.h"
#include "lib/config/settings.h"
#include "lib/config/soft_marks.h"
#include "tests/unit/config/config_text.h"

namespace cdc::config {
namespace {

const std::string kSink = kHead + "[sinks.s]\ntype = \"postgres\"\ndsn = \"d\"\n";

/// Of a table `t` of the sink; its lines begin at line 14.
std::string BadTable(const std::string& lines) { return Bad(kSink + "[tables.t]\nsink = \"s\"\n" + lines); }

}  // namespace

TEST_CASE("select keeps the order in which its columns are written") {
  const auto config =
      Good(kHead + "[tables.t]\nselect = { z = \"a\", b = \"lower(c)\", a = \"op()\" }\nwhere = \"a > 1\"\n");
  const Table table = *config->FindTable("t");
  REQUIRE(table.select);
  CHECK(*table.select == std::vector<SelectedColumn>{{"z", "a"}, {"b", "lower(c)"}, {"a", "op()"}});
  CHECK(table.where == "a > 1");
  // The order is the table's: another one is another table.
  const auto other =
      Good(kHead + "[tables.t]\nselect = { a = \"op()\", z = \"a\", b = \"lower(c)\" }\nwhere = \"a > 1\"\n");
  CHECK(Fingerprint(*config, table) != Fingerprint(*other, *other->FindTable("t")));
}

TEST_CASE("what is wrong with an expression is told with its line in the file and its place in the text") {
  for (const auto& [lines, problem] : std::vector<std::pair<const char*, const char*>>{
           {"where = \"a >\"\n", "tables.toml:14: tables.t.where: line 1, column 4: "},
           {"where = \"lowr(a) = 'x'\"\n",
            "tables.t.where: line 1, column 1: there is no function lowr() (did you mean lower?)"},
           {"where = \"lower(a, b) = 'x'\"\n",
            "tables.t.where: line 1, column 1: lower() takes 1 arguments, not 2"},
           {"[tables.t.select]\nid = \"id\"\nname = \"1 +\"\n",
            "tables.toml:16: tables.t.select.name: line 1, column 4"},
           {"select = { a = \"1 / 0\" }\n", "tables.t.select.a: line 1, column 3: division by zero"},
           {"select = { a = 1 }\n", "tables.t.select.a: is an integer"},
           {"select = {}\n", "tables.t.select: has no column"},
           {"select = { a = \"x\", A = \"y\" }\n", "\"a\" and \"A\" are one name"},
           {"metadata_columns = [{ name = \"x\", value = \"lower(name)\" }]\n",
            "the column \"name\" cannot be used here"},
           {"metadata_columns = [{ name = \"x\", value = \"lower(op(\" }]\n",
            "metadata_columns.value: line 1, column"}}) {
    const std::string message = BadTable(lines);
    INFO(lines << message);
    CHECK(Contains(message, problem));
  }
}

TEST_CASE("a metadata column takes any expression over the event") {
  const auto config =
      Good(kHead +
           "[tables.t]\nmetadata_columns = [\"ingestion_time\", { name = \"_lsn\", value = \"lsn()\" }, "
           "{ name = \"_what\", value = \"upper(operation())\" }]\n");
  CHECK(config->FindTable("t")->metadata_columns[2].value == "upper(operation())");
}

TEST_CASE("event_time() needs to be told where the time is") {
  for (const char* lines : {"lateness = \"5s\"\n", "where = \"event_time() > '2024-01-01'\"\n",
                            "select = { a = \"a\", t = \"event_time()\" }\n",
                            "metadata_columns = [{ name = \"t\", value = \"event_time()\" }]\n"}) {
    INFO(lines);
    CHECK(Contains(BadTable(lines), "needs event_time = \"…\""));
    Good(kSink + "[tables.t]\nsink = \"s\"\nevent_time = \"ts\"\n" + lines);
  }
}

TEST_CASE("the order by event time needs rows that keep their time, deleted ones as well") {
  const std::string by = "event_time = \"ts\"\norder_by = \"event_time\"\n";
  const std::string select = "select = { id = \"id\", op = \"op()\", at = \"event_time()\" }\n";
  Good(kSink + "[tables.t]\nsink = \"s\"\ndeletes = \"soft\"\n" + by + select);
  CHECK(Contains(BadTable(by + select), "needs deletes = \"soft\""));
  CHECK(Contains(BadTable(by + "deletes = \"soft\"\n"), "needs a column with the row's event time"));
  CHECK(Contains(Bad(kHead + "[tables.t]\n" + by + select), "not built yet for Iceberg tables"));
}

TEST_CASE("soft deletes mark the column that select has for the operation, and need one") {
  const std::string head = kSink + "[tables.t]\nsink = \"s\"\ndeletes = \"soft\"\n";
  const auto marks = [&](const std::string& lines) {
    const SoftMarks found = MarksOf(*Good(head + lines)->FindTable("t"));
    return found.column + "|" + found.deleted + "|" + found.time;
  };
  CHECK(marks("") == "op|d|deleted_at");
  CHECK(marks("metadata_columns = [{ name = \"what\", value = \"op()\" }]\n") == "what|d|deleted_at");
  CHECK(marks("select = { id = \"id\", \"Last op\" = \"OP()\" }\n") == "Last op|d|");
  CHECK(marks("select = { id = \"id\", what = \"operation()\" }\n") == "what|DELETE|");
  CHECK(Contains(BadTable("deletes = \"soft\"\nselect = { id = \"id\" }\n"),
                 "select has none: add for example op ="));
}

TEST_CASE("the key's columns must be selected") {
  CHECK(Contains(BadTable("key = [\"id\"]\nselect = { nr = \"id\" }\n"), "lacks the key's column \"id\""));
  CHECK(Contains(
      BadTable("metadata_columns = [{ name = \"op\", value = \"op()\" }]\nselect = { op = \"op()\" }\n"),
      "\"op\" is a column of metadata_columns already"));
}

TEST_CASE("counts are a table of their own on the topic of the one that they count") {
  const std::string users =
      "[tables.users]\ntopic = \"users_cdc\"\nenvelope = \"plain\"\nevent_time = \"timestamp\"\nlateness = "
      "\"5s\"\n"
      "where = \"active\"\nsink = \"s\"\n";
  const auto config = Good(kSink + users +
                           "[counts.per_minute]\nfrom = \"users\"\nsink = \"s\"\nwindow = \"1m\"\n"
                           "by = [\"op()\", \"country\", { name = \"mail\", value = \"lower(email)\" }]\n");
  const Table counts = *config->FindTable("per_minute");
  CHECK(config->TablesOfTopic("users_cdc") == Names{"users", "per_minute"});
  CHECK(counts.from == "users");
  CHECK(counts.topic_given);
  CHECK(counts.envelope == Envelope::kPlain);
  CHECK(counts.where == "active");
  CHECK(counts.lateness == Millis(5'000));
  REQUIRE(counts.counts);
  CHECK(counts.counts->window == Millis(60'000));
  CHECK(counts.counts->by ==
        std::vector<SelectedColumn>{{"op", "op()"}, {"country", "country"}, {"mail", "lower(email)"}});
  CHECK(counts.metadata_columns.empty());
  for (const auto& [lines, problem] : std::vector<std::pair<const char*, const char*>>{
           {"from = \"user\"\nwindow = \"1m\"\n", "counts.c.from: \"user\" is no entry of [tables]"},
           {"from = \"users\"\n", "counts.c.window: is missing"},
           {"from = \"users\"\nwindow = \"1m\"\nby = [\"lower(a)\"]\n", "needs a name"},
           {"from = \"users\"\nwindow = \"1m\"\nby = [\"n\"]\n", "\"n\" is the name of two columns"},
           {"from = \"users\"\nwindow = \"1m\"\nsink = \"x\"\n", "\"x\" is no sink"},
           {"from = \"users\"\nwindow = \"1m\"\nwhere = \"a\"\n", "counts.c.where: unknown key"}}) {
    const std::string message = Bad(kSink + users + "[counts.c]\n" + lines);
    INFO(lines << message);
    CHECK(Contains(message, problem));
  }
  CHECK(Contains(Bad(kSink + "[tables.a]\n[counts.c]\nfrom = \"a\"\nwindow = \"1m\"\n"),
                 "\"a\" has no event_time"));
  CHECK(Contains(Bad(kSink + users + "[counts.users]\nfrom = \"users\"\nwindow = \"1m\"\n"),
                 "has the same name"));
}

}  // namespace cdc::config
