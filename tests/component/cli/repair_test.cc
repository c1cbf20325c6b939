/// reset, adopt and rewind on a real catalog and broker.

#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <map>
#include <set>

#include "lib/contract/lock_file.h"
#include "lib/contract/names.h"
#include "lib/contract/offsets.h"
#include "lib/iceberg/sqlite_catalog.h"
#include "lib/kafka/producer.h"
#include "lib/sqlite/database.h"
#include "tests/component/cli/cli_fixture.h"

namespace cdc::cli {
namespace {

constexpr const char* kTopic = "p.public.faculty";

struct World {
  World() {
    folder.Write("tables.toml", ConfigText(broker.servers(), "[tables.faculty]\n"));
    auto producer = std::move(kafka::Producer::Make({.bootstrap_servers = broker.servers()}).value());
    for (int i = 0; i < 5; ++i) {
      REQUIRE(producer->Produce({.topic = kTopic, .partition = i % 2, .value = "{}"}).has_value());
    }
    REQUIRE(producer->Flush(std::chrono::seconds(10)).has_value());
    catalog = std::move(iceberg::MakeSqliteCatalog({.path = folder.path() / "catalog.db",
                                                    .name = "iceberg_catalog",
                                                    .warehouse = folder.path() / "warehouse"},
                                                   *files)
                            .value());
    REQUIRE(catalog->EnsureNamespace("university").has_value());
  }

  static rows::Schema SchemaOf() {
    rows::Schema schema;
    schema.fields.push_back({});
    schema.fields.back().name = "id";
    schema.fields.back().type = rows::Type::Of(rows::TypeKind::kLong);
    return schema;
  }
  void MakeTable(const std::string& location = "",
                 const std::map<std::string, std::string>& properties = {}) {
    REQUIRE(catalog->CreateTable(ident, SchemaOf(), location, properties).has_value());
  }
  std::string Warehouse(const std::string& name) const { return folder.path() / "warehouse" / name; }
  /// Refused, and nothing is different.
  void CheckPurgeRefused(const std::string& why) {
    const auto before = files->List(folder.path() / "warehouse");
    for (const char* words : {"reset faculty --purge", "reset faculty --purge --yes"}) {
      const auto refused = folder.Cdc(words);
      INFO(words << refused.err);
      CHECK(refused.exit == 78);
      CHECK(refused.err.find(why) != std::string::npos);
      CHECK(refused.err.find("without --purge") != std::string::npos);
    }
    CHECK(catalog->LoadTable(ident).has_value());
    CHECK(files->List(folder.path() / "warehouse")->size() == before->size());
  }

  /// `cdc.offsets` of the newest snapshot; "" when there is none.
  std::string Offsets() {
    const auto table = catalog->LoadTable(ident);
    REQUIRE(table.has_value());
    const std::string key(contract::kSummaryOffsets);
    const auto snapshot = table->metadata->NewestAncestorWith(key);
    return snapshot == nullptr ? "" : *snapshot->FindSummary(key);
  }

