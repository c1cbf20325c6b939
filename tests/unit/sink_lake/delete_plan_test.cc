#include "jobs/sink/lake/delete_plan.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/result_printing.h"

namespace cdc::lake_sink {
namespace {

using Positions = std::vector<int64_t>;

TEST_CASE("superseded rows are grouped by their data files, those of gone files left out") {
  const std::string a = "a", b = "b";
  const auto path_of = [&](uint32_t file) { return file == 1 || file == 3 ? &a : file == 2 ? &b : nullptr; };
  const std::vector<index::Location> superseded = {{1, 7}, {2, 0}, {1, 3}, {9, 5}, {3, 4}};
  DeletesByFile deletes;
  GroupByFile(superseded, path_of, &deletes);
  REQUIRE(deletes.size() == 2);
  for (auto& [path, positions] : deletes) SortPositions(&positions);
  CHECK(deletes["a"] == Positions{3, 4, 7});  // a file may have had two numbers
  CHECK(deletes["b"] == Positions{0});
}

struct Table {
  std::map<std::string, PositionSet> deleted;
  std::map<std::string, int64_t> rows;

  DeletePlan Plan(DeletesByFile* deletes) {
    const auto plan = PlanDeletes(
        deletes, [this](const std::string& path) -> Result<const PositionSet*> { return &deleted[path]; },
        [this](const std::string& path) { return rows.at(path); });
    REQUIRE(plan);
    return *plan;
  }
};

TEST_CASE("positions that are deleted already are dropped, the rest comes in order, each once") {
  Table table;
  table.rows = {{"a", 10}, {"b", 10}};
  table.deleted["a"] = PositionSet(Positions{2, 5});
  table.deleted["b"] = PositionSet(Positions{1});
  DeletesByFile deletes = {{"a", {5, 9, 0, 2, 9}}, {"b", {1}}};
  const DeletePlan plan = table.Plan(&deletes);
  CHECK(plan.rows == 2);
  CHECK(plan.emptied.empty());
  CHECK(deletes == DeletesByFile{{"a", {0, 9}}});
}

TEST_CASE("a data file without a row left goes as a whole") {
  Table table;
  table.rows = {{"a", 3}, {"b", 3}, {"c", 2}};
  table.deleted["a"] = PositionSet(Positions{0});
  DeletesByFile deletes = {{"a", {2, 1}}, {"b", {2, 1}}, {"c", {0, 1}}};
  const DeletePlan plan = table.Plan(&deletes);
  CHECK(plan.rows == 6);
  CHECK(plan.emptied == std::vector<std::string>{"a", "c"});
  CHECK(deletes == DeletesByFile{{"b", {1, 2}}});
}

TEST_CASE("deletes that cannot be read end the plan") {
  DeletesByFile deletes = {{"a", {1}}};
  const auto plan = PlanDeletes(
      &deletes,
      [](const std::string&) -> Result<const PositionSet*> {
        return Error{ErrorKind::kTransient, "no answer"};
      },
      [](const std::string&) { return int64_t{10}; });
  REQUIRE_FALSE(plan);
  CHECK(plan.error().message == "no answer");
}

}  // namespace
}  // namespace cdc::lake_sink
