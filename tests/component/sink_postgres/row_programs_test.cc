// select and where on Debezium's events: rows that come and go by their condition, values that were not sent,
// key changes.

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <random>

#include "tests/component/sink_postgres/target.h"

namespace cdc::postgres_sink {
namespace {

using nlohmann::json;
using worker::Ended;
using worker::Event;
using worker::kUnchangedToast;

constexpr const char* kSelect = R"toml(where = "active"
select = { id = "id", mail = "lower(email)", bio = "bio", head = "left(bio, 3)" }
)toml";

json Person(int id, const char* email, const char* bio, bool active = true) {
  return {{"id", id}, {"email", email}, {"bio", bio}, {"active", active}};
}

std::vector<std::string> Reasons(Target& target) {
  std::vector<std::string> reasons;
  for (const Event& letter : target.pipeline.Read(target.changes.topic() + ".dlq")) {
    for (const auto& [name, value] : letter.headers) {
      if (name == "cdc.reason") reasons.push_back(value);
    }
  }
  return reasons;
}

}  // namespace

TEST_CASE("a row is in the table while its condition holds, and goes when it does not") {
  Target target("people", kSelect);
  auto& c = target.changes;
  target.Send({c.Read(Person(1, "A@X", "one")), c.Read(Person(2, "B@X", "two", false)),
               c.Create(Person(3, "C@X", "three"))});
  target.Drain();
  CHECK(target.server.Ask("SELECT id, mail, head FROM copy.people ORDER BY id") == "1|a@x|one\n3|c@x|thr");
  target.Send({c.Update(Person(2, "B@X", "two")), c.Update(Person(3, "C@X", "three", false)),
               c.Update(Person(1, "AA@X", "one")), c.Create(Person(4, "D@X", "four", false)), c.Delete(4),
               c.Delete(3)});
  const contract::Report report = target.Drain();
  CHECK(report.dead_letters == 0);
  CHECK(target.server.Ask("SELECT id, mail FROM copy.people ORDER BY id") == "1|aa@x\n2|b@x");
  CHECK(
      target.server.Ask("SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = "
                        "'copy.people'::regclass AND attnum > 0") == "id,mail,bio,head");
}

TEST_CASE(
    "what was not sent stays where it stands alone, and is a dead letter where it is mixed or asked for") {
  Target target("toasted", R"toml(select = { id = "id", name = "upper(name)", head = "left(bio, 3)" }
)toml");
  auto& c = target.changes;
  target.Send({c.Create({{"id", 1}, {"name", "ann"}, {"bio", "long text"}}),
               c.Create({{"id", 2}, {"name", "bob"}, {"bio", "other"}})});
  target.Drain();
  target.Send({c.Update({{"id", 1}, {"name", "anna"}, {"bio", kUnchangedToast}})});
  CHECK(target.Drain().dead_letters == 0);
  // In one batch with the row that has it, too.
  target.Send({c.Update({{"id", 2}, {"name", "rob"}, {"bio", "third"}}),
               c.Update({{"id", 2}, {"name", "bert"}, {"bio", kUnchangedToast}})});
  CHECK(target.Drain().dead_letters == 0);
  CHECK(target.server.Ask("SELECT id, name, head FROM copy.toasted ORDER BY id") == "1|ANNA|lon\n2|BERT|thi");

  Target mixed("mixed", R"toml(select = { id = "id", both = "name || bio" }
)toml");
  mixed.Send({mixed.changes.Create({{"id", 1}, {"name", "a"}, {"bio", "b"}}),
              mixed.changes.Update({{"id", 1}, {"name", "x"}, {"bio", kUnchangedToast}})});
  CHECK(mixed.Drain().dead_letters == 1);
  REQUIRE(Reasons(mixed).size() == 1);
  CHECK(Reasons(mixed)[0].find("REPLICA IDENTITY FULL") != std::string::npos);
  CHECK(mixed.server.Ask("SELECT \"both\" FROM copy.mixed") == "ab");
}

