#include <string>

#include "tests/unit/expression/expression_fixture.h"

namespace cdc::expression {
namespace {

Program Compiled(const std::string& expression) {
  auto program = Compile(expression, *TestSchema(), ContextFunctions::All());
  INFO(expression);
  if (!program) FAIL(program.error().message);
  return std::move(*program);
}
std::string TypeText(const std::string& expression) { return rows::ToString(Compiled(expression).type()); }

TEST_CASE("Results have the type that PostgreSQL gives them") {
  CHECK(TypeText("a") == "int");
  CHECK(TypeText("a + id") == "long");
  CHECK(TypeText("a / 2") == "int");
  CHECK(TypeText("a + 1.5") == "decimal(12, 1)");
  CHECK(TypeText("m * m") == "decimal(20, 4)");
  CHECK(TypeText("m + a") == "decimal(13, 2)");
  CHECK(TypeText("round(m, 1)") == "decimal(10, 1)");
  CHECK(TypeText("m::numeric(6, 3)") == "decimal(6, 3)");
  CHECK(TypeText("cast(m / 3 as numeric(18, 6))") == "decimal(18, 6)");
  CHECK(TypeText("round(m / 3, 2)") == "decimal(38, 2)");
  CHECK(TypeText("a::real + 1") == "double");
  CHECK(TypeText("round(a)") == "double");
  CHECK(TypeText("lower(t)") == "string");
  CHECK(TypeText("null") == "string");
  CHECK(TypeText("'7'") == "string");
  CHECK(TypeText("a = 1") == "boolean");
  CHECK(TypeText("coalesce(a, m)") == "decimal(12, 2)");
  CHECK(TypeText("case when f then 1 else 2.5 end") == "decimal(11, 1)");
  CHECK(TypeText("event_time()") == "timestamptz");
  CHECK(TypeText("event_time()::date") == "date");
  CHECK(TypeText("lsn()") == "long");
  CHECK(TypeText("tags") == "list<string>");
}

TEST_CASE("A numeric whose digits differ by row needs a cast") {
  const Error error = Refused("m / 3");
  CHECK(error.message == "line 1, column 3: the digits behind the point differ by row, a column's do not");
  CHECK(error.hint.find("cast(") != std::string::npos);
  CHECK(TypeText("m / 3 > 1") == "boolean");
}

TEST_CASE("A result is nullable where PostgreSQL may give null") {
  CHECK(Compiled("a").nullable());
  CHECK_FALSE(Compiled("id").nullable());
  CHECK_FALSE(Compiled("id + 1").nullable());
  CHECK(Compiled("id + a").nullable());
  CHECK_FALSE(Compiled("coalesce(a, 0)").nullable());
  CHECK(Compiled("nullif(id, 1)").nullable());
  CHECK_FALSE(Compiled("a is null").nullable());
  CHECK(Compiled("case when f then 1 end").nullable());
  CHECK_FALSE(Compiled("case when f then 1 else 2 end").nullable());
  CHECK_FALSE(Compiled("concat(t, u)").nullable());
  CHECK(Compiled("null and f").nullable());
}

TEST_CASE("A program knows the columns and the functions that it needs") {
  const Program program = Compiled("case op() when 'd' then upper(u) else t || t end");
  CHECK(program.columns() == std::vector<int>{3, 4});
  CHECK(program.context_functions().has(ContextFunction::kOp));
  CHECK_FALSE(program.context_functions().has(ContextFunction::kLsn));
  CHECK(Compiled("1 + 2").constant());
  CHECK(Compiled("1 + 2").columns().empty());
  CHECK_FALSE(Compiled("now()").constant());
}

TEST_CASE("Unknown names are errors with the nearest one as a hint") {
  const Error function = Refused("  lowr(t)");
  CHECK(function.message == "line 1, column 3: there is no function lowr()");
  CHECK(function.hint == "did you mean lower?");
  const Error column = Refused("t || tag");
  CHECK(column.message == "line 1, column 6: there is no column \"tag\"");
  CHECK(column.hint == "did you mean tags?");
  CHECK(Refused("NAME").hint == "names with capitals need double quotes: \"Name\"");
  CHECK(Compiled("\"Name\"").columns() == std::vector<int>{8});
  CHECK(Refused("xxxxxxxx").hint.empty());
}

TEST_CASE("A function that the caller has no values for is an error") {
  ContextFunctions available = ContextFunctions::All();
  available.Remove(ContextFunction::kEventTime);
  CHECK(Refused("event_time()", available).message == "line 1, column 1: event_time() is not known here");
  CHECK(Refused("op(1)").message == "line 1, column 1: op() takes no arguments");
}

TEST_CASE("Operands of other types are errors in PostgreSQL's words") {
  CHECK(Refused("t = a").message == "line 1, column 3: operator does not exist: text = integer");
  CHECK(Refused("t + 1").message == "line 1, column 3: operator does not exist: text + integer");
  CHECK(Refused("a || b").message == "line 1, column 3: operator does not exist: integer || integer");
  CHECK(Refused("lower(a)").message == "line 1, column 1: function lower(integer) does not exist");
  CHECK(Refused("substr(t)").message == "line 1, column 1: substr() takes 2 to 3 arguments, not 1");
  CHECK(Refused("not a").message == "line 1, column 5: argument of not must be boolean, not integer");
  CHECK(Refused("case when f then a else t end").message ==
        "line 1, column 25: case cannot bring integer and text to one type");
  CHECK(Refused("f::date").message == "line 1, column 2: cannot cast type boolean to date");
  CHECK(Refused("lower(tags)").message == "line 1, column 1: function lower(an array) does not exist");
  CHECK(Refused("coalesce(tags, tags)").message == "line 1, column 10: an array cannot be used here");
  CHECK(TypeText("tags is null") == "boolean");
}

TEST_CASE("A constant that cannot be computed is an error of the expression") {
  CHECK(Refused("a + 1 / 0").message == "line 1, column 7: division by zero");
  CHECK(Refused("cast('x' as integer)").message ==
        "line 1, column 1: invalid input syntax for type integer: \"x\"");
  CHECK(Refused("case when f then cast('x' as integer) end").message.find("invalid input") !=
        std::string::npos);
  CHECK(Refused("coalesce(null, 1 / 0)").message.find("division by zero") != std::string::npos);
  CHECK(TypeText("coalesce(1, 1 / 0)") == "int");
  CHECK(Refused("a = 'x'").message == "line 1, column 5: invalid input syntax for type integer: \"x\"");
}

}  // namespace
}  // namespace cdc::expression
