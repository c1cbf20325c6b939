// What each kind of change does in a PostgreSQL table.

#include <catch2/catch_test_macros.hpp>

#include "tests/component/sink_postgres/target.h"

namespace cdc::postgres_sink {
namespace {

using nlohmann::json;
using worker::Ended;
using worker::kUnchangedToast;

}  // namespace

TEST_CASE("rows are made, changed and deleted, and a value that was not sent stays as it is") {
  Target target("rows");
  auto& changes = target.changes;
  target.Send({changes.Read({{"id", 1}, {"n", 1}, {"doc", "one"}}), changes.Read({{"id", 2}, {"n", 2}, {"doc", "two"}})});
  target.Drain();
  target.Send({changes.Update({{"id", 1}, {"n", 10}, {"doc", kUnchangedToast}}), changes.Delete(2), changes.Tombstone(2),
               changes.Create({{"id", 3}, {"n", 3}, {"doc", "tab\t, line\n, back\\slash, 'quote' and \"quote\", ü"}})});
  const auto report = target.Drain();
  CHECK(report.rows == 2);
  CHECK(report.deletes == 1);
  CHECK(target.Rows() == json::array({{{"id", 1}, {"n", 10}, {"doc", "one"}},
                                      {{"id", 3}, {"n", 3}, {"doc", "tab\t, line\n, back\\slash, 'quote' and \"quote\", ü"}}}));
}

TEST_CASE("a row whose key changes takes the values with it that were not sent, over runs and within one") {
  Target target("moved");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}, {"doc", "one"}}), changes.Create({{"id", 2}, {"n", 2}, {"doc", "two"}})});
  target.Drain();
  target.Send(changes.Move(1, {{"id", 11}, {"n", 1}, {"doc", kUnchangedToast}}));
  target.Send(changes.Move(11, {{"id", 12}, {"n", 5}, {"doc", kUnchangedToast}}));
  target.Send(changes.Move(2, {{"id", 1}, {"n", 2}, {"doc", kUnchangedToast}}));
  target.Drain();
  CHECK(target.Rows() ==
        json::array({{{"id", 1}, {"n", 2}, {"doc", "two"}}, {{"id", 12}, {"n", 5}, {"doc", "one"}}}));
}

TEST_CASE("an update of a row that is not there, without a value that it leaves out, is a dead letter") {
  Target target("lost");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}, {"doc", "one"}})});
  target.Drain();
  target.Send({changes.Update({{"id", 7}, {"n", 7}, {"doc", kUnchangedToast}}), changes.Update({{"id", 1}, {"n", 2}, {"doc", "new"}})});
  CHECK(target.Drain().dead_letters == 1);
  CHECK(target.Rows() == json::array({{{"id", 1}, {"n", 2}, {"doc", "new"}}}));
}

TEST_CASE("TRUNCATE empties the table, and what comes behind it is there") {
  Target target("emptied");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}})});
  target.Drain();
  target.Send({changes.Create({{"id", 2}, {"n", 2}}), changes.Truncate(), changes.Create({{"id", 3}, {"n", 3}})});
  target.Drain();
  CHECK(target.Rows() == json::array({{{"id", 3}, {"n", 3}}}));
}

TEST_CASE("with deletes = \"soft\" a deleted row stays and says so, until its key comes back") {
  Target target("soft", "deletes = \"soft\"\n");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}}), changes.Create({{"id", 2}, {"n", 2}})});
  target.Drain();
  target.Send({changes.Delete(1), changes.Delete(2), changes.Create({{"id", 2}, {"n", 3}})});
  target.Drain();
  CHECK(target.server.Ask("SELECT id, n, op, deleted_at IS NOT NULL FROM copy.soft ORDER BY id") == "1|1|d|t\n2|3|c|f");
  target.Send({changes.Truncate()});
  target.Drain();
  CHECK(target.server.Ask("SELECT id, op, deleted_at IS NOT NULL FROM copy.soft ORDER BY id") == "1|d|t\n2|d|t");
}

TEST_CASE("with mode = \"append\" each change is a row") {
  Target target("history", "mode = \"append\"\n");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}}), changes.Update({{"id", 1}, {"n", 2}}), changes.Delete(1)});
  target.Drain();
  CHECK(target.server.Ask("SELECT id, n, _cdc_operation FROM copy.history ORDER BY _cdc_operation") ==
        "1|1|c\n1|null|d\n1|2|u");
}

