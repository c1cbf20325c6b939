#include "lib/iceberg/schema_evolution.h"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/sqlite/fixture.h"

namespace cdc::iceberg {
namespace {

using rows::Type;
using rows::TypeKind;
using testing::Ok;

rows::Schema Start() {
  rows::Schema schema;
  schema.fields = {{1, 0, "id", true, Type::Of(TypeKind::kInt)}, {2, 0, "d", true, Type::Decimal(5, 2)}};
  schema.identifier_field_ids = {1};
  return schema;
}

TEST_CASE("additions get fresh ids, promotions keep theirs") {
  SchemaChanges changes;
  changes.additions = {{9, 9, "l", true, Type::ListOf(Type::Of(TypeKind::kInt))},
                       {0, 0, "x", false, Type::Of(TypeKind::kUuid)}};
  changes.promotions = {{"id", Type::Of(TypeKind::kLong)}, {"d", Type::Decimal(9, 2)}};
  changes.relaxations = {"d"};
  auto evolved = Evolve(Start(), 7, changes);
  REQUIRE(Ok(evolved));
  CHECK(evolved->fields ==
        std::vector<rows::Field>{{1, 0, "id", true, Type::Of(TypeKind::kLong)},
                                 {2, 0, "d", false, Type::Decimal(9, 2)},
                                 {8, 9, "l", false, Type::ListOf(Type::Of(TypeKind::kInt))},
                                 {10, 0, "x", false, Type::Of(TypeKind::kUuid)}});
  CHECK(evolved->identifier_field_ids == std::vector<int>{1});
}

TEST_CASE("what Iceberg cannot do is refused") {
  SchemaChanges narrower;
  narrower.promotions = {{"d", Type::Decimal(9, 3)}};
  CHECK(Evolve(Start(), 2, narrower).error().kind == ErrorKind::kUnsupported);
  SchemaChanges taken;
  taken.additions = {{0, 0, "d", false, Type::Of(TypeKind::kInt)}};
  CHECK(Evolve(Start(), 2, taken).error().kind == ErrorKind::kUnsupported);
  SchemaChanges unknown;
  unknown.relaxations = {"nope"};
  CHECK(Evolve(Start(), 2, unknown).error().kind == ErrorKind::kInvalidArgument);
}

TEST_CASE("a relaxed key column is no identifier any more") {
  SchemaChanges changes;
  changes.relaxations = {"id"};
  CHECK(Evolve(Start(), 2, changes)->identifier_field_ids.empty());
}

TEST_CASE("a replaced column has its name and place and another id") {
  rows::Schema start = Start();
  start.fields.push_back({3, 0, "t", false, Type::Of(TypeKind::kString)});
  SchemaChanges changes;
  changes.replacements = {{"id", Type::Of(TypeKind::kString)}, {"t", Type::ListOf(Type::Of(TypeKind::kInt))}};
  changes.additions = {{0, 0, "x", false, Type::Of(TypeKind::kUuid)}};
  const auto evolved = Evolve(start, 7, changes);
  REQUIRE(Ok(evolved));
  CHECK(evolved->fields ==
        std::vector<rows::Field>{{8, 0, "id", true, Type::Of(TypeKind::kString)},
                                 {2, 0, "d", true, Type::Decimal(5, 2)},
                                 {9, 10, "t", false, Type::ListOf(Type::Of(TypeKind::kInt))},
                                 {11, 0, "x", false, Type::Of(TypeKind::kUuid)}});
  CHECK(evolved->identifier_field_ids == std::vector<int>{8});
  changes.replacements = {{"id", Type::Of(TypeKind::kDouble)}};
  CHECK(Evolve(start, 7, changes)->identifier_field_ids.empty());
  changes.replacements = {{"nope", Type::Of(TypeKind::kInt)}};
  CHECK(Evolve(start, 7, changes).error().kind == ErrorKind::kInvalidArgument);
}

TEST_CASE("a new table's schema gets ids: columns first, then elements") {
  rows::Schema schema;
  schema.fields = {{0, 0, "l", false, Type::ListOf(Type::Of(TypeKind::kInt))}, {0, 0, "b", false, Type{}}};
  const rows::Schema assigned = AssignFieldIds(schema);
  CHECK(assigned.fields[0].id == 1);
  CHECK(assigned.fields[1].id == 2);
  CHECK(assigned.fields[0].element_id == 3);
  CHECK(AssignFieldIds(Start()).fields == Start().fields);
}

}  // namespace
}  // namespace cdc::iceberg
