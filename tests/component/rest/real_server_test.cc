#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lib/iceberg/schema_evolution.h"
#include "lib/iceberg/snapshot_writer.h"
#include "lib/rest/rest_catalog.h"
#include "lib/s3/file_system.h"
#include "tests/component/rest/catalog_server.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::rest {
namespace {

using iceberg::LoadedTable;
using testing::Ok;

/// A table of (id long required, name string) in a namespace of its own, its files written with what the
/// catalog vends.
class RestTable {
 public:
  RestTable() : client_(std::move(http::Client::Make({}).value())) {
    Options options;
    options.uri = server.uri();
    options.retry_for = Millis(5'000);
    options.vended_credentials = true;
    auto made = MakeRestCatalog(*client_, options);
    REQUIRE(Ok(made));
    catalog = std::move(*made);
    s3::Options storage;
    storage.access = [this](const std::string& path, bool rejected) -> Result<s3::Access> {
      CDC_ASSIGN(last_vended, catalog->StorageFor(ident, path, rejected));
      s3::Access access;
      access.endpoint = server.s3_endpoint();
      access.access_key_id = last_vended["s3.access-key-id"];
      access.secret_access_key = last_vended["s3.secret-access-key"];
      access.session_token = last_vended["s3.session-token"];
      return access;
    };
    files = s3::MakeS3FileSystem(*client_, std::move(storage));
  }

  void Create(const std::map<std::string, std::string>& properties = {}) {
    rows::Schema schema;
    schema.fields = {{0, 0, "id", true, rows::Type::Of(rows::TypeKind::kLong)},
                     {0, 0, "name", false, rows::Type::Of(rows::TypeKind::kString)}};
    REQUIRE(Ok(catalog->EnsureNamespace(ident.name_space)));
    auto made = catalog->CreateTable(ident, schema, "", properties);
    REQUIRE(Ok(made));
    table = *made;
  }

  iceberg::DataFile Data(int start, int count) {
    const std::string name = iceberg::NewUuid() + ".parquet";
    const std::string local = server.folder() + "/" + name;
    server.Judge({"data", local, std::to_string(start), std::to_string(count)});
    const auto bytes = storage::MakeLocalFileSystem()->ReadAll(local);
    REQUIRE(Ok(bytes));
    iceberg::DataFile file;
    file.file_path = fmt::format("{}/data/{}", table.metadata->location, name);
    REQUIRE(Ok(files->WriteAll(file.file_path, *bytes)));
    file.record_count = count;
    file.file_size_in_bytes = static_cast<int64_t>(bytes->size());
    return file;
  }

  iceberg::StagedSnapshot Stage(const iceberg::SnapshotChanges& changes) {
    iceberg::StageOptions options;
    options.now_ms = UnixMillis(SystemClock().wall());
    auto staged = iceberg::StageSnapshot(*files, table, live, changes, options);
    REQUIRE(Ok(staged));
    return std::move(*staged);
  }

  void Commit(const iceberg::SnapshotChanges& changes) {
    const auto staged = Stage(changes);
    auto committed = catalog->CommitTable(table, staged.commit);
    REQUIRE(Ok(committed));
    table = *committed;
    live.Advance(staged);
  }

  nlohmann::json Scan() { return server.Judge({"scan", ToString(ident)}); }

  CatalogServer& server = CatalogServer::Shared();
  iceberg::TableIdent ident{"ns" + iceberg::NewUuid().substr(0, 8), "t"};
  StorageProperties last_vended;
  LoadedTable table;
  iceberg::LiveFiles live;

 private:
  std::unique_ptr<http::Client> client_;

 public:
  std::unique_ptr<RestCatalog> catalog;
  std::unique_ptr<storage::FileSystem> files;
};

nlohmann::json Rows(int from, int to) {
  nlohmann::json rows = nlohmann::json::array();
  for (int id = from; id < to; ++id) rows.push_back({id, fmt::format("n{}", id)});
  std::sort(rows.begin(), rows.end());
  return rows;
}

nlohmann::json Sorted(nlohmann::json rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

TEST_CASE("what is committed through the catalog is read back by pyiceberg through it", "[.server]") {
  RestTable t;
  t.Create({{"cdc.key", R"(["id"])"}});
  CHECK_FALSE(t.table.metadata->location.empty());
  t.Commit({{t.Data(0, 10)}, {}, {}, false, {{"cdc.offsets", R"({"a":{"0":15}})"}}, {}, {}});
  t.Commit({{t.Data(10, 5)}, {}, {}, false, {}, {}, {}});

  const auto seen = t.Scan();
  CHECK(Sorted(seen["rows"]) == Rows(0, 15));
  REQUIRE(seen["snapshots"].size() == (t.server.nessie() ? 1 : 2));
  if (!t.server.nessie()) CHECK(seen["snapshots"][0]["summary"]["cdc.offsets"] == R"({"a":{"0":15}})");
  CHECK(seen["properties"]["cdc.key"] == R"(["id"])");
  CHECK(seen["properties"]["write.metadata.delete-after-commit.enabled"] == "true");
  // Nessie's answer to a commit names an address of its own.
  if (!t.server.nessie()) CHECK(seen["metadata_location"] == t.table.metadata_location);

  // The answer to a commit is what a load says.
  const auto loaded = t.catalog->LoadTable(t.ident);
  REQUIRE(Ok(loaded));
  CHECK(seen["metadata_location"] == loaded->metadata_location);
  CHECK(iceberg::TableMetadataToJson(*loaded->metadata) == iceberg::TableMetadataToJson(*t.table.metadata));
}

TEST_CASE("a commit on a parent that is no longer the newest conflicts, and changes nothing", "[.server]") {
  RestTable t;
  t.Create();
  t.Commit({{t.Data(0, 3)}, {}, {}, false, {}, {}, {}});
  const auto late = t.Stage({{t.Data(3, 3)}, {}, {}, false, {}, {}, {}});
  t.server.Judge({"append", ToString(t.ident), "100", "2"});
  const auto refused = t.catalog->CommitTable(t.table, late.commit);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::kConflict);
  const auto now = t.catalog->LoadTable(t.ident);
  REQUIRE(Ok(now));
  CHECK_FALSE(now->metadata->HistoryContains(late.snapshot.snapshot_id));
  CHECK(t.Scan()["rows"].size() == 5);
}

TEST_CASE("properties and columns change in commits of their own", "[.server]") {
  RestTable t;
  t.Create({{"a", "1"}, {"b", "2"}});
  auto set =
      t.catalog->CommitTable(t.table, iceberg::PropertiesCommit(*t.table.metadata, {{"a", "3"}}, {"b"}));
  REQUIRE(Ok(set));
  CHECK(set->metadata->Property("a", "") == "3");
  CHECK(set->metadata->Property("b", "gone") == "gone");

  auto schema = set->metadata->CurrentSchema();
  REQUIRE(Ok(schema));
  schema->fields.push_back(
      {3, 4, "tags", false, rows::Type::ListOf(rows::Type::Of(rows::TypeKind::kString))});
  auto evolved = t.catalog->CommitTable(*set, iceberg::SchemaCommit(*set->metadata, *schema));
  REQUIRE(Ok(evolved));
  CHECK(evolved->metadata->CurrentSchema()->fields == schema->fields);
  CHECK(t.Scan()["columns"].size() == 3);
}

TEST_CASE("namespaces are made with those above them, and once", "[.server]") {
  RestTable t;
  const std::string inner = t.ident.name_space + ".in ner/ä.x";
  REQUIRE(Ok(t.catalog->EnsureNamespace(inner)));
  REQUIRE(Ok(t.catalog->EnsureNamespace(inner)));
  t.ident = {inner, "a table/with % signs"};
  t.Create();
  CHECK(Ok(t.catalog->LoadTable(t.ident)));
}

TEST_CASE("what is missing, and what is there already, is told apart", "[.server]") {
  RestTable t;
  CHECK(t.catalog->LoadTable({t.ident.name_space, "t"}).error().kind == ErrorKind::kNotFound);
  t.Create();
  const auto again = t.catalog->CreateTable(t.ident, *t.table.metadata->CurrentSchema(), "", {});
  CHECK(again.error().kind == ErrorKind::kConflict);
  const std::string file = t.table.metadata_location;
  REQUIRE(Ok(t.catalog->DropTable(t.ident)));
  CHECK(t.catalog->DropTable(t.ident).error().kind == ErrorKind::kNotFound);
  CHECK(t.catalog->LoadTable(t.ident).error().kind == ErrorKind::kNotFound);
  CHECK(Ok(t.files->ReadAll(file)));  // forgotten, not purged
}

}  // namespace
}  // namespace cdc::rest
