#include "jobs/sink/iceberg/shared_deletes.h"

#include <catch2/catch_test_macros.hpp>
#include <numeric>

namespace cdc::iceberg_sink {
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

/// As LevelChange::After() gives them. Valid as long as `deletes` is.
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
  DeletesByFile deletes = {{"a", Some(1)}, {"b", Some(2)}, {"c", Some(kMaxShared - 3)}};
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
  const DeletesByFile deletes = {{"a", Some(kMaxShared)}, {"b", Some(5)}};
  auto all = Views(deletes);
  CHECK(Paths(TakeOwn(&all)) == Strings{"a", "b"});
  CHECK(all.empty());
}

TEST_CASE("a change is seen before it is applied, and leaves the rest alone") {
  DeleteLevel level{{"old"}, {{"b", {1}}, {"c", {2}}, {"d", {3}}, {"f", {4}}}};
  LevelChange change;
  change.dropped = {"d", "nobody"};
  change.changed = {{"a", {5}}, {"c", {2, 6}}, {"e", {7}}, {"g", {8}}};
  change.files = {"new"};
  const auto after = change.After(level);
  CHECK(Paths(after) == Strings{"a", "b", "c", "e", "f", "g"});
  CHECK(after[1].positions.data() == level.positions["b"].data());
  CHECK(after[2].positions.size() == 2);
  CHECK(level.positions.size() == 4);
  std::move(change).ApplyTo(&level);
  CHECK(level.files == Strings{"new"});
  CHECK(level.positions ==
        DeletesByFile{{"a", {5}}, {"b", {1}}, {"c", {2, 6}}, {"e", {7}}, {"f", {4}}, {"g", {8}}});
}

TEST_CASE("few deletes join the recent ones, and the settled ones stay in their file") {
  SharedDeletes now{{{"s"}, {{"a", {1}}, {"b", {2}}}}, {{"r"}, {{"b", {3}}, {"c", {4}}}}};
  const DeletesByFile more = {{"a", {5}}, {"c", {2, 6}}};
  SharedChange change = PlanShared(now, {}, more, false);
  CHECK(change.own.empty());
  CHECK(change.settled_file.empty());
  CHECK(!change.settled);
  CHECK(Paths(change.recent_file) == Strings{"a", "b", "c"});
  CHECK(change.replaced == Strings{"r"});
  REQUIRE(change.recent);
  change.recent->files = {"r2"};
  std::move(change).ApplyTo(&now);
  CHECK(now.settled.files == Strings{"s"});
  CHECK(now.settled.positions == DeletesByFile{{"a", {1}}, {"b", {2}}});
  CHECK(now.recent.files == Strings{"r2"});
  CHECK(now.recent.positions == DeletesByFile{{"a", {5}}, {"b", {3}}, {"c", {2, 4, 6}}});
  CHECK(now.CountOf("a") == 2);
}

/// Everything in one file of the settled ones: `expected`.
void CheckSettled(SharedDeletes now, std::vector<std::string> gone, const DeletesByFile& more,
                  const DeletesByFile& expected) {
  Strings all = now.settled.files;
  all.insert(all.end(), now.recent.files.begin(), now.recent.files.end());
  SharedChange change = PlanShared(now, gone, more, false);
  CHECK(change.recent_file.empty());
  CHECK(change.replaced == all);
  DeletesByFile written;
  for (const FileDeletes& each : change.settled_file)
    written[std::string(each.data_file_path)].assign(each.positions.begin(), each.positions.end());
  CHECK(written == expected);
  REQUIRE(change.settled);
  change.settled->files = {"new"};
  std::move(change).ApplyTo(&now);
  CHECK(now.settled.positions == expected);
  CHECK(now.settled.files == Strings{"new"});
  CHECK(now.recent.positions.empty());
  CHECK(now.recent.files.empty());
}

