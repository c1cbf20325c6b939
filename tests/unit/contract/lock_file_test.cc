#include "lib/contract/lock_file.h"

#include <filesystem>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

namespace cdc::contract {
namespace {

struct TempDir {
  TempDir() { path = ::mkdtemp(name); }
  ~TempDir() { std::filesystem::remove_all(path); }
  char name[32] = "/tmp/cdc_lock_XXXXXX";
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("one holder at a time, named by its process id") {
  TempDir dir;
  auto path = dir.path / "locks" / "t.lock";
  CHECK(LockFile::Holder(path) == 0);
  {
    auto first = LockFile::TryAcquire(path);
    REQUIRE(first.has_value());
    CHECK(LockFile::Holder(path) == ::getpid());
    auto second = LockFile::TryAcquire(path);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().kind == ErrorKind::kConflict);
    CHECK(second.error().message.find(std::to_string(::getpid())) != std::string::npos);
    LockFile moved = std::move(*first);
    CHECK_FALSE(LockFile::TryAcquire(path).has_value());
  }
  CHECK(LockFile::Holder(path) == 0);
  CHECK(LockFile::TryAcquire(path).has_value());
}

TEST_CASE("a folder that cannot be made is a configuration error") {
  auto lock = LockFile::TryAcquire("/proc/nowhere/t.lock");
  REQUIRE_FALSE(lock.has_value());
  CHECK(lock.error().kind == ErrorKind::kInvalidConfig);
  CHECK_FALSE(lock.error().hint.empty());
}

}  // namespace cdc::contract
