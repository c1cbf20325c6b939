/// Old values of a column whose type changed: as PostgreSQL casts them, exactly or not at all.

#include "lib/rows/cast.h"

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace cdc::rows {
namespace {

/// A column of one cell.
template <typename Append>
Column One(Type type, Append append) {
  Column column(type);
  append(&column);
  return column;
}
Column Text(std::string_view v) {
  return One(Type::Of(TypeKind::kString), [&](Column* c) { c->AppendBytes(v); });
}
Column Double(double v) {
  return One(Type::Of(TypeKind::kDouble), [&](Column* c) { c->AppendDouble(v); });
}
Column Float(float v) {
  return One(Type::Of(TypeKind::kFloat), [&](Column* c) { c->AppendFloat(v); });
}
Column Int(int32_t v) {
  return One(Type::Of(TypeKind::kInt), [&](Column* c) { c->AppendInt(v); });
}
Column Long(int64_t v) {
  return One(Type::Of(TypeKind::kLong), [&](Column* c) { c->AppendLong(v); });
}
Column Decimal(int precision, int scale, std::string_view text) {
  return One(Type::Decimal(precision, scale),
             [&](Column* c) { c->AppendDecimal(*DecimalFromText(text, scale)); });
}
Column Days(int32_t v) {
  return One(Type::Of(TypeKind::kDate), [&](Column* c) { c->AppendInt(v); });
}
Column Micros(TypeKind kind, int64_t v) {
  return One(Type::Of(kind), [&](Column* c) { c->AppendLong(v); });
}

/// The text of the cast value; nothing: it has none.
std::optional<std::string> Cast(const Column& from, Type type) {
  Column to(type);
  if (!CastCell(from, 0, &to)) {
    CHECK(to.size() == 0U);
    return std::nullopt;
  }
  CHECK(to.size() == 1U);
  return CellText(to, 0);
}
std::optional<std::string> Cast(const Column& from, TypeKind kind) { return Cast(from, Type::Of(kind)); }

TEST_CASE("Cast: writes floats as postgres") {
  const auto text = [](double v) { return *Cast(Double(v), TypeKind::kString); };
  CHECK(text(0) == "0");
  CHECK(text(-0.0) == "-0");
  CHECK(text(0.1) == "0.1");
  CHECK(text(1) == "1");
  CHECK(text(-12345.678) == "-12345.678");
  CHECK(text(0.0001) == "0.0001");
  CHECK(text(0.00001) == "1e-05");
  CHECK(text(123456789012345) == "123456789012345");
  CHECK(text(1e14) == "100000000000000");
  CHECK(text(1e15) == "1e+15");
  CHECK(text(1.5e300) == "1.5e+300");
  CHECK(text(1.7976931348623157e308) == "1.7976931348623157e+308");
  CHECK(text(2.2250738585072014e-308) == "2.2250738585072014e-308");
  CHECK(text(0.1 + 0.2) == "0.30000000000000004");
  // Halfway between two doubles: PostgreSQL avoids the text that only rounding tells apart.
  CHECK(text(1e23) == "9.999999999999999e+22");
  CHECK(text(std::numeric_limits<double>::infinity()) == "Infinity");
  CHECK(text(-std::numeric_limits<double>::infinity()) == "-Infinity");
  CHECK(text(std::nan("")) == "NaN");
  const auto real = [](float v) { return *Cast(Float(v), TypeKind::kString); };
  CHECK(real(0.1F) == "0.1");
  CHECK(real(123456) == "123456");
  CHECK(real(1234567) == "1.234567e+06");
  CHECK(real(3.4028235e38F) == "3.4028235e+38");
  CHECK(real(1e-45F) == "1e-45");
}

TEST_CASE("Cast: writes other values as postgres") {
  CHECK(Cast(Decimal(12, 2, "-7.5"), TypeKind::kString) == "-7.50");
  CHECK(Cast(Decimal(12, 2, "0"), TypeKind::kString) == "0.00");
  CHECK(Cast(Decimal(5, 0, "42"), TypeKind::kString) == "42");
  CHECK(Cast(Int(-5), TypeKind::kString) == "-5");
  CHECK(Cast(Long(INT64_MIN), TypeKind::kString) == "-9223372036854775808");
  CHECK(Cast(Days(0), TypeKind::kString) == "1970-01-01");
  CHECK(Cast(Days(-719'163), TypeKind::kString) == "0001-12-31 BC");
  CHECK(Cast(Days(2'145'042'905), TypeKind::kString) == "5874897-12-31");
  CHECK(Cast(Micros(TypeKind::kTime, 0), TypeKind::kString) == "00:00:00");
  CHECK(Cast(Micros(TypeKind::kTime, 86'399'999'900), TypeKind::kString) == "23:59:59.9999");
  CHECK(Cast(Micros(TypeKind::kTimestamp, -1), TypeKind::kString) == "1969-12-31 23:59:59.999999");
  CHECK(Cast(Micros(TypeKind::kTimestamptz, 1'700'000'000'500'000), TypeKind::kString) ==
        "2023-11-14 22:13:20.5+00");
  CHECK(Cast(Micros(TypeKind::kTimestamp, -210'866'803'200'000'000), TypeKind::kString) ==
        "4714-11-24 00:00:00 BC");
  const Column uuid = One(Type::Of(TypeKind::kUuid), [](Column* c) { c->AppendUuid("0123456789abcde"); });
  CHECK(Cast(uuid, TypeKind::kString) == "30313233-3435-3637-3839-616263646500");
}

TEST_CASE("Cast: of a column that may have been of another type only nulls become text") {
  const Type string = Type::Of(TypeKind::kString);
  const auto boolean = [](Column* c) { c->AppendBoolean(true); };
  const auto bytes = [](Column* c) { c->AppendBytes("A"); };
  const auto decimal = [](Column* c) { c->AppendDecimal(100); };
  const auto null = [](Column* c) { c->AppendNull(); };
  CHECK(Cast(One(Type::Of(TypeKind::kBoolean), boolean), string) == std::nullopt);  // bit(1)
  CHECK(Cast(One(Type::Of(TypeKind::kBinary), bytes), string) == std::nullopt);     // bit(n), bytea_output
  CHECK(Cast(One(Type::Decimal(38, 2), decimal), string) == std::nullopt);          // money
  CHECK(Cast(One(Type::Decimal(38, 4), decimal), string) == std::nullopt);  // of other fraction digits
  CHECK(Cast(One(Type::Decimal(37, 2), decimal), string) == "1.00");
  for (const Type& type : {Type::Of(TypeKind::kBoolean), Type::Of(TypeKind::kBinary), Type::Decimal(38, 2)}) {
    CHECK(Cast(One(type, null), string) == "null");
    CHECK(HasUncertainText(type, string));
    CHECK(HasUncertainText(Type::ListOf(type), Type::ListOf(string)));
    CHECK_FALSE(HasUncertainText(type, Type::Of(TypeKind::kInt)));
    const auto list = [](const std::function<void(Column*)>& fill) {
      return [fill](Column* c) {
        fill(&c->BeginList());
        c->EndList();
      };
    };
    CHECK(Cast(One(Type::ListOf(type), list([](Column*) {})), Type::ListOf(string)) == "{}");
    CHECK(Cast(One(Type::ListOf(type), list(null)), Type::ListOf(string)) == "{null}");
  }
  const auto one = [&](Column* c) {
    null(&c->BeginList());
    boolean(&c->BeginList());
    c->EndList();
  };
  CHECK(Cast(One(Type::ListOf(Type::Of(TypeKind::kBoolean)), one), Type::ListOf(string)) == std::nullopt);
  CHECK_FALSE(HasUncertainText(Type::Of(TypeKind::kString), string));
  CHECK_FALSE(HasUncertainText(Type::Of(TypeKind::kDouble), string));
}

TEST_CASE("Cast: takes numbers exactly or not at all") {
  CHECK(Cast(Decimal(12, 2, "7.50"), Type::Decimal(14, 4)) == "7.5000");
  CHECK(Cast(Decimal(14, 4, "7.5"), Type::Decimal(12, 2)) == "7.50");
  CHECK(Cast(Decimal(14, 4, "7.505"), Type::Decimal(12, 2)) == std::nullopt);
  CHECK(Cast(Decimal(38, 2, "999999999999999999999999999999999999.99"), Type::Decimal(38, 4)) ==
        std::nullopt);
  CHECK(Cast(Decimal(12, 2, "7"), TypeKind::kInt) == "7");
  CHECK(Cast(Decimal(12, 2, "7.01"), TypeKind::kInt) == std::nullopt);
  CHECK(Cast(Decimal(12, 0, "2147483648"), TypeKind::kInt) == std::nullopt);
  CHECK(Cast(Decimal(20, 0, "9223372036854775808"), TypeKind::kLong) == std::nullopt);
  CHECK(Cast(Decimal(20, 0, "-9223372036854775808"), TypeKind::kLong) == "-9223372036854775808");
  CHECK(Cast(Decimal(12, 2, "0.10"), TypeKind::kDouble) == "0.1");
  CHECK(Cast(Decimal(20, 2, "123456789012345678.91"), TypeKind::kDouble) == std::nullopt);
  CHECK(Cast(Decimal(12, 2, "0.10"), TypeKind::kFloat) == "0.1");
  CHECK(Cast(Decimal(12, 2, "1234567.89"), TypeKind::kFloat) == std::nullopt);
  CHECK(Cast(Int(7), TypeKind::kDouble) == "7");
  CHECK(Cast(Long(9'007'199'254'740'993), TypeKind::kDouble) == std::nullopt);
  CHECK(Cast(Long(INT64_MAX), TypeKind::kDouble) == std::nullopt);
  CHECK(Cast(Long(INT64_MIN), TypeKind::kDouble) == "-9.223372036854776e+18");
  CHECK(Cast(Int(16'777'217), TypeKind::kFloat) == std::nullopt);
  CHECK(Cast(Int(7), Type::Decimal(12, 2)) == "7.00");
  CHECK(Cast(Int(INT32_MAX), Type::Decimal(5, 2)) == std::nullopt);
  CHECK(Cast(Double(7), TypeKind::kInt) == "7");
  CHECK(Cast(Double(7.5), TypeKind::kInt) == std::nullopt);
  CHECK(Cast(Double(0x1p63), TypeKind::kLong) == std::nullopt);
  CHECK(Cast(Double(std::nan("")), TypeKind::kLong) == std::nullopt);
  CHECK(Cast(Double(0.1), Type::Decimal(12, 2)) == "0.10");
  CHECK(Cast(Double(0.125), Type::Decimal(12, 2)) == std::nullopt);
  CHECK(Cast(Double(0.1 + 0.2), Type::Decimal(38, 20)) == std::nullopt);
  CHECK(Cast(Double(0.1), TypeKind::kFloat) == "0.1");
  CHECK(Cast(Double(0.123456789012), TypeKind::kFloat) == std::nullopt);
  CHECK(Cast(Double(1e300), TypeKind::kFloat) == std::nullopt);
  CHECK(Cast(Double(std::nan("")), TypeKind::kFloat) == "NaN");
  CHECK(Cast(Float(0.1F), TypeKind::kDouble) == "0.10000000149011612");
  CHECK(Cast(Float(0.1F), Type::Decimal(12, 2)) == "0.10");
}

TEST_CASE("Cast: reads texts strictly") {
  const auto cast = [](std::string_view text, TypeKind kind) { return Cast(Text(text), kind); };
  CHECK(cast("007", TypeKind::kInt) == "7");
  CHECK(cast(" +5 ", TypeKind::kInt) == "5");
  CHECK(cast("-9223372036854775808", TypeKind::kLong) == "-9223372036854775808");
  for (const char* bad : {"", " ", "abc", "1.0", "1e3", "0x10", "1_000", "--5", "+-5", "2147483648"})
    CHECK(cast(bad, TypeKind::kInt) == std::nullopt);
  CHECK(Cast(Text("12.5"), Type::Decimal(12, 2)) == "12.50");
  for (const char* bad : {"", "NaN", "12.505", "1e12", "twelve"})
    CHECK(Cast(Text(bad), Type::Decimal(12, 2)) == std::nullopt);
  CHECK(cast("1.5e3", TypeKind::kDouble) == "1500");
  CHECK(cast("-inf", TypeKind::kDouble) == "-Infinity");
  CHECK(cast("nan", TypeKind::kFloat) == "NaN");
  for (const char* bad : {"", "1.5x", "1e999", "0x1p3", "--1", "nano"})
    CHECK(cast(bad, TypeKind::kDouble) == std::nullopt);
  CHECK(cast("Yes", TypeKind::kBoolean) == "true");
  CHECK(cast("maybe", TypeKind::kBoolean) == std::nullopt);
  CHECK(cast("2024-02-29", TypeKind::kDate) == "2024-02-29");
  CHECK(cast("0044-03-15 BC", TypeKind::kDate) == "0044-03-15 BC");
  for (const char* bad :
       {"2023-02-29", "2024-13-01", "24-01-01", "01/02/2024", "2024-01-01 ", "0000-01-01", "infinity"})
    CHECK(cast(bad, TypeKind::kDate) == std::nullopt);
  CHECK(cast("23:59:59.5", TypeKind::kTime) == "23:59:59.5");
  for (const char* bad : {"24:00:00", "12:60:00", "12:00", "12:00:00.1234567", "12:00:00+00"})
    CHECK(cast(bad, TypeKind::kTime) == std::nullopt);
  CHECK(cast("2024-01-02T03:04:05.000001", TypeKind::kTimestamp) == "2024-01-02 03:04:05.000001");
  CHECK(cast("2024-01-02 03:04:05+00", TypeKind::kTimestamp) == std::nullopt);
  CHECK(cast("2024-01-02 03:04:05+07", TypeKind::kTimestamptz) == "2024-01-01 20:04:05+00");
  CHECK(cast("2024-01-02T03:04:05Z", TypeKind::kTimestamptz) == "2024-01-02 03:04:05+00");
  CHECK(cast("2024-01-02 03:04:05-05:30", TypeKind::kTimestamptz) == "2024-01-02 08:34:05+00");
  CHECK(cast("2024-01-02 03:04:05", TypeKind::kTimestamptz) == std::nullopt);
  CHECK(cast("30313233-3435-3637-3839-61626364650A", TypeKind::kUuid) ==
        "30313233-3435-3637-3839-61626364650a");
  for (const char* bad : {"", "30313233343536373839616263646500", "30313233-3435-3637-3839-61626364650g"})
    CHECK(cast(bad, TypeKind::kUuid) == std::nullopt);
}

TEST_CASE("Cast: takes days as midnight and back") {
  CHECK(Cast(Days(-1), TypeKind::kTimestamp) == "1969-12-31 00:00:00");
  CHECK(Cast(Days(INT32_MAX), TypeKind::kTimestamp) == std::nullopt);
  CHECK(Cast(Micros(TypeKind::kTimestamp, -86'400'000'000), TypeKind::kDate) == "1969-12-31");
  CHECK(Cast(Micros(TypeKind::kTimestamp, 1), TypeKind::kDate) == std::nullopt);
}

TEST_CASE("Cast: keeps nulls and the order of rows") {
  Column from(Type::Of(TypeKind::kInt));
  from.AppendInt(1);
  from.AppendNull();
  from.AppendInt(3);
  Column to(Type::Of(TypeKind::kString));
  for (uint32_t row = 0; row < from.size(); ++row) REQUIRE(CastCell(from, row, &to));
  CHECK(to.bytes(0) == "1");
  CHECK_FALSE(to.has_value(1));
  CHECK(to.bytes(2) == "3");
}

TEST_CASE("Cast: takes a list whole or not at all") {
  Column from(Type::ListOf(Type::Of(TypeKind::kString)));
  from.BeginList().AppendBytes("1");
  from.BeginList().AppendNull();
  from.EndList();
  from.BeginList();
  from.EndList();
  from.BeginList().AppendBytes("2");
  from.BeginList().AppendBytes("x");
  from.EndList();
  from.AppendNull();
  Column to(Type::ListOf(Type::Of(TypeKind::kInt)));
  CHECK(CastCell(from, 0, &to));
  CHECK(CastCell(from, 1, &to));
  CHECK_FALSE(CastCell(from, 2, &to));
  CHECK(CastCell(from, 3, &to));
  REQUIRE(to.size() == 3U);
  CHECK(CellText(to, 0) == "{1,null}");
  CHECK(CellText(to, 1) == "{}");
  CHECK(CellText(to, 2) == "null");
  CHECK(to.element().size() == 2U);
}

}  // namespace
}  // namespace cdc::rows
