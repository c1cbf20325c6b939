#include "jobs/sink/postgres/copy_text.h"

#include <catch2/catch_test_macros.hpp>
#include <limits>

namespace cdc::postgres_sink {
namespace {

using rows::Column;
using rows::Type;
using rows::TypeKind;

std::string TextOf(const Column& column, Form form = Form::kPlain, int bits = 0) {
  std::string text;
  AppendCell(column, 0, form, bits, &text);
  return text;
}

Column One(TypeKind kind, const auto& append) {
  Column column(Type::Of(kind));
  append(&column);
  return column;
}

}  // namespace

TEST_CASE("what COPY takes for an end or an escape is escaped") {
  CHECK(TextOf(One(TypeKind::kString, [](Column* c) { c->AppendBytes("a\tb\nc\rd\\N"); })) == "a\\tb\\nc\\rd\\\\N");
  CHECK(TextOf(One(TypeKind::kString, [](Column* c) { c->AppendBytes("\\."); })) == "\\\\.");
  CHECK(TextOf(One(TypeKind::kString, [](Column* c) { c->AppendBytes(""); })).empty());
  CHECK(TextOf(One(TypeKind::kString, [](Column* c) { c->AppendNull(); })) == "\\N");
}

TEST_CASE("days and times are written as PostgreSQL writes them, also beyond the four-digit years") {
  const auto day = [](int32_t days) { return TextOf(One(TypeKind::kDate, [=](Column* c) { c->AppendInt(days); })); };
  CHECK(day(0) == "1970-01-01");
  CHECK(day(-1) == "1969-12-31");
  CHECK(day(19'782) == "2024-02-29");
  CHECK(day(-719'162) == "0001-01-01");
  CHECK(day(-719'163) == "0001-12-31 BC");
  CHECK(day(2'932'896) == "9999-12-31");
  CHECK(day(2'932'897) == "10000-01-01");
  const auto moment = [](int64_t micros) {
    return TextOf(One(TypeKind::kTimestamptz, [=](Column* c) { c->AppendLong(micros); }));
  };
  CHECK(moment(-1) == "1969-12-31 23:59:59.999999+00");
  CHECK(moment(1'500'000) == "1970-01-01 00:00:01.500000+00");
  CHECK(moment(-62'167'219'200'000'001) == "0002-12-31 23:59:59.999999+00 BC");
  CHECK(TextOf(One(TypeKind::kTime, [](Column* c) { c->AppendLong(1); })) == "00:00:00.000001");
}

TEST_CASE("numbers without a finite value have PostgreSQL's names") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(TextOf(One(TypeKind::kDouble, [=](Column* c) { c->AppendDouble(-inf); })) == "-Infinity");
  CHECK(TextOf(One(TypeKind::kDouble, [](Column* c) { c->AppendDouble(-std::numeric_limits<double>::quiet_NaN()); })) ==
        "NaN");
  CHECK(TextOf(One(TypeKind::kFloat, [](Column* c) { c->AppendFloat(0.1F); })) == "0.1");
}

TEST_CASE("bits come with their lowest byte first") {
  const Column bytes = One(TypeKind::kBinary, [](Column* c) { c->AppendBytes(std::string_view("\x05\x02", 2)); });
  CHECK(TextOf(bytes, Form::kBits, 10) == "1000000101");
  CHECK(TextOf(One(TypeKind::kBinary, [](Column* c) { c->AppendBytes(""); }), Form::kBits, 3) == "000");
  Column back(Type::Of(TypeKind::kBinary));
  REQUIRE(ReadCell("1000000101", Form::kBits, &back));
  CHECK(back.bytes(0) == std::string_view("\x05\x02", 2));
}

TEST_CASE("what is read back is what was written") {
  Column list(Type::ListOf(Type::Of(TypeKind::kString)));
  Column& elements = list.BeginList();
  for (const char* text : {"a,b", "\"", "\\", "", "NULL", "{}"}) elements.AppendBytes(text);
  elements.AppendNull();
  list.EndList();
  // As the server gives it back: without COPY's escapes.
  Column back(list.type());
  REQUIRE(ReadCell("{\"a,b\",\"\\\"\",\"\\\\\",\"\",\"NULL\",\"{}\",NULL}", Form::kPlain, &back));
  CHECK(TextOf(back) == TextOf(list));
  Column empty(list.type());
  REQUIRE(ReadCell("{}", Form::kPlain, &empty));
  CHECK(empty.list_end(0) == 0);
  Column bytes(Type::Of(TypeKind::kBinary));
  REQUIRE(ReadCell("\\x0001ff", Form::kPlain, &bytes));
  CHECK(bytes.bytes(0) == std::string_view("\0\1\xff", 3));
}

TEST_CASE("a text that is no value of the type is refused, and leaves nothing behind") {
  Column number(Type::Of(TypeKind::kInt));
  CHECK_FALSE(ReadCell("many", Form::kPlain, &number));
  CHECK(number.size() == 0);
  Column list(Type::ListOf(Type::Of(TypeKind::kInt)));
  for (const char* text : {"{1,x}", "{{1}}", "{\"1", "1", "{1\\"}) {
    INFO(text);
    CHECK_FALSE(ReadCell(text, Form::kPlain, &list));
    CHECK(list.size() == 0);
  }
}

}  // namespace cdc::postgres_sink
