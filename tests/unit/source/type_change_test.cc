#include "jobs/source/type_change.h"

#include <catch2/catch_test_macros.hpp>

#include "jobs/source/table_shape.h"
#include "tests/support/result_printing.h"

namespace cdc::source {
namespace {

using rows::Type;
using rows::TypeKind;
using Words = std::vector<std::pair<std::string, std::string>>;

std::vector<event::SourceColumn> Columns(const Words& declared) {
  std::vector<event::SourceColumn> columns;
  for (const auto& [name, words] : declared) columns.push_back(*event::ColumnOfPgType(name, words, {}, true));
  return columns;
}

rows::Schema TableOf(const Words& declared) {
  return *NewTableSchema(Columns(declared), {declared.front().first},
                         {{"ingestion_time", "ingestion_time()"}}, {});
}

TEST_CASE("columns of another type are found, those that hold or widen are not") {
  const auto table =
      TableOf({{"id", "int"}, {"n", "numeric(12,2)"}, {"w", "int"}, {"b", "bigint"}, {"t", "text"}});
  const auto found = FindRetyped(
      table,
      Columns({{"id", "text"}, {"n", "numeric(14,4)"}, {"w", "bigint"}, {"b", "int"}, {"new", "date"}}), {},
      "e");
  REQUIRE(found);
  CHECK(*found == std::vector<Retyped>{{"id", Type::Of(TypeKind::kInt), Type::Of(TypeKind::kString)},
                                       {"n", Type::Decimal(12, 2), Type::Decimal(14, 4)}});
  CHECK(FindRetyped(table, Columns({{"n", "text"}}), {"n"}, "e")->empty());
}

TEST_CASE("all columns that cannot be cast are named") {
  const auto table = TableOf({{"id", "int"}, {"a", "timestamp"}, {"b", "bytea"}, {"c", "int"}});
  const auto found =
      FindRetyped(table, Columns({{"a", "timestamptz"}, {"b", "uuid"}, {"c", "text"}}), {}, "orders");
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::kUnsupported);
  CHECK(found.error().message.find("'a'") != std::string::npos);
  CHECK(found.error().message.find("'b'") != std::string::npos);
  CHECK(found.error().message.find("'c'") == std::string::npos);
  CHECK(found.error().hint.find("cdc reset orders --yes") != std::string::npos);
}

TEST_CASE("columns that the source has no more are found, but not the key's and ours") {
  const auto table = TableOf({{"id", "int"}, {"a", "int"}, {"b", "int"}});
  CHECK(FindAbsent(table, Columns({{"b", "int"}}), {"id", "ingestion_time"}) ==
        std::vector<std::string>{"a"});
  CHECK(FindAbsent(table, Columns({{"id", "int"}, {"b", "int"}, {"a", "text"}}), {"ingestion_time"}).empty());
}

}  // namespace
TEST_CASE("a schema that says json may be of a jsonb, but not one that says integer of a smallint") {
  CHECK(MayBeType("json", "jsonb"));
  CHECK(MayBeType("json[]", "jsonb[]"));
  CHECK(MayBeType("bigint", "oid"));
  CHECK(MayBeType("numeric", "numeric(5,-2)"));
  CHECK(MayBeType("time with time zone", "time(3) with time zone"));
  CHECK(MayBeType("interval", "interval day to second(3)"));
  CHECK_FALSE(MayBeType("json", "jsonb[]"));
  CHECK_FALSE(MayBeType("integer", "smallint"));
  CHECK_FALSE(MayBeType("bigint", "integer"));
}

}  // namespace cdc::source
