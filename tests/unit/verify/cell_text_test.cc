#include <string>

#include <catch2/catch_test_macros.hpp>

#include "lib/verify/column_form.h"

namespace cdc::verify {
namespace {

using rows::Column;
using rows::Type;
using rows::TypeKind;

std::string Text(CellForm form, const std::string& value, TypeKind kind = TypeKind::kString) {
  Column column(Type::Of(kind));
  column.AppendBytes(value);
  return FormText(column, 0, form);
}

TEST_CASE("A number has one text, however it is written") {
  for (const char* same : {"1.5", "1.50", "0001.500", "15E-1", "0.15e+1", "+1.5"})
    CHECK(Text(CellForm::kNumber, same) == "1.5");
  for (const char* zero : {"0", "0.00", "-0.0", "0E+10", ".0"}) CHECK(Text(CellForm::kNumber, zero) == "0");
  CHECK(Text(CellForm::kNumber, "1E+3") == "1000");
  CHECK(Text(CellForm::kNumber, "-12e-3") == "-0.012");
  CHECK(Text(CellForm::kNumber, "NAN") == "NaN");
  CHECK(Text(CellForm::kNumber, "NEGATIVE_INFINITY") == "-Infinity");
  for (const char* none : {"", "1.2.3", "abc", "1e", "-", "1e999999999999"})
    CHECK(Text(CellForm::kNumber, none) == none);
  Column decimal(Type::Decimal(12, 2));
  decimal.AppendDecimal(-150);
  decimal.AppendDecimal(0);
  CHECK(FormText(decimal, 0, CellForm::kNumber) == "-1.5");
  CHECK(FormText(decimal, 1, CellForm::kNumber) == "0");
}

TEST_CASE("Debezium's other notations become what PostgreSQL's expressions give") {
  CHECK(Text(CellForm::kTimetz, "05:34Z") == "05:34:00");
  CHECK(Text(CellForm::kTimetz, "05:34:56.500Z") == "05:34:56.5");
  CHECK(Text(CellForm::kTimetz, "24:00:00Z") == "00:00:00");
  CHECK(Text(CellForm::kTimetz, "05:34:56+01") == "05:34:56+01");
  CHECK(Text(CellForm::kInterval, "P1Y2M3DT4H5M6.789012S") == "14 3 14706789012");
  CHECK(Text(CellForm::kInterval, "P0Y0M0DT0H0M-1.0S") == "0 0 -1000000");
  CHECK(Text(CellForm::kInterval, "P0Y0M-1DT0H0M-0.5S") == "0 -1 -500000");
  CHECK(Text(CellForm::kInterval, "1 day") == "1 day");
  CHECK(Text(CellForm::kHstore, R"({"bb":"1","a":null,"k \" q":"v \\ w\n"})") ==
        R"({"a": null, "bb": "1", "k \" q": "v \\ w\n"})");
  CHECK(Text(CellForm::kTimestamptz, "2024-02-29T23:59:59.5Z") == "2024-02-29 23:59:59.5+00");
  CHECK(Text(CellForm::kBits, std::string("\x05\x0a", 2), TypeKind::kBinary) == "101000000101");
  CHECK(Text(CellForm::kBits, "", TypeKind::kBinary).empty());
  CHECK(Text(CellForm::kTextBytes, "(1,x)", TypeKind::kBinary) == "(1,x)");
}

TEST_CASE("Elements are quoted as PostgreSQL's array_out quotes them") {
  const auto element = [](const std::string& text) {
    std::string out;
    AppendElement(text, &out);
    return out;
  };
  for (const char* plain : {"a", "NULLS", "ü", "'", "(1)"}) CHECK(element(plain) == plain);
  for (const char* quoted : {"", "NULL", "nUlL", "a b", "a,b", "{", "}", "\t", "\v"})
    CHECK(element(quoted) == "\"" + std::string(quoted) + "\"");
  CHECK(element("a\"b\\") == R"("a\"b\\")");
}

TEST_CASE("A list's text tells null, the empty list and a list of null apart") {
  Column column(Type::ListOf(Type::Of(TypeKind::kString)));
  column.AppendNull();
  column.BeginList();
  column.EndList();
  column.BeginList().AppendNull();
  column.EndList();
  Column& elements = column.BeginList();
  elements.AppendBytes("NULL");
  elements.AppendBytes("a b");
  column.EndList();
  std::string text;
  CHECK_FALSE(AppendCellText(column, 0, CellForm::kPlain, &text));
  CHECK(text.empty());
  for (uint32_t row = 1; row < 4; ++row) CHECK(AppendCellText(column, row, CellForm::kPlain, &text));
  CHECK(text == R"({}{NULL}{"NULL","a b"})");
}

}  // namespace
}  // namespace cdc::verify
