#include <catch2/catch_test_macros.hpp>

#include "jobs/sink/iceberg/snapshot_expiry.h"
#include "tests/support/result_printing.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::iceberg_sink {
namespace {

struct Folder {
  testing::TempDir folder;
  std::unique_ptr<storage::FileSystem> files = storage::MakeLocalFileSystem();
  const SteadyTime start = SteadyTime{} + std::chrono::hours(1);

  std::string Write(const std::string& name) {
    REQUIRE(files->WriteAll(folder / name, "x"));
    return folder / name;
  }
  bool Has(const std::string& name) { return files->Open(folder / name).has_value(); }
};

TEST_CASE("a file is deleted when it is due, and not before unless everything may go") {
  Folder f;
  FilesToDelete waiting;
  waiting.Add(f.Write("a"), f.start + Millis(10));
  waiting.Add(f.Write("b"), f.start + Millis(20));
  CHECK_FALSE(waiting.DeleteSome(f.start, false, *f.files));
  CHECK(f.Has("a"));
  CHECK(waiting.DeleteSome(f.start + Millis(10), false, *f.files));
  CHECK_FALSE(f.Has("a"));
  CHECK(f.Has("b"));
  CHECK(waiting.DeleteSome(f.start, true, *f.files));
  CHECK_FALSE(f.Has("b"));
  CHECK_FALSE(waiting.DeleteSome(f.start, true, *f.files));
}

TEST_CASE("orphans go at once, but for files that wait for their readers") {
  Folder f;
  FilesToDelete waiting;
  waiting.Add(f.Write("waits"), f.start + Millis(10));
  waiting.AddOrphans({f.Write("orphan"), f.folder / "waits"}, f.start);
  CHECK(waiting.size() == 2);
  CHECK(waiting.DeleteSome(f.start, false, *f.files));
  CHECK(f.Has("waits"));
  CHECK_FALSE(f.Has("orphan"));
}

TEST_CASE("some files are deleted at a time") {
  Folder f;
  FilesToDelete waiting;
  for (int i = 0; i < 100; ++i) waiting.Add(f.folder / std::to_string(i), f.start);
  CHECK(waiting.DeleteSome(f.start, false, *f.files));
  CHECK(waiting.size() == 36);
}

}  // namespace
}  // namespace cdc::iceberg_sink
