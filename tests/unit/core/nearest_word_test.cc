#include "lib/core/nearest_word.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc {
namespace {

TEST_CASE("the word that was meant is the nearest one, and none where none is near") {
  const std::vector<std::string> words = {"start", "stop", "status", "restart"};
  CHECK(NearestWord("strat", words) == "start");
  CHECK(NearestWord("statsu", words) == "status");
  CHECK(NearestWord("stauts", words) == "status");
  CHECK(NearestWord("stopp", words) == "stop");
  CHECK(NearestWord("restat", words) == "restart");
  CHECK(NearestWord("maintain", words).empty());
  CHECK(NearestWord("", words).empty());
  CHECK(NearestWord("start", {}).empty());
}

}  // namespace
}  // namespace cdc
