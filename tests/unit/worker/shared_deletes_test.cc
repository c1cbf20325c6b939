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

using parquet::FileDeletes;
using Strings = std::vector<std::string>;

Strings Paths(const std::vector<FileDeletes>& deletes) {
  Strings paths;
  for (const FileDeletes& each : deletes) paths.emplace_back(each.data_file_path);
  return paths;
}

/// As SharedChange::After() gives them. Valid as long as `deletes` is.
std::vector<FileDeletes> Views(const DeletesByFile& deletes) {
  std::vector<FileDeletes> views;
  for (const auto& [data_path, positions] : deletes) views.push_back({data_path, positions});
  return views;
}

TEST_CASE("few deletes of several data files are shared, those of one alone are its own") {
  const DeletesByFile deletes = {{"a", Some(1)}, {"b", Some(1)}}, one = {{"a", Some(1)}};
  auto two = Views(deletes), single = Views(one);
  CHECK(TakeOwn(&two).empty());
  CHECK(Paths(two) == Strings{"a", "b"});
  CHECK(Paths(TakeOwn(&single)) == Strings{"a"});
  CHECK(single.empty());
  CHECK(TakeOwn(&single).empty());
}

TEST_CASE("beyond the limit the data files of most positions get their own, no more than need be") {
  DeletesByFile deletes = {{"a", Some(1)}, {"b", Some(2)}, {"c", Some(kMostShared - 3)}};
  auto full = Views(deletes);
  CHECK(TakeOwn(&full).empty());
  deletes["b"] = Some(3);
  full = Views(deletes);
  CHECK(Paths(TakeOwn(&full)) == Strings{"c"});
  CHECK(Paths(full) == Strings{"a", "b"});
}

TEST_CASE("of several beyond the limit those of most positions go first, equals by their paths") {
  const DeletesByFile deletes = {
      {"a", Some(20'000)}, {"b", Some(20'001)}, {"c", Some(20'000)}, {"d", Some(1)}, {"e", Some(20'000)}};
  auto full = Views(deletes);
  CHECK(Paths(TakeOwn(&full)) == Strings{"b", "a", "c"});
  CHECK(Paths(full) == Strings{"d", "e"});
}

TEST_CASE("one that would be left to share with nobody is its own") {
  const DeletesByFile deletes = {{"a", Some(kMostShared)}, {"b", Some(5)}};
  auto all = Views(deletes);
  CHECK(Paths(TakeOwn(&all)) == Strings{"a", "b"});
  CHECK(all.empty());
}

TEST_CASE("a change is seen before it is applied, and leaves the rest alone") {
  SharedDeletes shared{{"old"}, {{"b", {1}}, {"c", {2}}, {"d", {3}}, {"f", {4}}}};
  SharedChange change;
  change.dropped = {"d", "nobody"};
  change.changed = {{"a", {5}}, {"c", {2, 6}}, {"e", {7}}, {"g", {8}}};
  change.files = {"new"};
  const auto after = change.After(shared);
  CHECK(Paths(after) == Strings{"a", "b", "c", "e", "f", "g"});
  CHECK(after[1].positions.data() == shared.positions["b"].data());
  CHECK(after[2].positions.size() == 2);
  CHECK(shared.positions.size() == 4);
  std::move(change).ApplyTo(&shared);
  CHECK(shared.files == Strings{"new"});
  CHECK(shared.positions ==
        DeletesByFile{{"a", {5}}, {"b", {1}}, {"c", {2, 6}}, {"e", {7}}, {"f", {4}}, {"g", {8}}});
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