  BrokerProcess broker{std::string(kTopic) + ":2"};
  Folder folder;
  std::unique_ptr<storage::FileSystem> files = storage::MakeLocalFileSystem();
  std::unique_ptr<iceberg::Catalog> catalog;
  iceberg::TableIdent ident{"university", "faculty"};
};

TEST_CASE("adopt and rewind write offsets into a snapshot of the table") {
  World world;
  CHECK(world.folder.Cdc("adopt faculty --yes").exit != 0);  // there is no table yet
  world.MakeTable();

  const auto told = world.folder.Cdc("adopt faculty");
  INFO(told.err);
  CHECK(told.exit == 1);
  CHECK(told.out.find("--yes") != std::string::npos);
  CHECK(world.Offsets().empty());

  CHECK(world.folder.Cdc("adopt faculty --yes").exit == 0);
  CHECK(world.Offsets() == R"({"p.public.faculty":{"0":3,"1":2}})");

  CHECK(world.folder.Cdc("rewind faculty --to 0=1").exit == 1);
  CHECK(world.Offsets() == R"({"p.public.faculty":{"0":3,"1":2}})");
  const auto rewound = world.folder.Cdc("rewind faculty --to 0=1 --yes");
  INFO(rewound.err);
  CHECK(rewound.exit == 0);
  CHECK(world.Offsets() == R"({"p.public.faculty":{"0":1,"1":2}})");
  CHECK(world.folder.Cdc("rewind faculty --to p.public.faculty:0=0,p.public.faculty:1=0 --yes").exit == 0);
  CHECK(world.Offsets() == R"({"p.public.faculty":{"0":0,"1":0}})");

  for (const char* wrong : {"0=4", "7=0", "other:0=0", "0", "0=", "=1", "0=-1", "x=1"}) {
    INFO(wrong);
    CHECK(world.folder.Cdc(std::string("rewind faculty --yes --to ") + wrong).exit == 64);
  }
  CHECK(world.Offsets() == R"({"p.public.faculty":{"0":0,"1":0}})");
}

TEST_CASE("rewind wants every partition of a table without offsets") {
  World world;
  world.MakeTable();
  const auto part = world.folder.Cdc("rewind faculty --to 0=1 --yes");
  CHECK(part.exit == 64);
  CHECK(part.err.find("partition 1") != std::string::npos);
  CHECK(world.folder.Cdc("rewind faculty --to 0=1,1=1 --yes").exit == 0);
  CHECK(world.Offsets() == R"({"p.public.faculty":{"0":1,"1":1}})");
}

TEST_CASE("reset drops table and index, only with --yes, and again without harm") {
  World world;
  world.MakeTable();
  const auto location = world.catalog->LoadTable(world.ident)->metadata->location;
  const auto index = world.folder.path() / "state" / "index" / "faculty";
  std::filesystem::create_directories(index);
  world.folder.Write("state/index/faculty/keys", "x");

  CHECK(world.folder.Cdc("reset faculty").exit == 1);
  CHECK(std::filesystem::exists(index));
  CHECK(world.catalog->LoadTable(world.ident).has_value());

  CHECK(world.folder.Cdc("reset faculty --yes").exit == 0);
  CHECK_FALSE(std::filesystem::exists(index));
  CHECK(world.catalog->LoadTable(world.ident).error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(world.files->List(location)->empty());
  CHECK(world.folder.Cdc("reset faculty --yes").exit == 0);

  world.MakeTable();
  const auto second = world.catalog->LoadTable(world.ident)->metadata->location;
  CHECK(world.folder.Cdc("reset faculty --yes --purge").exit == 0);
  CHECK(world.files->List(second)->empty());
}

TEST_CASE("purging deletes what the table references and nothing else") {
  World world;
  const std::string location = world.Warehouse("faculty") + (GENERATE(false, true) ? "/" : "");
  world.MakeTable(location, {{"write.data.path", world.Warehouse("elsewhere")}});
  const std::string key(contract::kSummaryOffsets);
  CHECK(world.folder.Cdc("adopt faculty --yes").exit == 0);  // a snapshot
  const auto table = world.catalog->LoadTable(world.ident);
  const std::string stray = world.Warehouse("faculty/data/somebody.parquet"),
                    beside = world.Warehouse("faculty2/data/x.parquet"),
                    elsewhere = world.Warehouse("elsewhere/x.parquet");
  for (const std::string& path : {stray, beside, elsewhere})
    REQUIRE(world.files->WriteAll(path, "x").has_value());
  const auto told = world.folder.Cdc("reset faculty --purge");
  CHECK(told.exit == 1);
  CHECK(told.out.find("leave 1 files there") != std::string::npos);
  CHECK(world.folder.Cdc("reset faculty --purge --yes").exit == 0);
  const auto left = world.files->List(world.folder.path() / "warehouse");
  std::set<std::string> paths;
  for (const auto& file : *left) paths.insert(file.path);
  CHECK(paths == std::set<std::string>{stray, beside, elsewhere});
}

TEST_CASE("purging is refused where others may need the files") {
  World world;
  SECTION("gc.enabled=false") {
    world.MakeTable("", {{"gc.enabled", "false"}});
    world.CheckPurgeRefused("gc.enabled=false");
  }
  SECTION("a folder around another table's") {
    world.MakeTable(world.Warehouse("all"));
    REQUIRE(world.catalog
                ->CreateTable({"university", "other"}, World::SchemaOf(), world.Warehouse("all/other"), {})
                .has_value());
    world.CheckPurgeRefused("university.other");
  }
  SECTION("a folder for two tables") {
    world.MakeTable(world.Warehouse("both"));
    REQUIRE(
        world.catalog->CreateTable({"university", "other"}, World::SchemaOf(), world.Warehouse("both"), {})
            .has_value());
    world.CheckPurgeRefused("university.other");
  }
  SECTION("a folder inside another table's") {
    world.MakeTable(world.Warehouse("other/faculty"));
    REQUIRE(
        world.catalog->CreateTable({"university", "other"}, World::SchemaOf(), world.Warehouse("other"), {})
            .has_value());
    world.CheckPurgeRefused("another table's");
  }
  SECTION("another table is registered at its metadata") {
    world.MakeTable();
    const auto table = world.catalog->LoadTable(world.ident);
    auto db = sqlite::Database::Open(world.folder.path() / "catalog.db", {});
    REQUIRE(db.has_value());
    REQUIRE(db->Exec(fmt::format("INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, "
                                 "metadata_location, iceberg_type) VALUES ('iceberg_catalog', 'university', "
                                 "'copy', '{}', 'TABLE')",
                                 table->metadata_location))
                .has_value());
    world.CheckPurgeRefused("university.copy");
  }
}

TEST_CASE("While a worker runs nothing is touched") {
  World world;
  world.MakeTable();
  auto lock = contract::LockFile::TryAcquire(world.folder.path() / "state" / "locks" / "faculty.lock");
  REQUIRE(lock.has_value());
  for (const char* words :
       {"reset faculty --yes", "adopt faculty --yes", "rewind faculty --to 0=0,1=0 --yes"}) {
    INFO(words);
    const auto refused = world.folder.Cdc(words);
    CHECK(refused.exit == 75);
    CHECK(refused.err.find("cdc stop") != std::string::npos);
  }
  CHECK(world.Offsets().empty());
  CHECK(world.catalog->LoadTable(world.ident).has_value());
}

}  // namespace
}  // namespace cdc::cli
