#include "lib/storage/deferred_close.h"

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "lib/storage/in_parallel.h"
#include "tests/support/result_printing.h"

namespace cdc::storage {
namespace {

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "cdc-deferred-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string At(const std::string& name) const { return (path / name).string(); }
  size_t Files() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path))
      count += entry.path().extension() != ".tmp";
    return count;
  }
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("files closed together exist only afterwards, and all of them") {
  Folder folder;
  const auto disk = MakeLocalFileSystem();
  DeferredClose files(*disk);
  for (int i = 0; i < 20; ++i) REQUIRE(files.WriteAll(folder.At(std::to_string(i)), "x" + std::to_string(i)));
  CHECK(folder.Files() == 0);
  REQUIRE(files.CloseAll());
  CHECK(folder.Files() == 20);
  for (int i = 0; i < 20; ++i) {
    const auto content = files.ReadAll(folder.At(std::to_string(i)));
    REQUIRE(content);
    CHECK(*content == "x" + std::to_string(i));
  }
}

TEST_CASE("a file deleted before it was closed never appears") {
  Folder folder;
  const auto disk = MakeLocalFileSystem();
  DeferredClose files(*disk);
  REQUIRE(files.WriteAll(folder.At("a"), "a"));
  REQUIRE(files.WriteAll(folder.At("b"), "b"));
  REQUIRE(files.Delete(folder.At("a")));
  REQUIRE(files.CloseAll());
  CHECK(folder.Files() == 1);
  CHECK(std::filesystem::exists(folder.At("b")));
  REQUIRE(files.Delete(folder.At("b")));
  CHECK(folder.Files() == 0);
}

TEST_CASE("the error of one file is told, the others are closed") {
  Folder folder;
  const auto disk = MakeLocalFileSystem();
  DeferredClose files(*disk);
  for (const char* name : {"a", "b", "c"}) REQUIRE(files.WriteAll(folder.At(name), name));
  std::ofstream(folder.At("b")) << "somebody else's";
  const Status closed = files.CloseAll();
  REQUIRE_FALSE(closed);
  CHECK(closed.error().kind == ErrorKind::kConflict);
  CHECK(std::filesystem::exists(folder.At("a")));
  CHECK(std::filesystem::exists(folder.At("c")));
  CHECK(files.CloseAll());
}

TEST_CASE("more files than may be open at a time") {
  Folder folder;
  const auto disk = MakeLocalFileSystem();
  DeferredClose files(*disk);
  for (int i = 0; i < 200; ++i) REQUIRE(files.WriteAll(folder.At(std::to_string(i)), "x"));
  CHECK(folder.Files() > 100);
  REQUIRE(files.CloseAll());
  CHECK(folder.Files() == 200);
}

TEST_CASE("tasks in parallel: each once, the first error by number, exceptions are errors") {
  std::mutex mutex;
  std::multiset<size_t> seen;
  const Status done = InParallel(100, [&](size_t i) -> Status {
    const std::lock_guard lock(mutex);
    seen.insert(i);
    return {};
  });
  REQUIRE(done);
  CHECK(seen.size() == 100);
  CHECK(std::set<size_t>(seen.begin(), seen.end()).size() == 100);
  CHECK(InParallel(0, [](size_t) -> Status { return Error{ErrorKind::kCorrupt, "never called"}; }));
  const Status failed = InParallel(10, [](size_t i) -> Status {
    if (i == 7) throw std::runtime_error("seven");
    if (i == 3) return Error{ErrorKind::kNotFound, "three"};
    return {};
  });
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind == ErrorKind::kNotFound);
}

TEST_CASE("many files read and deleted at once") {
  Folder folder;
  const auto disk = MakeLocalFileSystem();
  std::vector<std::string> paths;
  for (int i = 0; i < 30; ++i) {
    paths.push_back(folder.At(std::to_string(i)));
    if (i != 11) REQUIRE(disk->WriteAll(paths.back(), std::to_string(i)));
  }
  const auto contents = ReadMany(*disk, paths);
  REQUIRE(contents.size() == 30);
  for (size_t i = 0; i < 30; ++i) {
    if (i == 11) {
      REQUIRE_FALSE(contents[i]);
      CHECK(contents[i].error().kind == ErrorKind::kNotFound);
    } else {
      REQUIRE(contents[i]);
      CHECK(*contents[i] == std::to_string(i));
    }
  }
  CHECK(DeleteMany(*disk, paths) == 0);
  CHECK(folder.Files() == 0);
}

}  // namespace cdc::storage
