#include "lib/iceberg/expire.h"
#include "tests/component/iceberg/test_table.h"

namespace cdc::iceberg {
namespace {

/// As judge.py prints live files.
nlohmann::json FilesOf(const LiveFiles& live) {
  std::vector<nlohmann::json> files;
  for (const auto* map : {&live.data(), &live.deletes()}) {
    for (const auto& [path, entry] : *map) {
      files.push_back({path, static_cast<int>(entry->file.content), entry->file.record_count,
                       entry->file.file_size_in_bytes});
    }
  }
  return files;
}

TEST_CASE("a table written by pyiceberg is loaded, extended and read again") {
  TestTable t;
  t.catalog.reset();  // pyiceberg makes the catalog file
  std::filesystem::remove(t.dir / "catalog.db");
  const auto foreign = Judge({"foreign", t.dir / "catalog.db", t.dir / "warehouse", "db.t"});
  t.catalog = t.OpenCatalog();
  auto loaded = t.catalog->LoadTable(t.ident);
  REQUIRE(Ok(loaded));
  t.table = *loaded;
  auto live = LiveFiles::Load(*t.files, *t.table.metadata);
  REQUIRE(Ok(live));
  CHECK(Sorted(FilesOf(*live)) == Sorted(foreign["files"]));
  CHECK(t.table.metadata->snapshots.size() == foreign["snapshots"].size());
  CHECK(t.table.metadata->HistoryContains(foreign["snapshots"][0].get<int64_t>()));
  CHECK_FALSE(t.table.metadata->HistoryContains(1));

  // Our appends, then theirs, then ours.
  t.live = std::move(*live);
  t.now_ms = t.table.metadata->last_updated_ms;
  t.Commit({{t.Data(20, 2)}, {}, {}, false, {}, {}, {}});
  Judge({"append", t.dir / "catalog.db", t.dir / "warehouse", "db.t", "30", "2"});
  const StagedSnapshot stale = t.Stage({{t.Data(40, 1)}, {}, {}, false, {}, {}, {}});
  const auto refused = t.catalog->CommitTable(t.table, stale.commit);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::kConflict);
  DiscardStaged(*t.files, stale);

  loaded = t.catalog->LoadTable(t.ident);
  REQUIRE(Ok(loaded));
  t.table = *loaded;
  live = LiveFiles::Load(*t.files, *t.table.metadata);
  REQUIRE(Ok(live));
  t.live = std::move(*live);
  t.Commit({{t.Data(50, 1)}, {}, {}, false, {}, {}, {}});
  const auto scanned = t.Scan();
  CHECK(Sorted(scanned["files"]) == Sorted(FilesOf(t.live)));
  CHECK(scanned["rows"].size() == 8 + 3 + 2 + 2 + 1);
  CHECK(Sorted(t.ScanDuckDb()["rows"]) == Sorted(scanned["rows"]));
}

}  // namespace
}  // namespace cdc::iceberg
