#include "lib/verify/plan.h"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

namespace cdc::verify {
namespace {

using rows::Type;
using rows::TypeKind;

const std::vector<SourceColumn> kSource = {
    {.name = "id", .type = "int8", .schema = "pg_catalog"},
    {.name = "Name", .type = "text", .schema = "pg_catalog"},
    {.name = "place", .type = "point", .schema = "pg_catalog"},
    {.name = "late", .type = "xid", .schema = "pg_catalog"},
    {.name = "sum", .type = "int4", .schema = "pg_catalog", .generated = true}};
const std::vector<TargetColumn> kTarget = {
    {.name = "id", .type = Type::Of(TypeKind::kLong)},
    {.name = "renamed", .type = Type::Of(TypeKind::kString)},
    {.name = "place", .type = Type::Of(TypeKind::kString)},
    {.name = "sum", .type = Type::Of(TypeKind::kInt)},
    {.name = "ingestion_time", .type = Type::Of(TypeKind::kTimestamptz)}};

Plan PlanOf(const std::vector<std::string>& key) {
  return MakePlan(kSource, kTarget, key,
                  [](const std::string& name) { return name == "Name" ? "renamed" : name; }, {});
}

TEST_CASE("Every column is either compared or named with a reason") {
  const Plan plan = PlanOf({"id"});
  REQUIRE(plan.columns.size() == 2);
  CHECK(plan.columns[1].name == "Name");
  CHECK(plan.columns[1].target == "renamed");
  CHECK(plan.key == std::vector<int>{0});
  std::vector<std::string> left_out;
  for (const LeftOut& each : plan.left_out) left_out.push_back(each.column);
  CHECK(left_out == std::vector<std::string>{"place", "late", "sum", "ingestion_time"});
  CHECK(std::none_of(plan.left_out.begin(), plan.left_out.end(),
                     [](const LeftOut& l) { return l.reason.empty(); }));
}

TEST_CASE("A key of which a column is not compared names no rows") {
  CHECK(PlanOf({"renamed", "id"}).key == std::vector<int>{1, 0});
  CHECK(PlanOf({"id", "place"}).key.empty());
  CHECK(PlanOf({}).key.empty());
}

}  // namespace
}  // namespace cdc::verify
