#include "lib/verify/column_form.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::verify {
namespace {

using rows::Type;
using rows::TypeKind;

SourceColumn Of(const std::string& type, bool array = false) {
  SourceColumn column;
  column.name = "c";
  column.type = type;
  column.schema = "public";
  column.array = array;
  return column;
}

std::string Sql(const SourceColumn& source, const Type& type, FormSettings settings = {}) {
  const FormChoice choice = ChooseForm(source, type, settings);
  return choice.form ? choice.form->sql : "not: " + choice.reason;
}

// That the SQL gives the same text as we do is tests/support/verify_rows_test.py's, with a server.
TEST_CASE("Whatever has no form says why") {
  for (const char* type : {"name", "int2vector", "point", "circle", "date", "float8"}) {
    const FormChoice choice = ChooseForm(Of(type), Type::Of(TypeKind::kString), {});
    CHECK_FALSE(choice.form.has_value());
    CHECK_FALSE(choice.reason.empty());
  }
  CHECK(Sql(Of("timestamp"), Type::Of(TypeKind::kLong)).starts_with("not: "));
  CHECK(Sql(Of("int4"), Type::ListOf(Type::Of(TypeKind::kInt))).starts_with("not: "));
  CHECK(Sql(Of("int4", true), Type::Of(TypeKind::kInt)).starts_with("not: "));
  CHECK(Sql(Of("regclass"), Type::Of(TypeKind::kBinary)).starts_with("not: "));
}

TEST_CASE("A precision that the connector cuts is cut in the comparison, and only then") {
  CHECK(Sql(Of("timestamp"), Type::Of(TypeKind::kTimestamp)) == "{}::text");
  CHECK(Sql(Of("timestamp"), Type::Of(TypeKind::kTimestamp), {.to_the_millisecond = true})
            .find("milliseconds") != std::string::npos);
  CHECK(Sql(Of("timestamptz"), Type::Of(TypeKind::kTimestamptz), {.to_the_millisecond = true}) == "{}::text");
}

TEST_CASE("Between two servers the same types compare, and those that hold the same texts") {
  const auto compares = [](const SourceColumn& a, const SourceColumn& b) {
    return ChooseForm(a, b).form.has_value();
  };
  CHECK(compares(Of("hstore"), Of("hstore")));
  CHECK(compares(Of("varchar"), Of("text")));
  CHECK(compares(Of("int2"), Of("int8")));
  CHECK(compares(Of("text", true), Of("varchar", true)));
  CHECK_FALSE(compares(Of("hstore"), Of("text")));
  CHECK_FALSE(compares(Of("text", true), Of("text")));
  CHECK_FALSE(compares(Of("float4"), Of("float8")));
  CHECK_FALSE(compares(Of("name"), Of("name")));
}

}  // namespace
}  // namespace cdc::verify
