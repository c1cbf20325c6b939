#include "jobs/sink/iceberg/table_definition.h"

#include "tests/unit/sink_iceberg/table_bench.h"

namespace cdc::iceberg_sink {
namespace {

rows::Schema TwoColumns() {
  rows::Schema schema;
  schema.fields = {{0, 0, "id", true, rows::Type::Of(rows::TypeKind::kLong)},
                   {0, 0, "name", false, rows::Type::Of(rows::TypeKind::kString)}};
  return schema;
}

/// A table that is not made yet, and what the definition of a run says of it.
struct DefinitionBench : TableBench {
  DefinitionBench() { settings.table = "t"; }

  /// Another run's definition of the table as it is now.
  Result<RowKeys> Reread() {
    IcebergTable again(ident, "t", ports);
    TableDefinition reread(settings, again);
    CDC_TRY(reread.Adopt(*again.Load()));
    CDC_TRY(reread.TakeSecret());
    reread.MakeIdentity();
    return reread.keys();
  }

  iceberg::TableIdent ident{"db", "fresh"};
  TableSettings settings;
  IcebergTable fresh{ident, "t", ports};
  TableDefinition definition{settings, fresh};
};

TEST_CASE("the next run reads the key and the secret that the table was made with") {
  DefinitionBench bench;
  REQUIRE(bench.definition.Create(TwoColumns(), {"id"}, {{"op", "_op"}}, {}));
  CHECK(bench.definition.own_names() == OwnNames{{"op", "_op"}});
  const auto read = bench.Reread();
  REQUIRE(read);
  CHECK(read->columns == std::vector<std::string>{"id"});
  CHECK(read->secret == bench.definition.keys().secret);
  CHECK(read->identity == nullptr);
}

TEST_CASE("a table that was made while the answer was lost is taken, if it is the same one") {
  DefinitionBench bench;
  REQUIRE(bench.definition.Create(TwoColumns(), {"id"}, {}, {}));
  IcebergTable again(bench.ident, "t", bench.ports);
  TableDefinition definition(bench.settings, again);
  REQUIRE(definition.Create(TwoColumns(), {"id"}, {}, {}));  // the catalog says: there is one
  IcebergTable other(bench.ident, "t", bench.ports);
  const Status another = TableDefinition(bench.settings, other).Create(TwoColumns(), {"name"}, {}, {});
  REQUIRE_FALSE(another);
  CHECK(another.error().kind == kConflict);
}

TEST_CASE("a table is refused whose key is another one, or has lost a column") {
  DefinitionBench bench;
  REQUIRE(bench.definition.Create(TwoColumns(), {"id"}, {}, {}));
  bench.settings.key = {"name"};
  CHECK(bench.Reread().error().message.find("another key") != std::string::npos);
  bench.settings.key = {"id"};
  REQUIRE(bench.Reread());
  bench.settings.key.clear();
  REQUIRE(
      bench.fresh.Change(iceberg::PropertiesCommit(bench.fresh.metadata(), {{kPropertyKey, R"(["gone"])"}})));
  CHECK(bench.Reread().error().message.find("no column 'gone'") != std::string::npos);
}

TEST_CASE("a table without a secret is given one, in a commit of its own") {
  DefinitionBench bench;
  REQUIRE(bench.definition.Create(TwoColumns(), {"id"}, {}, {}));
  const KeySecret before = bench.definition.keys().secret;
  REQUIRE(bench.fresh.Change(iceberg::PropertiesCommit(bench.fresh.metadata(), {{kPropertySecret, "none"}})));
  bench.catalog.script = {{true, ErrorKind::kCommitUnknown}};
  const auto first = bench.Reread();
  REQUIRE(first);
  CHECK_FALSE(first->secret == before);
  CHECK(bench.Reread()->secret == first->secret);
}

TEST_CASE("a table without a key tells rows apart by what comes from the source") {
  DefinitionBench bench;
  REQUIRE(bench.definition.Create(TwoColumns(), {}, {}, {}));
  REQUIRE(bench.definition.keys().identity != nullptr);
  CHECK(bench.definition.keys().identity->columns() == std::vector<int>{0, 1});
  REQUIRE(bench.definition.IdentifyRowsWithout({"name"}));
  CHECK(bench.definition.keys().identity->columns() == std::vector<int>{0});
  CHECK(bench.Reread()->identity->columns() == std::vector<int>{0});
  REQUIRE(bench.fresh.Change(iceberg::PropertiesCommit(bench.fresh.metadata(), {{kPropertyIdentity, "{}"}})));
  CHECK(bench.Reread().error().kind == ErrorKind::kUnsupported);
}

TEST_CASE("new columns and names are committed together; a commit whose answer was lost is found") {
  DefinitionBench bench;
  REQUIRE(bench.definition.Create(TwoColumns(), {"id"}, {}, {}));
  const auto before = bench.fresh.schema();
  rows::SchemaChanges changes;
  changes.additions.push_back({0, 0, "more", false, rows::Type::Of(rows::TypeKind::kInt)});
  SECTION("answered") {}
  SECTION("lost after") { bench.catalog.script = {{true, ErrorKind::kCommitUnknown}}; }
  SECTION("lost before") { bench.catalog.script = {{false, ErrorKind::kCommitUnknown}}; }
  REQUIRE(bench.definition.Evolve(changes, {{"op", "_op"}}));
  CHECK(bench.fresh.schema() != before);  // a new object
  CHECK(bench.fresh.schema()->fields.size() == 3);
  CHECK(bench.definition.own_names() == OwnNames{{"op", "_op"}});
  CHECK(OwnNamesIn(*bench.fresh.Load()->metadata) == OwnNames{{"op", "_op"}});
}

}  // namespace
}  // namespace cdc::iceberg_sink
