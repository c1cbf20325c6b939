#include "tests/component/expression/random_expression.h"

#include <cstdlib>

namespace cdc::expression {

uint64_t RandomSeed() {
  const char* given = std::getenv("CDC_TEST_SEED");
  return given == nullptr ? 20240229 : std::strtoull(given, nullptr, 10);
}

std::string RandomExpression::Next() { return Of(static_cast<Kind>(random_() % kKinds), 3); }

std::string RandomExpression::Pick(const std::vector<const char*>& from) {
  return from[random_() % from.size()];
}

std::string RandomExpression::Leaf(Kind kind) {
  switch (kind) {
    case kWhole: return Pick({"i", "j", "b", "n", "0", "1", "-3", "17", "lsn()"});
    case kExact: return Pick({"m", "p", "0.5", "-2.75", "100.00", "3.0"});
    case kFloating: return Pick({"d", "r", "d", "0.5::real", "1e10::double precision"});
    case kText: return Pick({"t", "u", "''", "'Straße'", "' x '", "op()", "\"Odd Name\"", "'12'"});
    case kTruth: return Pick({"f", "g", "true", "false", "null::boolean"});
    default: return Pick({"day", "ts", "tz", "date '2024-02-29'", "event_time()"});
  }
}

std::string RandomExpression::Of(Kind kind, int depth) {
  if (depth == 0 || random_() % 8 == 0) return Leaf(kind);
  static const std::vector<const char*> kForms[kKinds] = {
      {"({w} + {w})", "({w} - {w})", "({w} * {w})", "({w} / {w})", "({w} % {w})", "(- {w})", "abs({w})",
       "length({t})", "coalesce({w}, {w})", "case when {b} then {w} else {w} end", "nullif({w}, {w})",
       "greatest({w}, {w})", "least({w}, {w})", "{e}::integer", "{d}::bigint", "octet_length({t})",
       "case {w} when {w} then {w} end"},
      {"({e} + {e})", "({e} - {w})", "({e} * {e})", "({w} / {e})", "({e} / {e})", "({e} % {e})", "(- {e})",
       "abs({e})", "round({e}, 2)", "round({e})", "floor({e})", "ceil({e})", "{w}::numeric(12,2)",
       "{e}::numeric(14,4)", "coalesce({e}, {w})", "case when {b} then {e} else {w} end",
       "greatest({e}, {w})", "{d}::numeric"},
      {"({d} + {d})", "({d} - {w})", "({d} * {e})", "({d} / {d})", "(- {d})", "abs({d})", "round({d})",
       "floor({d})", "ceil({w})", "{e}::double precision", "{e}::real", "{w}::real", "coalesce({d}, {w})",
       "case when {b} then {d} else {e} end", "least({d}, {w})"},
      {"({t} || {t})",
       "({t} || {w})",
       "({e} || {t})",
       "lower({t})",
       "upper({t})",
       "trim({t})",
       "ltrim({t}, {t})",
       "substr({t}, {w}::integer)",
       "substr({t}, 2, 3)",
       "left({t}, 3)",
       "right({t}, -2)",
       "replace({t}, {t}, {t})",
       "concat({t}, {w}, {b}, {d}, {m})",
       "concat_ws({t}, {t}, {e}, {t})",
       "{w}::text",
       "{e}::text",
       "{d}::text",
       "{b}::text",
       "{m}::text",
       "md5({t})",
       "coalesce({t}, {t})",
       "case when {b} then {t} else {t} end",
       "nullif({t}, {t})",
       "{t}::varchar(4)",
       "greatest({t}, {t})"},
      {"({b} and {b})",
       "({b} or {b})",
       "(not {b})",
       "({w} < {w})",
       "({w} = {e})",
       "({e} >= {e})",
       "({d} <> {d})",
       "({t} < {t})",
       "({t} = {t})",
       "({w} is null)",
       "({t} is not null)",
       "({w} is distinct from {w})",
       "({e} between {e} and {w})",
       "({w} in ({w}, {w}))",
       "({t} like {t})",
       "({b} is true)",
       "({b} is not false)",
       "coalesce({b}, {b})",
       "case when {b} then {b} else {b} end",
       "({m} < {m})",
       "({m} = {m})"},
      {"coalesce({m}, {m})", "case when {b} then {m} else {m} end", "date_trunc('hour', {m})",
       "date_trunc('month', {m})", "{m}::date", "{m}::timestamp", "{m}::timestamptz", "greatest({m}, {m})",
       "({m}::date + {w}::integer % 100000)"},
  };
  return Fill(kForms[kind][random_() % kForms[kind].size()], depth - 1);
}

std::string RandomExpression::Fill(const char* form, int depth) {
  constexpr std::string_view kLetters = "wedtbm";
  std::string text;
  for (const char* c = form; *c != '\0'; ++c) {
    if (*c != '{') {
      text += *c;
      continue;
    }
    text += Of(static_cast<Kind>(kLetters.find(c[1])), depth);
    c += 2;
  }
  return text;
}

}  // namespace cdc::expression
