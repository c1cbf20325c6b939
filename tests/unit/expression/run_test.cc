#include <string>

#include "tests/unit/expression/expression_fixture.h"

namespace cdc::expression {
namespace {

/// The cell of an expression over one row, whose f is given.
std::string One(const std::string& expression, const std::string& a, const std::string& b = "2",
                const std::string& t = "Text", const std::string& u = "unsent",
                const std::string& f = "true") {
  const Outcome outcome = RunOne(expression, a, b, t, u, f);
  CHECK(outcome.errors.empty());
  return outcome.cells.at(0);
}
/// Why its row has none.
std::string Failed(const std::string& expression, const std::string& a, const std::string& b = "2",
                   const std::string& t = "Text") {
  const Outcome outcome = RunOne(expression, a, b, t, "unsent", "true");
  INFO(expression);
  REQUIRE(outcome.errors.size() == 1);
  CHECK(outcome.errors[0].row == 0);
  CHECK(outcome.cells.at(0) == "null");
  return outcome.errors[0].reason;
}

TEST_CASE("and, or and not have three values") {
  const auto truth = [](const std::string& expression) { return One(expression, "1"); };
  CHECK(truth("true and null") == "null");
  CHECK(truth("false and null") == "false");
  CHECK(truth("null and false") == "false");
  CHECK(truth("true or null") == "true");
  CHECK(truth("null or false") == "null");
  CHECK(truth("not null::boolean") == "null");
  CHECK(truth("1 in (2, null)") == "null");
  CHECK(truth("1 in (1, null)") == "true");
  CHECK(truth("a in (3, null)") == "null");
  CHECK(truth("a in (null, 1)") == "true");
  CHECK(truth("a not in (3, 4)") == "true");
  CHECK(truth("null is not distinct from null") == "true");
}

TEST_CASE("What was not sent makes unavailable what needs it") {
  for (const char* expression :
       {"u", "lower(u)", "u || t", "concat(t, u)", "u = t", "u is null", "coalesce(u, t)",
        "case when u = t then 1 else 2 end", "greatest(t, u)", "f and u = t", "u::integer", "nullif(u, t)",
        "u is distinct from t", "concat_ws('-', u)", "u in ('x')", "t in ('x', u, null)",
        "u = t and 1 / (a - 1) = 1"}) {
    INFO(expression);
    CHECK(One(expression, "1") == "unsent");
  }
}

TEST_CASE("What was not sent leaves alone what does not need it") {
  CHECK(One("coalesce(t, u)", "1") == "Text");
  CHECK(One("not f and u = t", "1") == "false");
  CHECK(One("u = t and not f", "1") == "false");
  CHECK(One("f or u = t", "1") == "true");
  CHECK(One("u = t or f", "1") == "true");
  CHECK(One("case when f then t else u end", "1") == "Text");
  CHECK(One("case when a = 1 then t when u = t then u end", "1") == "Text");
  CHECK(One("t in ('Text', u)", "1") == "true");
  CHECK(One("u || null", "1") == "null");
  CHECK(One("u || case when a = 2 then t end", "1") == "null");
  CHECK(One("concat_ws(null, u)", "1") == "null");
}

TEST_CASE("A plain column of any type is copied as it is") {
  rows::Batch batch(TestSchema());
  AppendRow({"1", "2", "1.50", "x", "unsent", "true", "9", "one", "n"}, &batch);
  AppendRow({"null", "2", "null", "x", "u", "true", "9", "null", "n"}, &batch);
  const auto cells = [&](const char* column) {
    auto program = Compile(column, batch.schema(), {});
    REQUIRE(program.has_value());
    return Run(&*program, batch).cells;
  };
  CHECK(cells("a") == std::vector<std::string>{"1", "null"});
  CHECK(cells("m") == std::vector<std::string>{"1.50", "null"});
  CHECK(cells("u") == std::vector<std::string>{"unsent", "u"});
  CHECK(cells("tags") == std::vector<std::string>{"{one}", "null"});
}

TEST_CASE("A row that cannot be computed has an error and a null") {
  CHECK(Failed("b / a", "0") == "division by zero");
  CHECK(Failed("a * b", "2147483647") == "integer out of range");
  CHECK(Failed("id - 9223372036854775807 - a - 10", "1") == "bigint out of range");
  CHECK(Failed("a::smallint", "40000") == "smallint out of range");
  CHECK(Failed("t::integer", "1") == "invalid input syntax for type integer: \"Text\"");
  CHECK(Failed("t::integer", "1", "2", "3000000000") ==
        "value \"3000000000\" is out of range for type integer");
  CHECK(Failed("t::date", "1", "2", "2024-02-30") == "date/time field value out of range: \"2024-02-30\"");
  CHECK(Failed("substr(t, a, -a)", "1") == "negative substring length not allowed");
  CHECK(Failed("a::numeric(3,2)", "10") == "numeric field overflow");
  CHECK(Failed("a::numeric * 1e37", "20") == "a numeric of more than 38 digits is not supported");
  CHECK(Failed("t::numeric(4,1)", "1", "2", "NaN").starts_with("NaN and Infinity are no values"));
  CHECK(Failed("a::double precision * 1e308::double precision", "100") == "value out of range: overflow");
}

TEST_CASE("Errors name their rows, and other rows have values") {
  rows::Batch batch(TestSchema());
  for (int i = 0; i < 3000; ++i)
    AppendRow({std::to_string(i % 1000), "1", "null", "x", "u", "true", "9", "null", "n"}, &batch);
  auto program = Compile("1000 / a", batch.schema(), {});
  REQUIRE(program.has_value());
  rows::Column out(program->type());
  std::vector<RowError> errors;
  program->Run(batch, 500, 2500, {}, &out, &errors);
  REQUIRE(out.size() == 2000);
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].row == 1000);
  CHECK(errors[1].row == 2000);
  CHECK(out.fixed<int32_t>(1) == 1);
  CHECK(out.fixed<int32_t>(501) == 1000);
  CHECK(out.cell(500) == rows::Cell::kNull);
  CHECK(out.fixed<int32_t>(1999) == 2);
}