TEST_CASE("a table that is there is taken as it is: its types, its rows and its other columns stay") {
  Target target("mine");
  auto& changes = target.changes;
  target.server.Sql(
      "CREATE SCHEMA copy; CREATE TABLE copy.mine (id smallint PRIMARY KEY, note text DEFAULT 'mine', n numeric);"
      "INSERT INTO copy.mine VALUES (1, 'kept', 7), (5, 'kept', 5)");
  target.Send({changes.Create({{"id", 1}, {"n", 1}, {"more", "x"}}), changes.Create({{"id", 2}, {"n", 2}, {"more", "y"}})});
  target.Drain();
  CHECK(target.server.Ask("SELECT id, note, n, more FROM copy.mine ORDER BY id") ==
        "1|kept|1|x\n2|mine|2|y\n5|kept|5|null");
  CHECK(target.server.Ask("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = "
                          "'copy.mine'::regclass AND attname = 'id'") == "smallint");
}

TEST_CASE("a table that is there without a unique key is refused, and the reason says what to do") {
  Target target("loose");
  target.server.Sql("CREATE SCHEMA copy; CREATE TABLE copy.loose (id bigint, n bigint)");
  target.Send({target.changes.Create({{"id", 1}, {"n", 1}})});
  const Ended ended = target.pipeline.Drain("loose");
  CHECK(ended.exit == 78);
  CHECK(ended.report.reason.find("ALTER TABLE \"copy\".\"loose\" ADD PRIMARY KEY (\"id\")") != std::string::npos);
  target.server.Sql("ALTER TABLE copy.loose ADD PRIMARY KEY (id)");
  target.Drain();
  CHECK(target.Rows() == json::array({{{"id", 1}, {"n", 1}}}));
}

TEST_CASE("a constraint of the target's own holds the table, which goes on when it is gone") {
  Target target("strict");
  auto& changes = target.changes;
  target.Send({changes.Create({{"id", 1}, {"n", 1}})});
  target.Drain();
  target.server.Sql("ALTER TABLE copy.strict ADD CHECK (n < 5), ADD UNIQUE (n)");
  for (const int n : {7, 1}) {
    target.Send({changes.Create({{"id", 2}, {"n", n}})});
    const Ended ended = target.pipeline.Drain("strict");
    INFO(ended.report.reason);
    CHECK(ended.exit == 78);
    CHECK(ended.report.reason.find("cdc trigger strict") != std::string::npos);
    target.server.Sql("ALTER TABLE copy.strict DROP CONSTRAINT IF EXISTS strict_n_check");
  }
  target.server.Sql("ALTER TABLE copy.strict DROP CONSTRAINT strict_n_key");
  target.Drain();
  CHECK(target.Rows() == json::array({{{"id", 1}, {"n", 1}}, {{"id", 2}, {"n", 1}}}));
}

TEST_CASE("columns that come, and types that widen or change, are followed") {
  Target target("evolving", "on_type_change = \"rewrite\"\ncolumns = { n = \"smallint\", v = \"varchar(3)\" }\n");
  auto& changes = target.changes;
  const auto type_of = [&](const std::string& column) {
    return target.server.Ask("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = "
                             "'copy.evolving'::regclass AND attname = '" + column + "'");
  };
  target.Send({changes.Create({{"id", 1}, {"n", 1}, {"v", "abc"}})});
  target.Drain();
  CHECK(type_of("n") == "smallint");
  CHECK(type_of("v") == "character varying(3)");
  target.Configure("on_type_change = \"rewrite\"\ncolumns = { n = \"bigint\", v = \"varchar(10)\", d = \"date\" }\n");
  target.Send({changes.Update({{"id", 1}, {"n", 5'000'000'000}, {"v", "longer"}, {"d", 1}})});
  target.Drain();
  CHECK(type_of("n") == "bigint");
  CHECK(type_of("v") == "character varying(10)");
  target.Configure("on_type_change = \"rewrite\"\ncolumns = { n = \"text\", v = \"varchar(10)\", d = \"date\" }\n");
  target.Send({changes.Create({{"id", 2}, {"n", "many"}, {"v", "x"}, {"d", nullptr}})});
  target.Drain();
  CHECK(target.server.Ask("SELECT * FROM copy.evolving ORDER BY id") ==
        "1|5000000000|longer|1970-01-02\n2|many|x|null");
}

TEST_CASE("a table without a key is refused, with both ways out") {
  Target target("keyless");
  target.Send({{std::nullopt, target.changes.Create({{"id", 1}}).value, {}}});
  const Ended ended = target.pipeline.Drain("keyless");
  CHECK(ended.exit == 78);
  CHECK(ended.report.reason.find("key = [") != std::string::npos);
  CHECK(ended.report.reason.find("mode = \"append\"") != std::string::npos);
}

}  // namespace cdc::postgres_sink
