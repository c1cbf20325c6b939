#include "lib/delta/log.h"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "lib/core/clock.h"
#include "tests/support/result_printing.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::delta {
namespace {

struct Table {
  Table() : files(storage::MakeLocalFileSystem()), log(folder.path(), *files) {}

  void Write(int64_t version) {
    std::vector<Action> actions = {
        AddFile{"f" + std::to_string(version), 1, 2, true, "{\"numRecords\":1}", {}, {}}};
    if (version == 0) actions = {Protocol{}, Metadata{"id"}};
    REQUIRE(log.Write(version, actions));
  }
  void Age(int64_t version) {  // as if it was made long ago
    const auto path = std::filesystem::path(folder / "_delta_log") / NameOf(version);
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1000));
  }
  static std::string NameOf(int64_t version) {
    const std::string digits = std::to_string(version);
    return std::string(20 - digits.size(), '0') + digits + ".json";
  }
  bool Has(int64_t version) const {
    return std::filesystem::exists(std::filesystem::path(folder / "_delta_log") / NameOf(version));
  }

  testing::TempDir folder;
  std::unique_ptr<storage::FileSystem> files;
  Log log;
};

}  // namespace

TEST_CASE("a version is written once, and there is no table before the first") {
  Table table;
  CHECK(table.log.Load().error().kind == ErrorKind::kNotFound);
  table.Write(0);
  CHECK(table.log.Write(0, {Protocol{}}).error().kind == ErrorKind::kConflict);
  table.Write(1);
  const auto loaded = table.log.Load();
  REQUIRE(loaded);
  CHECK(loaded->version() == 1);
  CHECK(loaded->files().size() == 1);
}

TEST_CASE("a table is read from its checkpoint, whose older versions may be gone") {
  Table table;
  for (int version = 0; version <= 5; ++version) table.Write(version);
  REQUIRE(table.log.WriteCheckpoint(*table.log.Load()));
  CHECK(table.log.LastCheckpoint() == 5);
  for (int version = 6; version <= 7; ++version) table.Write(version);
  CHECK(*table.log.CleanUp(0) == 0);  // nothing is that old
  for (int version = 0; version <= 7; ++version) table.Age(version);
  const auto deleted = table.log.CleanUp(UnixMillis(SystemClock().wall()) - 1'000'000);
  REQUIRE(deleted);
  CHECK(*deleted == 5);
  CHECK_FALSE(table.Has(4));
  CHECK(table.Has(5));
  std::vector<int64_t> seen;
  const auto loaded = table.log.Load(
      [&seen](const Snapshot&, int64_t version, const std::vector<Action>&) { seen.push_back(version); });
  REQUIRE(loaded);
  CHECK(loaded->version() == 7);
  CHECK(loaded->files().size() == 7);
  CHECK(seen == std::vector<int64_t>{6, 7});
  // Without the note, and with one that names no checkpoint, the folder is listed.
  for (const char* note : {"", "{\"version\":3}"}) {
    REQUIRE(table.files->Delete(table.log.folder() + "/_last_checkpoint"));
    if (*note != 0) REQUIRE(table.files->WriteAll(table.log.folder() + "/_last_checkpoint", note));
    CHECK(table.log.Load()->files().size() == 7);
  }
}

TEST_CASE("a log with a gap is no table") {
  Table table;
  table.Write(0);
  table.Write(2);
  CHECK(table.log.Load().error().kind == ErrorKind::kCorrupt);
}

}  // namespace cdc::delta
