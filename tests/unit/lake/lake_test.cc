#include "lib/lake/lake.h"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "lib/lake/vended_access.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::lake {
namespace {

namespace fs = std::filesystem;
using testing::Ok;
using testing::TempDir;

config::Config SqliteConfig(const TempDir& dir, const std::string& warehouse) {
  config::Config config;
  config.catalog.type = config::CatalogType::kSqlite;
  config.catalog.uri = (dir / "catalog.db");
  config.catalog.name = "lake";
  config.catalog.warehouse = warehouse;
  return config;
}

TEST_CASE("A store that is not spoken here never becomes a local folder of that name") {
  const TempDir dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  for (const std::string& warehouse : {(dir / "warehouse"), std::string("s3://bucket/path")}) {
    const auto lake = Open(SqliteConfig(dir, warehouse), {"ns", "t"});
    REQUIRE(Ok(lake));
    for (const char* path : {"gs://bucket/t/data/1.parquet", "abfss://c@a.dfs/t/data/1.parquet",
                             "hdfs://host/t/data/1.parquet", "s3n://bucket/t/data/1.parquet"}) {
      const auto made = (*lake)->files().Create(path);
      REQUIRE_FALSE(made.has_value());
      CHECK(made.error().kind == ErrorKind::kUnsupported);
      CHECK(made.error().message.find(path) != std::string::npos);
      CHECK((*lake)->files().Open(path).error().kind == ErrorKind::kUnsupported);
      CHECK((*lake)->files().ReadAll(path).error().kind == ErrorKind::kUnsupported);
      CHECK((*lake)->files().List(path).error().kind == ErrorKind::kUnsupported);
      CHECK((*lake)->files().Delete(path).error().kind == ErrorKind::kUnsupported);
    }
  }
  CHECK_FALSE(fs::exists("gs:"));
  fs::current_path(before);
}

TEST_CASE("Local files are reached by plain paths and by file: addresses") {
  const TempDir dir;
  const auto lake = Open(SqliteConfig(dir, (dir / "warehouse")), {"ns", "t"});
  REQUIRE(Ok(lake));
  for (const std::string& path :
       {(dir / "a:b/1.txt"), "file://" + (dir / "c/2.txt"), "file:" + (dir / "3.txt")}) {
    auto writer = (*lake)->files().Create(path);
    REQUIRE(Ok(writer));
    REQUIRE(Ok((*writer)->Write("x")));
    REQUIRE(Ok((*writer)->Close()));
    CHECK((*lake)->files().ReadAll(path).value() == "x");
  }
}

TEST_CASE("A table in S3 that a catalog of a local warehouse lists names [storage]") {
  const TempDir dir;
  const auto lake = Open(SqliteConfig(dir, (dir / "warehouse")), {"ns", "t"});
  REQUIRE(Ok(lake));
  const auto opened = (*lake)->files().Open("s3://bucket/t/1.parquet");
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().kind != ErrorKind::kNotFound);
}

TEST_CASE("[storage] decides over where, the catalog over who") {
  const std::map<std::string, std::string> vended = {{"s3.access-key-id", "k"},
                                                     {"s3.secret-access-key", "s"},
                                                     {"s3.session-token", "t"},
                                                     {"s3.endpoint", "http://inside:9000"},
                                                     {"client.region", "eu-west-1"}};
  config::Storage storage;
  auto access = MergeAccess(storage, vended);
  REQUIRE(Ok(access));
  CHECK(access->endpoint == "http://inside:9000");
  CHECK(access->region == "eu-west-1");
  CHECK(access->path_style);
  CHECK(access->session_token == "t");
  storage.endpoint = "http://outside:9000";
  storage.region = "us-west-2";
  access = MergeAccess(storage, vended);
  REQUIRE(Ok(access));
  CHECK(access->endpoint == "http://outside:9000");
  CHECK(access->region == "us-west-2");
  CHECK(access->access_key_id == "k");
  const auto none = MergeAccess(storage, {{"s3.access-key-id", "k"}});
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().kind == ErrorKind::kInvalidConfig);
  CHECK(none.error().hint.find("[storage] access_key_id") != std::string::npos);
}

}  // namespace
}  // namespace cdc::lake