TEST_CASE("recent deletes are settled when they are many, of one data file, or others are written anyway") {
  const SharedDeletes now{{{"s"}, {{"a", {1}}, {"b", {9'000}}}}, {{"r"}, {{"b", {3}}, {"c", {4}}}}};
  const std::vector<int64_t> many = Some(kMaxRecent);
  std::vector<int64_t> with_b = many;
  with_b.push_back(9'000);
  CheckSettled(now, {}, {{"b", many}}, {{"a", {1}}, {"b", with_b}, {"c", {4}}});
  CHECK(!PlanShared(now, {}, {{"b", Some(kMaxRecent - 1)}}, false).settled);  // with c's: as many as may be

  CheckSettled(now, {"a"}, {}, {{"b", {3, 9'000}}, {"c", {4}}});
  CheckSettled(now, {"c", "x"}, {{"b", {7}}}, {{"a", {1}}, {"b", {3, 7, 9'000}}});
  CheckSettled({now.settled, {}}, {}, {{"b", {7}}}, {{"a", {1}}, {"b", {7, 9'000}}});

  SharedDeletes left = now;  // by a run before, or by another engine
  left.settled.files = {"s", "foreign"};
  CheckSettled(left, {}, {{"c", {5}}}, {{"a", {1}}, {"b", {3, 9'000}}, {"c", {4, 5}}});
}

TEST_CASE("what is settled beyond the limit becomes its data file's own, with what was recent of it") {
  const SharedDeletes now{{{"s"}, {{"a", {1}}, {"b", Some(kMaxShared - 2)}}},
                          {{"r"}, {{"b", {40'000}}, {"c", {4}}}}};
  const DeletesByFile more = {{"a", Some(kMaxRecent)}};
  SharedDeletes after = now;
  SharedChange change = PlanShared(after, {}, more, false);
  REQUIRE(Paths(change.own) == Strings{"b"});
  CHECK(change.own[0].positions.size() == kMaxShared - 1);
  CHECK(Paths(change.settled_file) == Strings{"a", "c"});
  std::move(change).ApplyTo(&after);
  CHECK(after.settled.positions == DeletesByFile{{"a", Some(kMaxRecent)}, {"c", {4}}});
  CHECK(after.recent.positions.empty());
}

TEST_CASE("where each data file is to have its deletes for itself nothing stays shared") {
  SharedDeletes now{{{"s"}, {{"a", {1}}, {"b", {2}}}}, {{"r"}, {{"b", {3}}, {"c", {4}}}}};
  SharedChange change = PlanShared(now, {}, {}, true);
  REQUIRE(Paths(change.own) == Strings{"a", "b", "c"});
  CHECK(change.own[1].positions.size() == 2);
  CHECK(change.replaced == Strings{"s", "r"});
  CHECK((change.settled_file.empty() && change.recent_file.empty()));
  std::move(change).ApplyTo(&now);
  CHECK(now.files() == 0);
  CHECK((now.settled.positions.empty() && now.recent.positions.empty()));
}

TEST_CASE(
    "where nothing is deleted nothing is written, and the last data file takes its recent deletes along") {
  const SharedDeletes now{{{"s"}, {{"a", {1}}, {"b", {2}}}}, {{"r"}, {{"c", {3}}, {"d", {4}}}}};
  const std::vector<std::string> others = {"x", "y"}, both = {"c", "d"};
  SharedChange none = PlanShared(now, others, {}, false);
  CHECK((!none.settled && !none.recent && none.replaced.empty()));
  SharedDeletes after = now;
  SharedChange change = PlanShared(after, both, {}, false);
  CHECK((change.recent_file.empty() && change.settled_file.empty() && !change.settled));
  CHECK(change.replaced == Strings{"r"});
  std::move(change).ApplyTo(&after);
  CHECK(after.recent.positions.empty());
  CHECK(after.files() == 1);
}

TEST_CASE("positions are joined in order, once") {
  CHECK(Union(std::vector<int64_t>{2, 5, 9}, std::vector<int64_t>{1, 5, 12}) ==
        std::vector<int64_t>{1, 2, 5, 9, 12});
  CHECK(Union({}, {}).empty());
}

}  // namespace
}  // namespace cdc::iceberg_sink
