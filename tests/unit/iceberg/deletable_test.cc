#include "lib/iceberg/deletable.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/iceberg/new_table.h"

namespace cdc::iceberg {
namespace {

TEST_CASE("a file is a table's own when it lies in its folder, however that is spelt") {
  for (const char* path : {"/w/t/data/a", "file:///w/t/data/a", "file:/w/t/a", "/w//t//a", "/w/t//data/a"}) {
    INFO(path);
    CHECK(IsBelow("/w/t", path));
    CHECK(IsBelow("/w/t/", path));
    CHECK(IsBelow("file:///w/t", path));
  }
  CHECK(IsBelow("s3://b/w/t", "s3://b/w/t/data/a"));
  CHECK(IsBelow("s3://b/w/t/", "s3://b/w/t//data/a"));
  CHECK(IsBelow("s3a://b/w/t", "s3://b/w/t/data/a"));
}

TEST_CASE("a file is not a table's own when it only looks so") {
  for (const char* path : {"/w/t", "/w/t/", "/w/t2/a", "/w/t-1/a", "/w/a", "/w/t/../u/a", "/w/t/./a",
                           "/w/t/d/..", "w/t/a", "s3://w/t/a", "", "/", "/w/t/data/"}) {
    INFO(path);
    CHECK_FALSE(IsBelow("/w/t", path));
  }
  for (const char* path : {"s3://b/w/t", "s3://b/w//t/a", "s3://c/w/t/a", "s3://b/w/t2/a", "/b/w/t/a",
                           "s3://b/w/t/../u/a", "gs://b/w/t/a"}) {
    INFO(path);
    CHECK_FALSE(IsBelow("s3://b/w/t", path));
  }
  // No table's folder at all.
  CHECK_FALSE(IsBelow("", "/a"));
  CHECK_FALSE(IsBelow("/", "/a"));
  CHECK_FALSE(IsBelow("s3://b", "s3://b/a"));
  CHECK_FALSE(IsBelow("s3://b/", "s3://b/a"));
  CHECK_FALSE(IsBelow("/w/../t", "/w/../t/a"));
}

TEST_CASE("gc.enabled is read as Java reads it") {
  TableMetadata metadata;
  CHECK(MayCollect(metadata));
  for (const char* yes : {"true", "TRUE", "True"}) {
    metadata.properties["gc.enabled"] = yes;
    CHECK(MayCollect(metadata));
  }
  for (const char* no : {"false", "FALSE", "no", "0", ""}) {
    metadata.properties["gc.enabled"] = no;
    CHECK_FALSE(MayCollect(metadata));
  }
}

struct Filled : NewTable {
  Filled() {
    SnapshotChanges changes;
    changes.added_data.push_back(Data(5));
    Commit(changes);
    for (const auto& file : changes.added_data) REQUIRE(Ok(files->WriteAll(file.file_path, "x")));
  }
  Status Check() {
    const auto listed = files->List(table.metadata->location);
    REQUIRE(Ok(listed));
    return CheckDeletable(*catalog, *files, table, *listed);
  }
  void CheckRefused() {
    const Status status = Check();
    REQUIRE_FALSE(status.has_value());
    INFO(status.error().message);
    CHECK(status.error().kind == ErrorKind::kUnsupported);
  }
};

TEST_CASE("all files of a table are found by its references, its metadata last") {
  Filled t;
  CHECK(Ok(t.Check()));
  const auto found = FindAllFiles(*t.files, t.table);
  REQUIRE(Ok(found));
  CHECK(found->other.empty());
  CHECK(found->own.back() == t.table.metadata_location);
  CHECK(found->own.size() == t.files->List(t.table.metadata->location)->size());
}

TEST_CASE("what a table references elsewhere is told apart") {
  Filled t;
  SnapshotChanges changes;
  DataFile file = t.Data(1);
  const std::string other =
      GENERATE(std::string("/elsewhere/data/a.parquet"), std::string("s3://bucket/t/a.parquet"));
  file.file_path = other;
  changes.added_data.push_back(file);
  t.Commit(changes);
  const auto found = FindAllFiles(*t.files, t.table);
  REQUIRE(Ok(found));
  CHECK(found->other == std::vector<std::string>{other});
}

TEST_CASE("a table's files may not be deleted where others may need them") {
  Filled t;
  const std::string location = t.table.metadata->location;
  const std::string text = *t.files->ReadAll(t.table.metadata_location);
  TableMetadata stranger = *t.table.metadata;
  stranger.table_uuid = NewUuid();
  SECTION("the table says so") {
    t.catalog->CommitTable(t.table, PropertiesCommit(*t.table.metadata, {{"gc.enabled", "false"}})).value();
    t.table = *t.catalog->LoadTable(t.ident);
    t.CheckRefused();
  }
  SECTION("another table's folder is inside") {
    REQUIRE(Ok(t.catalog->CreateTable({"db", "other"}, NewTable::SchemaOf(), location + "/other", {})));
    t.CheckRefused();
  }
  SECTION("a table of no catalog is inside") {
    REQUIRE(
        Ok(t.files->WriteAll(location + "/x/metadata/00000-a.metadata.json", TableMetadataToJson(stranger))));
    t.CheckRefused();
  }
  SECTION("another table's metadata is beside its own") {
    REQUIRE(
        Ok(t.files->WriteAll(location + "/metadata/00000-a.metadata.json", TableMetadataToJson(stranger))));
    t.CheckRefused();
  }
  SECTION("metadata of nobody knows whom is beside its own") {
    REQUIRE(Ok(t.files->WriteAll(location + "/metadata/00000-a.metadata.json.gz", "\x1f\x8b")));
    t.CheckRefused();
  }
  SECTION("its folder is inside another table's") {
    const std::string above = location.substr(0, location.rfind('/'));
    REQUIRE(Ok(t.files->WriteAll(above + "/metadata/00000-a.metadata.json", TableMetadataToJson(stranger))));
    t.CheckRefused();
  }
  SECTION("its metadata is elsewhere") {
    t.table.metadata_location = "/elsewhere/metadata/00000-a.metadata.json";
    t.CheckRefused();
  }
}

TEST_CASE("leftovers of its own attempts do not make a folder a shared one") {
  Filled t;
  const std::string location = t.table.metadata->location;
  REQUIRE(Ok(t.files->WriteAll(location + "/metadata/00007-a.metadata.json",
                               TableMetadataToJson(*t.table.metadata))));
  // A table called "metadata" in the same namespace is no table around this one.
  const std::string above = location.substr(0, location.rfind('/'));
  REQUIRE(Ok(t.files->WriteAll(above + "/metadata/metadata/0.metadata.json", "x")));
  CHECK(Ok(t.Check()));
}

}  // namespace
}  // namespace cdc::iceberg
