#include "jobs/sink/iceberg/iceberg_table.h"

#include "tests/unit/sink_iceberg/table_bench.h"

namespace cdc::iceberg_sink {
namespace {

TEST_CASE("a commit is done, and its files are live") {
  TableBench bench;
  REQUIRE(bench.Commit(bench.table));
  CHECK(bench.table.live().totals().records == 5);
  CHECK(bench.table.live().snapshot_id() == bench.table.metadata().current_snapshot_id);
  CHECK(bench.slept == 0);
}

TEST_CASE("a commit whose answer was lost is found, or sent again, and never sent twice") {
  TableBench bench;
  SECTION("it took place") { bench.catalog.script = {{true, kUnknown}}; }
  SECTION("it did not") { bench.catalog.script = {{false, kUnknown}}; }
  SECTION("the catalog repeated it by itself") { bench.catalog.script = {{true, kConflict}}; }
  SECTION("it was refused for a while") { bench.catalog.script = {{false, kTransient}, {false, kTransient}}; }
  SECTION("a conflict that nothing shows") { bench.catalog.script = {{false, kConflict}}; }
  REQUIRE(bench.Commit(bench.table));
  CHECK(bench.table.live().totals().records == 5);
  CHECK(bench.table.Load()->metadata->snapshots.size() == 1);
}

TEST_CASE("a conflict is one where another writer was first, and nothing changes here") {
  TableBench bench;
  IcebergTable other(bench.made.ident, "t", bench.ports);
  REQUIRE(other.Adopt(*other.Load()));
  REQUIRE(bench.Commit(other));
  const Status sent = bench.Commit(bench.table);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().kind == kConflict);
  CHECK(bench.table.live().totals().records == 0);
}

TEST_CASE("what stays in doubt is unknown, also where the last answers say that it was not taken") {
  TableBench bench;
  SECTION("no answer at all") { bench.catalog.script.assign(20, {false, kUnknown}); }
  SECTION("a conflict that nothing shows") { bench.catalog.script.assign(20, {false, kConflict}); }
  SECTION("refused after an answer was lost") {
    bench.catalog.script.assign(20, {false, kTransient});
    bench.catalog.script.front() = {false, kUnknown};
  }
  const Status sent = bench.Commit(bench.table);
  REQUIRE_FALSE(sent);
  CHECK(sent.error().kind == kUnknown);
  CHECK(bench.catalog.commits < 20);
}

TEST_CASE("what was never taken is transient") {
  TableBench bench;
  bench.catalog.script.assign(20, {false, kTransient});
  CHECK(bench.Commit(bench.table).error().kind == kTransient);
}

}  // namespace
}  // namespace cdc::iceberg_sink
