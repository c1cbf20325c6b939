#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "lib/storage/file_system.h"
#include "tests/unit/sqlite/fixture.h"

namespace {
int write_fails_with = 0;  // errno; 0: it does not
}

/// In place of the C library's, for no disk is full at a test's wish.
extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
  if (write_fails_with == 0) return ::syscall(SYS_write, fd, bytes, size);
  errno = write_fails_with;
  return -1;
}

namespace cdc::storage {
namespace {

using testing::Ok;
using testing::TempDir;

size_t EntriesIn(const std::string& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST_CASE("a file exists only once it is closed") {
  TempDir dir;
  const auto files = MakeLocalFileSystem();
  const std::string path = dir / "a/b/c.bin";
  auto writer = files->Create(path);
  REQUIRE(Ok(writer));
  REQUIRE(Ok((*writer)->Write("hello ")));
  CHECK_FALSE(std::filesystem::exists(path));
  REQUIRE(Ok((*writer)->Write("world")));
  REQUIRE(Ok((*writer)->Close()));
  CHECK(files->ReadAll(path).value() == "hello world");
  writer->reset();
  CHECK(EntriesIn(dir / "a/b") == 1);
}

TEST_CASE("a writer that is dropped leaves nothing") {
  TempDir dir;
  const auto files = MakeLocalFileSystem();
  {
    auto writer = files->Create(dir / "x");
    REQUIRE(Ok(writer));
    REQUIRE(Ok((*writer)->Write("half")));
  }
  CHECK(EntriesIn(dir.path()) == 0);
}

TEST_CASE("an existing file is never replaced") {
  TempDir dir;
  const auto files = MakeLocalFileSystem();
  const std::string path = dir / "x";
  auto late = files->Create(path);
  REQUIRE(Ok(late));
  REQUIRE(Ok(files->WriteAll(path, "first")));
  CHECK(files->WriteAll(path, "second").error().kind == ErrorKind::kConflict);
  // Begun before the other file existed, closed after.
  REQUIRE(Ok((*late)->Write("late")));
  CHECK((*late)->Close().error().kind == ErrorKind::kConflict);
  CHECK(files->ReadAll(path).value() == "first");
}

TEST_CASE("reads beyond the end are corrupt, absent files not found") {
  TempDir dir;
  const auto files = MakeLocalFileSystem();
  REQUIRE(Ok(files->WriteAll(dir / "x", "12345")));
  auto reader = files->Open("file://" + (dir / "x"));
  REQUIRE(Ok(reader));
  CHECK((*reader)->size() == 5);
  char out[4];
  REQUIRE(Ok((*reader)->ReadAt(1, 4, out)));
  CHECK(std::string_view(out, 4) == "2345");
  CHECK((*reader)->ReadAt(2, 4, out).error().kind == ErrorKind::kCorrupt);
  CHECK(files->Open(dir / "y").error().kind == ErrorKind::kNotFound);
  CHECK(Ok(files->Delete(dir / "y")));
}

TEST_CASE("listing goes down all folders; an absent one is empty") {
  TempDir dir;
  const auto files = MakeLocalFileSystem();
  REQUIRE(Ok(files->WriteAll(dir / "a/x", "1")));
  REQUIRE(Ok(files->WriteAll(dir / "a/b/y", "22")));
  auto listed = files->List(dir / "a/");
  REQUIRE(Ok(listed));
  std::sort(listed->begin(), listed->end(), [](const auto& l, const auto& r) { return l.size < r.size; });
  REQUIRE(listed->size() == 2);
  CHECK((*listed)[0].path == dir / "a/x");
  CHECK((*listed)[1].path == dir / "a/b/y");
  CHECK((*listed)[1].size == 2);
  CHECK((*listed)[1].modified_ms > 1'600'000'000'000);
  CHECK(files->List(dir / "none").value().empty());
}

TEST_CASE("what cannot be a folder is a configuration error with a hint") {
  TempDir dir;
  std::ofstream(dir / "file") << "x";
  const auto files = MakeLocalFileSystem();
  const auto refused = files->WriteAll(dir / "file/below", "x");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::kInvalidConfig);
  CHECK_FALSE(refused.error().hint.empty());
  if (::geteuid() == 0) return;  // root may write anywhere
  ::chmod(dir.path().c_str(), 0500);
  const auto unwritable = files->WriteAll(dir / "sub/x", "x");
  ::chmod(dir.path().c_str(), 0700);
  CHECK(unwritable.error().kind == ErrorKind::kInvalidConfig);
}

TEST_CASE("a shortage is transient and leaves nothing behind") {
  TempDir dir;
  const auto files = MakeLocalFileSystem();
  // A file size limit stands in for a full disk: write() fails half-way.
  struct rlimit old {};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const struct rlimit small { 4096, old.rlim_max };
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto failed = files->WriteAll(dir / "big", std::string(10'000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().kind == ErrorKind::kTransient);
  CHECK(EntriesIn(dir.path()) == 0);
}

TEST_CASE("a full disk and a used-up quota are transient, and the hint names the folder to look at") {
  TempDir dir;
  const auto files = MakeLocalFileSystem();
  for (const int cause : {ENOSPC, EDQUOT}) {
    write_fails_with = cause;
    const auto failed = files->WriteAll(dir / "table/data/x", "bytes");
    write_fails_with = 0;
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().kind == ErrorKind::kTransient);
    CHECK(failed.error().message.find(dir / "table/data/x") != std::string::npos);
    CHECK(failed.error().hint == "make room: df -h " + (dir / "table/data"));
    CHECK(EntriesIn(dir / "table/data") == 0);
  }
  CHECK(files->WriteAll(dir / "table/data/x", "bytes").has_value());
}

}  // namespace
}  // namespace cdc::storage
