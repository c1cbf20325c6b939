#include "lib/iceberg/sqlite_catalog.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <thread>

#include "lib/sqlite/database.h"
#include "tests/unit/iceberg/new_table.h"

namespace cdc::iceberg {
namespace {

TEST_CASE("tables are made once, found again, and dropped") {
  NewTable t;
  CHECK(t.table.metadata->location.rfind(t.dir / "w/db/t_x-", 0) == 0);
  auto found = t.Open()->LoadTable(t.ident);
  REQUIRE(Ok(found));
  CHECK(found->metadata->table_uuid == t.table.metadata->table_uuid);
  CHECK(found->metadata_location == t.table.metadata_location);
  CHECK(t.catalog->CreateTable(t.ident, NewTable::SchemaOf(), "", {}).error().kind == ErrorKind::kConflict);
  CHECK(t.catalog->CreateTable({"none", "t"}, NewTable::SchemaOf(), "", {}).error().kind ==
        ErrorKind::kNotFound);
  CHECK(t.catalog->LoadTable({"db", "none"}).error().kind == ErrorKind::kNotFound);
  REQUIRE(Ok(t.catalog->DropTable(t.ident)));
  CHECK(t.catalog->LoadTable(t.ident).error().kind == ErrorKind::kNotFound);
  CHECK(t.catalog->DropTable(t.ident).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("metadata files are versioned, logged and deleted when their time is over") {
  NewTable t;
  for (int i = 0; i < 30; ++i) t.Commit({});
  CHECK(t.table.metadata_location.find("/metadata/00030-") != std::string::npos);
  CHECK(t.table.metadata->metadata_log.size() == 20);
  size_t files = 0;
  for (const auto& file : t.files->List(t.table.metadata->location).value()) {
    files += file.path.find(".metadata.json") != std::string::npos ? 1 : 0;
  }
  CHECK(files == 21);
  for (const MetadataLogEntry& old : t.table.metadata->metadata_log) {
    CHECK(std::filesystem::exists(old.metadata_file));
  }
}

TEST_CASE("of two commits on one snapshot the second is a conflict and leaves nothing") {
  NewTable t;
  auto mine = StageSnapshot(*t.files, t.table, t.live, {{t.Data(1)}, {}, {}, false, {}, {}, {}}, {1, {}});
  auto other = StageSnapshot(*t.files, t.table, t.live, {{t.Data(1)}, {}, {}, false, {}, {}, {}}, {1, {}});
  REQUIRE(Ok(t.Open()->CommitTable(t.table, other->commit)));
  const size_t before = t.files->List(t.table.metadata->location).value().size();
  const auto refused = t.catalog->CommitTable(t.table, mine->commit);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::kConflict);
  CHECK(t.files->List(t.table.metadata->location).value().size() == before);
  const auto now = t.catalog->LoadTable(t.ident).value();
  CHECK(now.metadata->HistoryContains(other->snapshot.snapshot_id));
  CHECK_FALSE(now.metadata->HistoryContains(mine->snapshot.snapshot_id));
}

TEST_CASE("a commit on an old base goes through when nothing that it requires has changed") {
  NewTable t;
  auto staged = StageSnapshot(*t.files, t.table, t.live, {{t.Data(1)}, {}, {}, false, {}, {}, {}}, {1, {}});
  REQUIRE(Ok(t.Open()->CommitTable(t.table, PropertiesCommit(*t.table.metadata, {{"a", "1"}}))));
  auto committed = t.catalog->CommitTable(t.table, staged->commit);
  REQUIRE(Ok(committed));
  CHECK(committed->metadata->properties.at("a") == "1");
  CHECK(committed->metadata->current_snapshot_id == staged->snapshot.snapshot_id);
}

TEST_CASE("many processes open, create and commit in one new catalog file") {
  testing::TempDir dir;
  constexpr int kProcesses = 6;
  constexpr int kCommits = 10;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const auto files = storage::MakeLocalFileSystem();
      auto catalog = MakeSqliteCatalog({dir / "catalog.db", "cdc", dir / "w", {}}, *files);
      if (!catalog || !(*catalog)->EnsureNamespace("db")) ::_exit(2);
      const TableIdent ident{"db", "shared"};
      auto made = (*catalog)->CreateTable(ident, NewTable::SchemaOf(), "", {});
      if (!made && made.error().kind != ErrorKind::kConflict) ::_exit(3);
      int attempts = 0;
      for (int done = 0; done < kCommits;) {
        if (++attempts > 2000) ::_exit(7);
        auto table = (*catalog)->LoadTable(ident);
        if (!table) ::_exit(4);
        auto live = LiveFiles::Load(*files, *table->metadata);
        if (!live) continue;  // a newer snapshot took its place
        DataFile data;
        data.file_path = fmt::format("/d/{}-{}.parquet", p, done);
        data.record_count = 1;
        auto staged = StageSnapshot(*files, *table, *live, {{data}, {}, {}, false, {}, {}, {}}, {1, {}});
        if (!staged) ::_exit(5);
        auto committed = (*catalog)->CommitTable(*table, staged->commit);
        if (committed) ++done;
        if (!committed && committed.error().kind != ErrorKind::kConflict) ::_exit(6);
      }
      ::_exit(0);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  const auto files = storage::MakeLocalFileSystem();
  auto catalog = MakeSqliteCatalog({dir / "catalog.db", "cdc", dir / "w", {}}, *files);
  REQUIRE(Ok(catalog));
  auto table = (*catalog)->LoadTable({"db", "shared"});
  REQUIRE(Ok(table));
  auto live = LiveFiles::Load(*files, *table->metadata);
  REQUIRE(Ok(live));
  CHECK(live->totals().data_files == kProcesses * kCommits);
  CHECK(table->metadata->snapshots.size() == kProcesses * kCommits);
}

TEST_CASE("a lost metadata file is damage, a catalog that cannot be is explained") {
  NewTable t;
  REQUIRE(Ok(t.files->Delete(t.table.metadata_location)));
  CHECK(t.catalog->LoadTable(t.ident).error().kind == ErrorKind::kCorrupt);
  const auto nowhere = MakeSqliteCatalog({"/proc/none/catalog.db", "c", "/w", {}}, *t.files);
  REQUIRE_FALSE(nowhere.has_value());
  CHECK(nowhere.error().kind == ErrorKind::kInvalidConfig);
  CHECK_FALSE(nowhere.error().hint.empty());
}

TEST_CASE("a locked catalog is transient and certainly not committed") {
  NewTable t;
  sqlite::Options impatient;
  impatient.busy_timeout = Millis(1);
  auto other = sqlite::Database::Open(t.dir / "c/catalog.db", impatient);
  REQUIRE(Ok(other));
  auto held = sqlite::Transaction::Begin(*other);
  REQUIRE(Ok(held));
  SqliteCatalogOptions options{t.dir / "c/catalog.db", "cdc", t.dir / "w", {}};
  options.busy_timeout = Millis(1);
  auto catalog = MakeSqliteCatalog(options, *t.files);
  REQUIRE(Ok(catalog));
  const size_t before = t.files->List(t.table.metadata->location).value().size();
  const auto refused = (*catalog)->CommitTable(t.table, PropertiesCommit(*t.table.metadata, {{"a", "1"}}));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::kTransient);
  CHECK(t.files->List(t.table.metadata->location).value().size() == before);
}

TEST_CASE("wrong schemas are refused") {
  NewTable t;
  const auto kind = [&](rows::Schema schema) {
    return t.catalog->CreateTable({"db", "other"}, schema, "", {}).error().kind;
  };
  rows::Schema twice = NewTable::SchemaOf();
  twice.fields.push_back(twice.fields[0]);
  CHECK(kind(twice) == ErrorKind::kInvalidArgument);
  rows::Schema optional_key = NewTable::SchemaOf();
  optional_key.fields[0].required = false;
  optional_key.identifier_field_ids = {1};
  CHECK(kind(optional_key) == ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace cdc::iceberg