TEST_CASE("a row that moves to another key takes its unsent values along, and is not left behind") {
  Target target("moving", kSelect);
  auto& c = target.changes;
  target.Send({c.Create(Person(1, "A@X", "one")), c.Create(Person(2, "B@X", "two"))});
  target.Drain();
  std::vector<Event> events = c.Move(1, Person(11, "A@X", kUnchangedToast));
  for (Event& event : c.Move(2, Person(12, "B@X", "two", false))) events.push_back(std::move(event));
  target.Send(events);
  CHECK(target.Drain().dead_letters == 0);
  CHECK(target.server.Ask("SELECT id, mail, bio, head FROM copy.moving ORDER BY id") == "11|a@x|one|one");
}

TEST_CASE("a computed key finds its row by what a delete's key says") {
  Target target("keyed", "key = [\"nr\"]\nselect = { nr = \"id + 1000\", name = \"name\" }\n");
  auto& c = target.changes;
  target.Send({c.Create({{"id", 1}, {"name", "a"}}), c.Create({{"id", 2}, {"name", "b"}})});
  target.Drain();
  target.Send({c.Delete(1), c.Update({{"id", 2}, {"name", "bb"}})});
  target.Drain();
  CHECK(target.server.Ask("SELECT nr, name FROM copy.keyed ORDER BY nr") == "1002|bb");
}

TEST_CASE("a tombstone that is all a run sees of a row removes it by its computed key") {
  Target target("compacted", "key = [\"nr\"]\nselect = { nr = \"id + 1000\", name = \"name\" }\n");
  target.Send(
      {target.changes.Create({{"id", 1}, {"name", "a"}}), target.changes.Create({{"id", 2}, {"name", "b"}})});
  target.Drain();
  target.Send({target.changes.Tombstone(1)});
  target.Drain();
  CHECK(target.server.Ask("SELECT nr FROM copy.compacted") == "1002");
}

TEST_CASE("new columns at the source do not appear where select says which there are") {
  Target target("closed", "select = { id = \"id\", n = \"n\" }\n");
  target.Send({target.changes.Create({{"id", 1}, {"n", 1}}),
               target.changes.Create({{"id", 2}, {"n", 2}, {"new", "x"}})});
  target.Drain();
  CHECK(target.Rows() == json::parse(R"([{"id":1,"n":1},{"id":2,"n":2}])"));
}

TEST_CASE("without select a condition leaves the columns as they are, and new ones appear") {
  Target target("open", "where = \"n > 1\"\n");
  target.Send({target.changes.Create({{"id", 1}, {"n", 1}}), target.changes.Create({{"id", 2}, {"n", 2}})});
  target.Drain();
  target.Send({target.changes.Create({{"id", 3}, {"n", 3}, {"new", "x"}}),
               target.changes.Update({{"id", 1}, {"n", 5}, {"new", "y"}})});
  target.Drain();
  CHECK(target.Rows() ==
        json::parse(R"([{"id":1,"n":5,"new":"y"},{"id":2,"n":2,"new":null},{"id":3,"n":3,"new":"x"}])"));
}

TEST_CASE("an expression that does not fit the table's columns holds it, and names the column and the text") {
  Target target("wrong", "select = { id = \"id\", x = \"lower(nam)\" }\n");
  target.Send({target.changes.Create({{"id", 1}, {"name", "a"}})});
  const Ended ended = target.pipeline.Drain("wrong");
  CHECK(ended.exit == 78);
  CHECK(ended.report.reason.find(
            "the expression of column 'x', \"lower(nam)\": line 1, column 7: there is no column "
            "\"nam\" (did you mean name?)") != std::string::npos);
  Target keyless("keyless", "select = { name = \"name\" }\n");
  keyless.Send({keyless.changes.Create({{"id", 1}, {"name", "a"}})});
  const Ended refused = keyless.pipeline.Drain("keyless");
  CHECK(refused.exit == 78);
  CHECK(refused.report.reason.find("keyed by id, and select has no column that is \"id\"") !=
        std::string::npos);
}

