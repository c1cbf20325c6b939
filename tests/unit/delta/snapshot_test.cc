#include "lib/delta/snapshot.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/result_printing.h"

namespace cdc::delta {
namespace {

AddFile Add(const std::string& path, std::optional<DeletionVector> vector = {}) {
  return {path, 1, 2, true, "{\"numRecords\":10}", {}, std::move(vector)};
}
DeletionVector Vector(const std::string& id, int64_t rows) { return {"u", id, 1, 40, rows}; }

}  // namespace

TEST_CASE("a file that gets another vector stays live, in whichever order the commit says it") {
  for (const bool add_first : {false, true}) {
    Snapshot table("/t");
    REQUIRE(table.Apply(0, {Protocol{}, Metadata{"id"}}));
    REQUIRE(table.Apply(1, {Add("a"), Add("b")}));
    CHECK(table.rows() == 20);
    const Action remove = RemoveFile{"a", 5, true, 1, {}}, add = Add("a", Vector("x", 3));
    REQUIRE(table.Apply(2, add_first ? std::vector{add, remove} : std::vector{remove, add}));
    REQUIRE(table.Find("/t/a") != nullptr);
    CHECK(table.Find("/t/a")->deleted() == 3);
    CHECK(table.rows() == 17);
    CHECK(table.removed().size() == 1);
    REQUIRE(table.Apply(3, {RemoveFile{"a", 6, true, 1, Vector("x", 3)}}));
    CHECK(table.Find("/t/a") == nullptr);
    CHECK(table.rows() == 10);
    CHECK(table.version() == 3);
  }
}

TEST_CASE("what a checkpoint has makes the same table again, without removals of before") {
  Snapshot table("/t");
  REQUIRE(table.Apply(7, {Protocol{3, 7, {"x"}, {"x"}}, Metadata{"id"}, Add("a"), Add("b", Vector("v", 1)),
                          Transaction{"app", 5}, DomainMetadata{"d", "c", false},
                          RemoveFile{"old", 100, true, 1, {}}, RemoveFile{"new", 200, true, 1, {}}}));
  REQUIRE(table.Apply(
      8, {Transaction{"app", 6}, DomainMetadata{"gone", "c", false}, DomainMetadata{"gone", "", true}}));
  Snapshot again("/t");
  table.ForgetRemoved(150, 0);
  REQUIRE(again.Apply(8, table.Actions()));
  CHECK(again.rows() == table.rows());
  CHECK(again.files().size() == 2);
  CHECK(again.transactions().at("app").version == 6);
  CHECK(again.domains().size() == 1);
  CHECK(again.protocol() == table.protocol());
  REQUIRE(again.removed().size() == 1);
  CHECK(again.removed().begin()->second.path == "new");
}

TEST_CASE("paths are read as URIs, and one outside the folder is refused") {
  const Snapshot table("/t");
  CHECK(*table.PathOf("a%20b%25.parquet") == "/t/a b%.parquet");
  for (const char* outside : {"/x/a.parquet", "s3://b/a.parquet", "file:/x"})
    CHECK(table.PathOf(outside).error().kind == ErrorKind::kUnsupported);
  CHECK(table.PathOf("a%2").error().kind == ErrorKind::kCorrupt);
}

}  // namespace cdc::delta
