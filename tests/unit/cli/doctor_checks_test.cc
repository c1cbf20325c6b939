#include "cli/doctor_checks.h"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

namespace cdc::cli {
namespace {

using postgres::ReplicaIdentity;
using postgres::ServerTable;
using postgres::SourceServer;

ServerTable Orders() { return {"public", "orders", {"id"}, ReplicaIdentity::kDefault, {"cdc"}, {}, true}; }
SourceServer Sound() { return {"app", "cdc", "logical", true, 0, {"cdc"}, {Orders()}}; }

config::Table Entry(const std::string& name) {
  config::Table table;
  table.name = name;
  return table;
}

/// The findings that are not good.
Findings Judge(const SourceServer& server, const std::vector<config::Table>& tables, bool discover = false) {
  Findings found = JudgeSourceServer(server, tables, discover);
  std::erase_if(found, [](const Finding& each) { return each.health == Health::kGood; });
  return found;
}

TEST_CASE("a source that is as it should be is good") {
  CHECK(Judge(Sound(), {Entry("orders")}).empty());
  CHECK(Judge(Sound(), {Entry("public.orders")}).empty());
}

TEST_CASE("what a table's rows need of the source is named with the statement that mends it") {
  SourceServer server = Sound();
  ServerTable& table = server.tables[0];
  SECTION("nothing tells which row is meant") {
    table.replica_identity = ReplicaIdentity::kNothing;
    const Findings found = Judge(server, {Entry("orders")});
    REQUIRE(found.size() == 1);
    CHECK(found[0].health == Health::kBad);
    CHECK(found[0].fix == "ALTER TABLE public.orders REPLICA IDENTITY DEFAULT;");
  }
  SECTION("no key, and old rows are not sent") {
    table.primary_key.clear();
    CHECK(Judge(server, {Entry("orders")}).at(0).fix == "ALTER TABLE public.orders REPLICA IDENTITY FULL;");
    table.replica_identity = ReplicaIdentity::kFull;
    CHECK(Judge(server, {Entry("orders")}).empty());
  }
  SECTION("large values") {
    table.large_columns = {"note"};
    CHECK(Judge(server, {Entry("orders")}).at(0).health == Health::kDoubtful);
  }
  SECTION("in no publication") {
    table.publications.clear();
    CHECK(Judge(server, {Entry("orders")}).at(0).text ==
          "public.orders: in no publication: its changes are not sent");
  }
  SECTION("not there") { CHECK(Judge(server, {Entry("order")}).at(0).subject == "table"); }
  SECTION("tables that are discovered are looked at as well") {
    table.publications.clear();
    CHECK(Judge(server, {}).empty());
    CHECK(Judge(server, {}, true).size() == 1);
  }
}

TEST_CASE("a server that cannot decode changes is bad, one without a publication doubtful") {
  SourceServer server = Sound();
  server.wal_level = "replica";
  server.publications.clear();
  const Findings found = Judge(server, {Entry("orders")});
  REQUIRE(found.size() == 2);
  CHECK(found[0].health == Health::kBad);
  CHECK(found[1].health == Health::kDoubtful);
}

TEST_CASE("a clock may be off by five seconds, either way") {
  CHECK(JudgeClock(5'000, "PostgreSQL's").health == Health::kGood);
  CHECK(JudgeClock(-5'001, "PostgreSQL's").health == Health::kBad);
  CHECK(JudgeClock(90'000, "PostgreSQL's").text == "this machine's clock is 90.0 s ahead of PostgreSQL's");
  CHECK(JudgeClock(-90'000, "PostgreSQL's").text == "this machine's clock is 90.0 s behind PostgreSQL's");
}

TEST_CASE("files that may be open, and room on the disk") {
  CHECK(JudgeLimits(1024, 16, uint64_t{10} << 30)[0].health == Health::kGood);
  CHECK(JudgeLimits(256, 16, uint64_t{10} << 30)[0].health == Health::kBad);
  CHECK(JudgeLimits(1024, 16, 1 << 20)[1].health == Health::kDoubtful);
}

}  // namespace
}  // namespace cdc::cli
