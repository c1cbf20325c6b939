#include "jobs/worker/shared_deletes.h"

#include <catch2/catch_test_macros.hpp>
#include <numeric>

namespace cdc::worker {
namespace {

std::vector<int64_t> Some(int64_t count) {
  std::vector<int64_t> positions(static_cast<size_t>(count));
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

std::vector<std::string> Paths(const DeletesByFile& deletes) {
  std::vector<std::string> paths;
  for (const auto& [path, positions] : deletes) paths.push_back(path);
  return paths;
}

using Strings = std::vector<std::string>;

TEST_CASE("few deletes of several data files are shared, those of one alone are its own") {
  DeletesByFile deletes = {{"a", Some(1)}, {"b", Some(1)}};
  CHECK(TakeOwn(&deletes).empty());
  CHECK(Paths(deletes) == Strings{"a", "b"});
  DeletesByFile one = {{"a", Some(1)}};
  CHECK(Paths(TakeOwn(&one)) == Strings{"a"});
  CHECK(one.empty());
  CHECK(TakeOwn(&one).empty());
}

TEST_CASE("beyond the limit the data files of most positions get their own, no more than need be") {
  DeletesByFile full = {{"a", Some(kMostShared - 3)}, {"b", Some(2)}, {"c", Some(1)}};
  CHECK(TakeOwn(&full).empty());
  full["b"] = Some(3);
  CHECK(Paths(TakeOwn(&full)) == Strings{"a"});
  CHECK(Paths(full) == Strings{"b", "c"});
}

TEST_CASE("one that would be left to share with nobody is its own") {
  DeletesByFile deletes = {{"a", Some(kMostShared)}, {"b", Some(5)}};
  CHECK(Paths(TakeOwn(&deletes)) == Strings{"a", "b"});
  CHECK(deletes.empty());
}

TEST_CASE("positions are added in order, once") {
  std::vector<int64_t> positions = {2, 5, 9};
  const std::vector<int64_t> more = {1, 5, 12};
  AddPositions(more, &positions);
  CHECK(positions == std::vector<int64_t>{1, 2, 5, 9, 12});
  AddPositions({}, &positions);
  CHECK(positions.size() == 5);
}

}  // namespace
}  // namespace cdc::worker
