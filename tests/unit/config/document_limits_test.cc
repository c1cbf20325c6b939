#include "lib/config/document_limits.h"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "lib/config/config.h"
#include "tests/support/result_printing.h"

namespace cdc::config {
namespace {

std::string Dotted(int parts) {
  std::string key = "a";
  for (int i = 1; i < parts; ++i) key += ".a";
  return key;
}

}  // namespace

TEST_CASE("a key of many parts is refused with its line, before the parser meets it") {
  CHECK_FALSE(FindExcess(Dotted(kMaxKeyParts) + " = 1\n"));
  const auto excess = FindExcess("x = 1\n" + Dotted(300'000) + " = 1\n");
  REQUIRE(excess);
  CHECK(excess->line == 2);
  CHECK(FindExcess("[" + Dotted(1'000) + "]\n"));
  CHECK(FindExcess("x = {" + Dotted(1'000) + " = 1}\n"));
  CHECK(FindExcess("'a'.\"b\"." + Dotted(1'000) + " = 1\n"));
  CHECK_FALSE(Parse(Dotted(300'000) + " = 1\n", "/x/tables.toml"));
}

TEST_CASE("dots in texts and comments are no parts of a key") {
  const std::string dots(1'000, '.');
  CHECK_FALSE(FindExcess("# " + dots + "\nx = \"" + dots + "\"\ny = '" + dots + "'\n"));
  CHECK_FALSE(FindExcess("x = \"\"\"\n" + dots + "\n\\\"\"\" \"\"\"\n"));
  CHECK_FALSE(FindExcess("x = \"a\\\"" + dots + "\"\n"));
  CHECK_FALSE(FindExcess("x = [1.5, 2.5]\ny = 1.5\n"));
}

TEST_CASE("a folder in place of the file is named, with the file that may be meant") {
  const auto loaded = Load(std::filesystem::temp_directory_path());
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().kind == ErrorKind::kInvalidConfig);
  CHECK(loaded.error().message.find("it is a folder") != std::string::npos);
  CHECK(loaded.error().hint.find("tables.toml") != std::string::npos);
}

}  // namespace cdc::config
