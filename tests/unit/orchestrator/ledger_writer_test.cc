#include "orchestrator/ledger_writer.h"

#include "lib/sqlite/database.h"
#include "tests/unit/orchestrator/parts_bench.h"

namespace cdc::orchestrator {

TEST_CASE("what is noted is written by the next Save, what is written is there at once") {
  PartsBench t;
  auto state = [&](const char* table) {
    auto record = t.store->FindTable(table);
    return record ? record->state : std::string("none");
  };
  t.writer->Note(t.In("a", Phase::kRunning));
  t.writer->Write(t.In("b", Phase::kPending));
  CHECK(state("a") == "none");
  CHECK(state("b") == "Pending");
  CHECK(t.writer->due() <= t.clock.steady());
  t.writer->Save();
  CHECK(state("a") == "Running");
  CHECK(t.writer->due() == t.clock.steady() + seconds(1));
  t.In("a", Phase::kIdle);
  t.writer->Save();
  CHECK(state("a") == "Running");  // nobody noted it
  t.writer->Forget(*t.tables.Find("a"));
  CHECK(state("a") == "none");
}

TEST_CASE("a forgotten table is not written any more") {
  PartsBench t;
  JobEntry& a = t.In("a", Phase::kPending);
  t.writer->Note(a);
  t.writer->Forget(a);
  t.tables.Remove(a);
  t.writer->Save();
  CHECK(t.store->FindTable("a").has_error());
}

TEST_CASE("runs have different numbers, whether the ledger takes them or not") {
  PartsBench t;
  JobEntry& a = t.In("a", Phase::kPending);
  a.last_start_ms = 5'000;
  CHECK(t.writer->StartRun(a, "lag") != t.writer->StartRun(a, "lag"));
  auto other = sqlite::Database::Open(t.folder / "ledger.db", {});
  REQUIRE(other.has_value());
  REQUIRE(other->Exec("CREATE TRIGGER full BEFORE INSERT ON runs BEGIN SELECT RAISE(FAIL, 'no room'); END")
              .has_value());
  CHECK(t.writer->StartRun(a, "lag") == 5'000);
}

}  // namespace cdc::orchestrator
