#include "lib/core/read_file.h"

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "lib/core/sealed_file.h"

namespace cdc {

TEST_CASE("a file is read as a whole, is absent, or cannot be read") {
  std::string pattern = (std::filesystem::temp_directory_path() / "cdc-read-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(pattern.data());
  const std::string large(200'000, 'x');
  std::ofstream(folder / "large") << large;
  std::ofstream(folder / "empty");
  CHECK(**ReadWholeFile(folder / "large") == large);
  CHECK((*ReadWholeFile(folder / "empty"))->empty());
  CHECK_FALSE(ReadWholeFile(folder / "none")->has_value());
  // A folder opens, and its read(2) fails, as that of a file on a failing disk.
  const auto failed = ReadWholeFile(folder);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().kind == ErrorKind::kTransient);
  CHECK(ReadSealed(folder, "cdctest1").error().kind == ErrorKind::kTransient);
  std::filesystem::remove_all(folder);
}

}  // namespace cdc
