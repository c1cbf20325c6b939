/// What becomes of a column whose type changes at the source: every pair of types.

#include "lib/rows/type_change.h"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <string>
#include <vector>

namespace cdc::rows {
namespace {

const std::vector<TypeKind> kScalars = {
    TypeKind::kBoolean, TypeKind::kInt,  TypeKind::kLong,  TypeKind::kFloat,     TypeKind::kDouble,
    TypeKind::kDecimal, TypeKind::kDate, TypeKind::kTime,  TypeKind::kTimestamp, TypeKind::kTimestamptz,
    TypeKind::kString,  TypeKind::kUuid, TypeKind::kBinary};

Type Of(TypeKind kind) { return kind == TypeKind::kDecimal ? Type::Decimal(12, 2) : Type::Of(kind); }

/// One row per type of the column, one letter per type of the source in the order of kScalars:
/// = holds it already, p promoted, r rewritten, - cannot.
const std::vector<std::string> kTable = {
    // bool int long float double decimal date time timestamp timestamptz string uuid binary
    "=---------r--",  // boolean
    "-=prrr----r--",  // int
    "-==rrr----r--",  // long
    "-rr=pr----r--",  // float
    "-rrr=r----r--",  // double
    "-rrrr=----r--",  // decimal
    "------=-r-r--",  // date
    "-------=--r--",  // time
    "------r-=-r--",  // timestamp
    "---------=r--",  // timestamptz
    "rrrrrrrrrr=r-",  // string
    "----------r=-",  // uuid
    "----------r-=",  // binary
};

char LetterOf(const TypeChange& change) {
  switch (change.what) {
    case Change::kNone: return '=';
    case Change::kPromote: return 'p';
    case Change::kRewrite: return 'r';
    case Change::kCannot: return '-';
  }
  return '?';
}

TEST_CASE("TypeChange: is decided for every pair of types") {
  REQUIRE(kTable.size() == kScalars.size());
  for (size_t from = 0; from < kScalars.size(); ++from) {
    for (size_t to = 0; to < kScalars.size(); ++to) {
      const Type column = Of(kScalars[from]), source = Of(kScalars[to]);
      const TypeChange change = DecideTypeChange(column, source);
      CHECK(LetterOf(change) == kTable[from][to]);
      const bool changes = change.what == Change::kPromote || change.what == Change::kRewrite;
      CHECK((change.to) == (changes ? source : column));
      CHECK((change.why.empty()) == (change.what != Change::kCannot));
    }
  }
}

TEST_CASE("TypeChange: goes element by element in lists") {
  for (size_t from = 0; from < kScalars.size(); ++from) {
    for (size_t to = 0; to < kScalars.size(); ++to) {
      const Type column = Type::ListOf(Of(kScalars[from])), source = Type::ListOf(Of(kScalars[to]));
      const TypeChange change = DecideTypeChange(column, source);
      CHECK(LetterOf(change) == kTable[from][to]);
      const bool changes = change.what == Change::kPromote || change.what == Change::kRewrite;
      CHECK((change.to) == (changes ? source : column));
    }
    CHECK(DecideTypeChange(Of(kScalars[from]), Type::ListOf(Of(kScalars[from]))).what == Change::kCannot);
    CHECK(DecideTypeChange(Type::ListOf(Of(kScalars[from])), Of(kScalars[from])).what == Change::kCannot);
  }
}

TEST_CASE("TypeChange: keeps digits before the point of decimals") {
  struct Case {
    Type column, source;
    Change what;
    Type to;
  };
  const std::vector<Case> cases = {
      {Type::Decimal(10, 2), Type::Decimal(20, 2), Change::kPromote, Type::Decimal(20, 2)},
      {Type::Decimal(20, 2), Type::Decimal(10, 2), Change::kNone, Type::Decimal(20, 2)},
      {Type::Decimal(12, 2), Type::Decimal(14, 4), Change::kRewrite, Type::Decimal(14, 4)},
      {Type::Decimal(12, 2), Type::Decimal(12, 4), Change::kRewrite, Type::Decimal(14, 4)},
      {Type::Decimal(14, 4), Type::Decimal(12, 2), Change::kRewrite, Type::Decimal(12, 2)},
      {Type::Decimal(20, 4), Type::Decimal(10, 2), Change::kRewrite, Type::Decimal(18, 2)},
      {Type::Decimal(38, 2), Type::Decimal(12, 4), Change::kRewrite, Type::Decimal(38, 4)},
      {Type::ListOf(Type::Decimal(12, 2)), Type::ListOf(Type::Decimal(14, 4)), Change::kRewrite,
       Type::ListOf(Type::Decimal(14, 4))},
  };
  for (const Case& each : cases) {
    const TypeChange change = DecideTypeChange(each.column, each.source);
    CHECK(change.what == each.what);
    CHECK(change.to == each.to);
  }
}

TEST_CASE("TypeChange: says that a time zone is missing") {
  CHECK(DecideTypeChange(Of(TypeKind::kTimestamp), Of(TypeKind::kTimestamptz)).why.find("time zone") !=
        std::string::npos);
}

}  // namespace
}  // namespace cdc::rows
