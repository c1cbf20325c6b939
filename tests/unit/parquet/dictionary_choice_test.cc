#include "lib/parquet/dictionary_choice_internal.h"

#include <catch2/catch_test_macros.hpp>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace cdc::parquet {
namespace {

using rows::Column;
using rows::Type;
using rows::TypeKind;

std::vector<uint32_t> All(uint32_t rows) {
  std::vector<uint32_t> numbers(rows);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

Column Longs(uint32_t rows, int64_t distinct) {
  Column column(Type::Of(TypeKind::kLong));
  std::mt19937 random(7);
  for (uint32_t i = 0; i < rows; ++i) column.AppendLong(static_cast<int64_t>(random()) % distinct);
  return column;
}

bool WorthIt(const Column& column, int64_t dictionary_bytes) {
  const std::vector<uint32_t> rows = All(column.size());
  const DictionarySample sample(column, rows);
  return sample.WorthIt(dictionary_bytes);
}

TEST_CASE("a column of few values gets a dictionary, one of ever new values does not") {
  CHECK(WorthIt(Longs(100'000, 50), 64 << 10));
  CHECK(WorthIt(Longs(100'000, 1000), 64 << 10));
  CHECK_FALSE(WorthIt(Longs(100'000, 1'000'000), 64 << 10));
}

TEST_CASE("few values that are larger than the dictionary may be get none") {
  CHECK_FALSE(WorthIt(Longs(100'000, 1000), 4 << 10));
  Column texts(Type::Of(TypeKind::kString));
  for (uint32_t i = 0; i < 1000; ++i) texts.AppendBytes(std::string(5000, static_cast<char>('a' + i % 20)));
  CHECK_FALSE(WorthIt(texts, 64 << 10));
  CHECK(WorthIt(texts, 200 << 10));
}

TEST_CASE("rows that come in the order of their values are looked at from first to last") {
  Column ascending(Type::Of(TypeKind::kLong));
  for (uint32_t i = 0; i < 200'000; ++i) ascending.AppendLong(i / 50);
  // Its first 2,048 cells have 41 values, its cells all over 4,000.
  CHECK_FALSE(WorthIt(ascending, 64 << 10));
}

TEST_CASE("nulls say nothing, and a handful of cells decides nothing") {
  Column column(Type::Of(TypeKind::kLong));
  for (int i = 0; i < 10'000; ++i) column.AppendNull();
  CHECK(WorthIt(column, 64 << 10));
  for (int i = 0; i < 63; ++i) column.AppendLong(i);
  const std::vector<uint32_t> all = All(10'063);
  const DictionarySample sample(column, std::span(all).subspan(10'000));
  CHECK(sample.WorthIt(64 << 10));
}

TEST_CASE("a list counts by its elements") {
  Column lists(Type{TypeKind::kList, 0, 0, TypeKind::kLong});
  for (uint32_t i = 0; i < 1000; ++i) {
    for (int e = 0; e < 3; ++e) lists.BeginList().AppendLong(i * 3 + e);
    lists.EndList();
  }
  CHECK_FALSE(WorthIt(lists, 64 << 10));
}

TEST_CASE("a chunk ends before its texts are too many, but has a row at least") {
  auto schema = std::make_shared<rows::Schema>();
  schema->fields.push_back({1, 0, "id", true, Type::Of(TypeKind::kLong)});
  schema->fields.push_back({2, 0, "text", false, Type::Of(TypeKind::kString)});
  rows::Batch batch(schema);
  for (int i = 0; i < 100; ++i) {
    batch.column(0).AppendLong(i);
    batch.column(1).AppendBytes(std::string(i == 50 ? 5'000 : 100, 'x'));
  }
  const std::vector<uint32_t> all = All(100);
  CHECK(ChunkRows(batch, all, 2048, 1 << 20) == 100);
  CHECK(ChunkRows(batch, all, 30, 1 << 20) == 30);
  CHECK(ChunkRows(batch, all, 2048, 1000) == 10);
  CHECK(ChunkRows(batch, std::span(all).subspan(49), 2048, 1000) == 1);
  CHECK(ChunkRows(batch, std::span(all).subspan(50), 2048, 1000) == 1);
}

}  // namespace
}  // namespace cdc::parquet
