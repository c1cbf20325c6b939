#include "jobs/sink/lake/moved_rows.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/unit/sink_lake/fake_table.h"

namespace cdc::lake_sink {
namespace {

struct Run {
  explicit Run(FakeTable& t)
      : table(t),
        locator(t.folder / "index", t, t.clock, log::Logger()),
        moved(t.folder / "index", locator, *t.files, log::Logger()) {
    REQUIRE(locator.Recover({}));
    moved.Load();
  }
  bool Knows(int64_t id) const { return moved.Find(table.KeyOf(id)).has_value(); }
  FakeTable& table;
  RowLocator locator;
  MovedRows moved;
};

TEST_CASE("where a row was is found after its file has left the table, by the next run as well") {
  FakeTable table;
  const std::string path = table.Add({10, 11});
  {
    Run run(table);
    CHECK_FALSE(run.Knows(11));
    REQUIRE(run.moved.Keep({table.KeyOf(11), table.KeyOf(99)}));
    CHECK(run.Knows(11));
    CHECK_FALSE(run.Knows(99));  // there was none
    table.Commit({}, {path});
    CHECK(run.moved.Find(table.KeyOf(11))->position == 1);
  }
  table.Commit({path});
  {
    Run run(table);  // caught up with commits of another writer
    CHECK_FALSE(run.Knows(11));
    REQUIRE(run.moved.Keep({table.KeyOf(11)}));
  }
  Run run(table);
  CHECK(run.moved.Find(table.KeyOf(11))->path == path);
  REQUIRE(table.files->Delete(path));
  CHECK_FALSE(run.Knows(11));
}

TEST_CASE("places count only if they go with the index") {
  FakeTable table;
  table.Add({10, 11});
  const std::filesystem::path file = std::filesystem::path(table.folder / "index") / "moved";
  Run(table).moved.Keep({table.KeyOf(10)}).value();
  const std::filesystem::path older = table.folder / "older";
  std::filesystem::copy_file(file, older);
  REQUIRE(Run(table).Knows(10));
  Run(table).moved.Keep({table.KeyOf(11)}).value();

  SECTION("the file before the last one still does: the run died before the index had the new name") {
    Run(table).moved.Keep({}).value();
    CHECK(Run(table).Knows(11));
  }
  SECTION("an older file does not") {
    Run(table).moved.Keep({}).value();
    std::filesystem::copy_file(older, file, std::filesystem::copy_options::overwrite_existing);
    CHECK_FALSE(Run(table).Knows(10));
  }
  SECTION("a damaged file does not") {
    std::fstream(file, std::ios::in | std::ios::out).seekp(30).put('!');
    CHECK_FALSE(Run(table).Knows(10));
  }
  SECTION("nor what was cleared") {
    REQUIRE(Run(table).moved.Clear());
    CHECK_FALSE(Run(table).Knows(10));
  }
}

}  // namespace
}  // namespace cdc::lake_sink
