#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <limits>

#include "lib/rows/batch.h"

namespace cdc::rows {
namespace {

const KeySecret kSecret = KeySecret::Random();

Batch TableOf(const std::vector<Type>& types) {
  auto schema = std::make_shared<Schema>();
  for (const Type& type : types) schema->fields.push_back({0, 0, "c", false, type});
  return Batch(std::move(schema));
}

Hash128 HashOf(const Batch& batch, uint32_t row, const KeySecret& secret = kSecret) {
  std::vector<int> columns;
  for (size_t i = 0; i < batch.column_count(); ++i) columns.push_back(static_cast<int>(i));
  return KeyHasher(secret, columns)(batch, row);
}

/// Text of 23 bytes, which ends with the two words given.
std::string Text(uint64_t a, uint64_t b) {
  std::string text(23, 'x');
  std::memcpy(text.data() + 7, &a, sizeof a);
  std::memcpy(text.data() + 15, &b, sizeof b);
  return text;
}

TEST_CASE("texts made to collide in a hash without a secret are two keys") {
  // XXH3 multiplies two words of the input, each taken exclusively-or with a constant; where one of the two
  // is 0 the other makes no difference. Both texts are so, and have the same sum, which is all that is left.
  constexpr uint64_t kFirst = 0xdb979083e96dd4de, kSecond = 0x1f67b3b7a4a44072;
  Batch batch = TableOf({Type::Of(TypeKind::kString)});
  for (const uint64_t apart : {uint64_t{1}, uint64_t{77}, uint64_t{1} << 40}) {
    batch.Truncate(0);
    batch.column(0).AppendBytes(Text(kFirst, kSecond + apart));
    batch.column(0).AppendBytes(Text(kFirst + apart, kSecond));
    std::vector<char> one, other;
    AppendCanonical(batch.column(0), 0, &one);
    AppendCanonical(batch.column(0), 1, &other);
    REQUIRE(one != other);
    REQUIRE(HashBytes({one.data(), one.size()}) == HashBytes({other.data(), other.size()}));
    CHECK_FALSE(HashOf(batch, 0) == HashOf(batch, 1));
    CHECK_FALSE(HashOf(batch, 0) == HashOf(batch, 0, KeySecret::Random()));
  }
}

TEST_CASE("where one cell of a key ends and the next begins makes a difference") {
  const Type text = Type::Of(TypeKind::kString);
  Batch batch = TableOf({text, text});
  const auto row = [&](const char* a, const char* b) {
    for (size_t i = 0; i < 2; ++i) {
      const char* value = i == 0 ? a : b;
      if (value == nullptr)
        batch.column(i).AppendNull();
      else
        batch.column(i).AppendBytes(value);
    }
    return HashOf(batch, batch.rows() - 1);
  };
  const std::vector<Hash128> hashes = {row("ab", "c"),      row("a", "bc"),        row("abc", ""),
                                       row("", "abc"),      row("", ""),           row(nullptr, ""),
                                       row("", nullptr),    row(nullptr, nullptr), row("c", "ab"),
                                       row("abc", nullptr), row(nullptr, "abc")};
  for (size_t i = 0; i < hashes.size(); ++i)
    for (size_t j = 0; j < i; ++j) CHECK_FALSE(hashes[i] == hashes[j]);
  CHECK(row("ab", "c") == hashes[0]);
}

TEST_CASE("lists of texts are told apart by where their elements end") {
  Batch batch = TableOf({Type::ListOf(Type::Of(TypeKind::kString)), Type::Of(TypeKind::kString)});
  const auto row = [&](const std::vector<const char*>& list, const char* text) {
    Column& elements = batch.column(0).BeginList();
    for (const char* element : list) elements.AppendBytes(element);
    batch.column(0).EndList();
    batch.column(1).AppendBytes(text);
    return HashOf(batch, batch.rows() - 1);
  };
  const std::vector<Hash128> hashes = {row({"a", "b"}, "c"), row({"ab"}, "c"),         row({"a"}, "bc"),
                                       row({}, "abc"),       row({"a", "b", "c"}, ""), row({"", "ab"}, "c")};
  for (size_t i = 0; i < hashes.size(); ++i)
    for (size_t j = 0; j < i; ++j) CHECK_FALSE(hashes[i] == hashes[j]);
}

TEST_CASE("a key keeps its hash when its column is widened") {
  Batch narrow = TableOf({Type::Of(TypeKind::kInt), Type::Of(TypeKind::kFloat), Type::Decimal(5, 2)});
  Batch wide = TableOf({Type::Of(TypeKind::kLong), Type::Of(TypeKind::kDouble), Type::Decimal(20, 2)});
  narrow.column(0).AppendInt(-7);
  narrow.column(1).AppendFloat(0.5f);
  narrow.column(2).AppendDecimal(12345);
  wide.column(0).AppendLong(-7);
  wide.column(1).AppendDouble(0.5);
  wide.column(2).AppendDecimal(12345);
  CHECK(HashOf(narrow, 0) == HashOf(wide, 0));
}

TEST_CASE("floats that PostgreSQL takes for equal are one key") {
  Batch batch = TableOf({Type::Of(TypeKind::kDouble)});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double v : {0.0, -0.0, nan, std::copysign(nan, -1.0), 1.0}) batch.column(0).AppendDouble(v);
  CHECK(HashOf(batch, 0) == HashOf(batch, 1));
  CHECK(HashOf(batch, 2) == HashOf(batch, 3));
  CHECK_FALSE(HashOf(batch, 0) == HashOf(batch, 2));
  CHECK_FALSE(HashOf(batch, 0) == HashOf(batch, 4));
}

}  // namespace
}  // namespace cdc::rows
