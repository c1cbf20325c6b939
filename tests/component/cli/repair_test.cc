/// reset, adopt and rewind on a real catalog and broker.

#include <chrono>

#include "lib/contract/lock_file.h"
#include "lib/contract/names.h"
#include "lib/contract/offsets.h"
#include "lib/iceberg/sqlite_catalog.h"
#include "lib/kafka/producer.h"
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

  void MakeTable() {
    rows::Schema schema;
    schema.fields.push_back({});
    schema.fields.back().name = "id";
    schema.fields.back().type = rows::Type::Of(rows::TypeKind::kLong);
    REQUIRE(catalog->CreateTable(ident, schema, "", {}).has_value());
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
