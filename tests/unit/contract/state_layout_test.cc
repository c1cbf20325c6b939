#include "lib/contract/state_layout.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/support/result_printing.h"

namespace cdc::contract {
namespace {

namespace fs = std::filesystem;

fs::perms ModeOf(const fs::path& path) { return fs::status(path).permissions() & fs::perms::all; }

}  // namespace

TEST_CASE("the state folder is its user's alone, whether it is made or was there") {
  const fs::path root = fs::temp_directory_path() / "cdc-state-layout";
  fs::remove_all(root);
  REQUIRE(PrepareStateFolder(root / "a" / "state"));
  CHECK(ModeOf(root / "a" / "state") == fs::perms::owner_all);
  fs::create_directories(root / "old");
  fs::permissions(root / "old", fs::perms::owner_all | fs::perms::group_read | fs::perms::others_exec);
  REQUIRE(PrepareStateFolder(root / "old"));
  CHECK(ModeOf(root / "old") == fs::perms::owner_all);
  std::ofstream(root / "file") << "";
  const auto refused = PrepareStateFolder(root / "file");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kInvalidConfig);
  fs::remove_all(root);
}

}  // namespace cdc::contract