TEST_CASE(
    "soft deletes mark the operation under the name that select gives it, and rows that leave the "
    "condition") {
  Target target("marked", R"toml(deletes = "soft"
where = "n > 0"
select = { id = "id", n = "n", "Last change" = "operation()", at = "source_time_ms()" }
)toml");
  auto& c = target.changes;
  target.Send(
      {c.Create({{"id", 1}, {"n", 1}}), c.Create({{"id", 2}, {"n", 2}}), c.Create({{"id", 3}, {"n", 3}})});
  target.Drain();
  target.Send({c.Delete(1), c.Update({{"id", 2}, {"n", -2}}), c.Delete(9), c.Create({{"id", 8}, {"n", -8}})});
  CHECK(target.Drain().dead_letters == 0);
  CHECK(target.server.Ask("SELECT id, n, \"Last change\", at - 1700000000000 FROM copy.marked ORDER BY id") ==
        "1|1|DELETE|4\n2|2|DELETE|5\n3|3|INSERT|3");
  target.Send({c.Create({{"id", 1}, {"n", 7}}), c.Truncate()});
  target.Drain();
  CHECK(target.server.Ask("SELECT id, n, \"Last change\" FROM copy.marked ORDER BY id") ==
        "1|1|DELETE\n2|2|DELETE\n3|3|DELETE");
}

TEST_CASE("an op() column of metadata_columns is what soft deletes mark") {
  Target target("named", "deletes = \"soft\"\n");
  target.pipeline.Configure(
      fmt::format("[sinks.target]\ntype = \"postgres\"\ndsn = \"{}\"\nschema = "
                  "\"copy\"\n[tables.named]\nsink = \"target\"\n"
                  "deletes = \"soft\"\nmetadata_columns = [{{ name = \"_op\", value = \"op()\" }}, {{ name = "
                  "\"_what\", value = "
                  "\"operation() || ' of ' || table_name()\" }}]\n",
                  target.server.dsn()));
  target.Send({target.changes.Create({{"id", 1}}), target.changes.Create({{"id", 2}})});
  target.Drain();
  target.Send({target.changes.Delete(2)});
  target.Drain();
  CHECK(target.server.Ask("SELECT id, _op, _what, deleted_at IS NOT NULL FROM copy.named ORDER BY id") ==
        "1|c|INSERT of named|f\n2|d|INSERT of named|t");
}

TEST_CASE("what a column was is remembered where its values are null when the next run begins") {
  Target target("nulls", "select = { id = \"id\", half = \"n / 2\" }\n");
  target.Send({target.changes.Create({{"id", 1}, {"n", 9}})});
  target.Drain();
  target.Send({target.changes.Create({{"id", 2}, {"n", nullptr}})});
  target.Drain();
  CHECK(target.Rows() == json::parse(R"([{"id":1,"half":4},{"id":2,"half":null}])"));
}

TEST_CASE("random changes through a condition end as a model says") {
  std::mt19937 dice(7);
  Target target("random", std::string(kSelect) + "commit_interval = \"1ms\"\n");
  std::map<int, json> rows;
  for (int round = 0; round < 4; ++round) {
    std::vector<Event> events;
    for (int i = 0; i < 400; ++i) {
      const int id = static_cast<int>(dice() % 60);
      const bool there = rows.contains(id);
      if (there && dice() % 5 == 0) {
        events.push_back(target.changes.Delete(id));
        rows.erase(id);
        continue;
      }
      json row = Person(id, "M@X", ("b" + std::to_string(dice() % 1000)).c_str(), dice() % 3 != 0);
      // A row that was in the table may leave its large value out.
      const bool unsent = there && rows[id]["active"] && dice() % 3 == 0;
      if (unsent) row["bio"] = rows[id]["bio"];
      rows[id] = row;
      if (unsent) row["bio"] = kUnchangedToast;
      events.push_back(there ? target.changes.Update(row) : target.changes.Create(row));
    }
    target.Send(events);
    CHECK(target.Drain().dead_letters == 0);
  }
  std::map<int64_t, json> expected;
  for (const auto& [id, row] : rows) {
    if (!row["active"]) continue;
    const std::string bio = row["bio"];
    expected[id] = {{"id", id}, {"mail", "m@x"}, {"bio", bio}, {"head", bio.substr(0, 3)}};
  }
  CHECK(target.RowsById() == expected);
}

}  // namespace cdc::postgres_sink
