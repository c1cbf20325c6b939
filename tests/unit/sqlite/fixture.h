#pragma once

/// \file tests/unit/sqlite/fixture.h
/// A scratch folder, and results that say why they failed.

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>

#include "lib/core/result.h"

namespace cdc::testing {

/// `REQUIRE(Ok(x))`: a failure prints the error.
template <typename R>
bool Ok(const R& result) {
  if (!result.has_value()) UNSCOPED_INFO(ToString(result.error().kind) << ": " << Describe(result.error()));
  return result.has_value();
}

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cdc-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace cdc::testing
