#include "lib/change/row_identity.h"

#include <catch2/catch_test_macros.hpp>
#include <set>

namespace cdc::change {
namespace {

std::shared_ptr<rows::Schema> Schema() {
  auto schema = std::make_shared<rows::Schema>();
  int id = 0;
  for (const char* name : {"a", "b", "ours", "added"}) {
    rows::Field field;
    field.id = ++id;
    field.name = name;
    field.type = rows::Type::Of(rows::TypeKind::kLong);
    schema->fields.push_back(field);
  }
  return schema;
}

void Append(rows::Batch& batch, std::initializer_list<std::optional<int64_t>> row) {
  size_t at = 0;
  for (const auto& value : row) {
    rows::Column& column = batch.column(at++);
    value ? column.AppendLong(*value) : column.AppendNull();
  }
}

TEST_CASE("a row's content leaves out the worker's columns, and what is null") {
  const auto schema = Schema();
  RowIdentity identity({}, *schema, {"ours"}, 3);
  rows::Batch batch(schema);
  Append(batch, {1, 2, 10, std::nullopt});
  Append(batch, {1, 2, 20, std::nullopt});
  Append(batch, {2, 1, 10, std::nullopt});
  Append(batch, {1, std::nullopt, 10, 2});
  Append(batch, {1, 2, 10, 5});
  const Hash128 first = identity.ContentOf(batch, 0);
  CHECK(first == identity.ContentOf(batch, 1));
  CHECK_FALSE(first == identity.ContentOf(batch, 2));
  CHECK_FALSE(first == identity.ContentOf(batch, 3));
  CHECK_FALSE(first == identity.ContentOf(batch, 4));
  // The row was there before the column was added, whose default PostgreSQL shows.
  CHECK(identity.EarlierContentsOf(batch, 4) == std::vector{first});
  CHECK(identity.EarlierContentsOf(batch, 0).empty());
}

TEST_CASE("equal rows are counted without a gap") {
  const RowIdentity identity({}, *Schema(), {}, 4);
  const Hash128 content{3, 4};
  std::set<std::pair<uint64_t, uint64_t>> keys;
  const auto has = [&keys](const Hash128& key) -> Result<bool> { return keys.contains({key.low, key.high}); };
  for (uint32_t count = 0; count < 70; ++count) {
    const auto counted = identity.Count(has, content);
    REQUIRE(counted.has_value());
    REQUIRE(*counted == count);
    const Hash128 key = identity.KeyOf(content, count);
    REQUIRE(keys.emplace(key.low, key.high).second);
  }
}

}  // namespace
}  // namespace cdc::change