TEST_CASE("The message of a long text does not show all of it, nor half a character") {
  std::string text = "x";
  for (int i = 0; i < 1000; ++i) text += "ä";
  const std::string reason = Failed("t::integer", "1", "2", text);
  CHECK(reason.size() < 300);
  CHECK(reason.ends_with("ä…\""));
}

TEST_CASE("Branches that are not taken do not fail") {
  CHECK(One("case when a = 0 then 0 else b / a end", "0") == "0");
  CHECK(One("case when a = 0 then 0 else b / a end", "1") == "2");
  CHECK(Failed("case when a = 1 then b / 0 else 1 end", "1") == "division by zero");
  CHECK(One("case when a = 2 then 1 / 0 else 1 end", "1") == "1");
  CHECK(One("coalesce(a, 1 / 0)", "5") == "5");
  CHECK(Failed("coalesce(a, 1 / 0)", "null") == "division by zero");
  CHECK(One("a <> 0 and b / a > 1", "0") == "false");
  CHECK(One("a = 0 or b / a > 1", "0") == "true");
  CHECK(Failed("b / a > 1 and a <> 0", "0") == "division by zero");
  CHECK(One("case a when 0 then 'none' else (b / a)::text end", "0") == "none");
  CHECK(Failed("case when b / a = 1 then 1 else 2 end", "0") == "division by zero");
}

TEST_CASE("A list is looked through until a value matches") {
  CHECK(One("a in (1, b / (a - 1))", "1") == "true");
  CHECK(Failed("a in (b / (a - 1), 1)", "1") == "division by zero");
  // Two constants: they are looked at first, as in PostgreSQL.
  CHECK(One("a in (3, b / (a - 1), 1)", "1") == "true");
}

TEST_CASE("A known failure goes before a null, a null before what was not sent") {
  CHECK(Failed("b / a + case when f then null else 1 end", "0") == "division by zero");
  CHECK(Failed("greatest(b / a, null)", "0") == "division by zero");
  CHECK(Failed("concat(b / a, u)", "0") == "division by zero");
}

TEST_CASE("A failed branch keeps its own reason") {
  CHECK(Failed("case when a > 1 then b / 0 else t::integer end", "1") ==
        "invalid input syntax for type integer: \"Text\"");
  CHECK(Failed("case when a > 1 then b / 0 else t::integer end", "2") == "division by zero");
}

TEST_CASE("Context functions take their slots: one value for all rows, or one each, or null") {
  rows::Batch batch(TestSchema());
  for (const char* a : {"1", "2"}) AppendRow({a, "1", "null", "x", "u", "true", "9", "null", "n"}, &batch);
  rows::Column op(TypeOf(ContextFunction::kOp)), lsn(TypeOf(ContextFunction::kLsn));
  op.AppendBytes("c");
  op.AppendBytes("d");
  lsn.AppendLong(77);
  Context context;
  context[ContextFunction::kOp] = {&op, false};
  context[ContextFunction::kLsn] = {&lsn, true};
  auto program =
      Compile("concat(op(), '-', lsn(), '-', pipeline())", batch.schema(), ContextFunctions::All());
  REQUIRE(program.has_value());
  CHECK(Run(&*program, batch, context).cells == std::vector<std::string>{"c-77-", "d-77-"});
}

TEST_CASE("Runs one after the other do not mix, however long their texts") {
  rows::Batch batch(TestSchema());
  for (int i = 0; i < 2000; ++i)
    AppendRow({"1", "1", "null", std::string(static_cast<size_t>(i), 'A'), "u", "true", "9", "null", "n"},
              &batch);
  auto program = Compile("lower(t) || upper(u)", batch.schema(), {});
  REQUIRE(program.has_value());
  for (int round = 0; round < 2; ++round) {
    const Outcome outcome = Run(&*program, batch);
    for (size_t i = 0; i < outcome.cells.size(); ++i) REQUIRE(outcome.cells[i] == std::string(i, 'a') + "U");
  }
}

TEST_CASE("Letters of every script have upper and lower case, one code point each") {
  CHECK(One("lower(t)", "1", "2", "ÄÖÜ ÉŁ ДЯ ΑΣ") == "äöü éł дя ασ");
  CHECK(One("upper(t)", "1", "2", "straße") == "STRAßE");
  CHECK(One("length(lower(t))", "1", "2", "ȺȺ") == "2");
}

}  // namespace
}  // namespace cdc::expression
