// Values of every type that events carry, in columns of the source's own types.

#include <catch2/catch_test_macros.hpp>

#include "tests/component/sink_postgres/target.h"

namespace cdc::postgres_sink {

TEST_CASE("columns have the types that are declared, and values are what PostgreSQL had") {
  Target target("typed", R"toml([tables.typed.columns]
b = "boolean"
si = "smallint"
bi = "bigint"
r = "real"
dp = "double precision"
num = "numeric(12,2)"
c = "char(5)"
vc = "varchar(20)"
j = "json"
jb = "jsonb"
u = "uuid"
ba = "bytea"
bits = "bit(10)"
bit = "bit(1)"
da = "date"
ti = "time(6)"
ts = "timestamp"
tz = "timestamptz"
ip = "inet"
ints = "int[]"
texts = "text[]"
range = "int4range"
)toml");
  const nlohmann::json row = {{"id", 1},
                              {"b", true},
                              {"si", -32768},
                              {"bi", 9223372036854775807},
                              {"r", 1.5e-30},
                              {"dp", "NaN"},
                              {"num", "AN9m"},  // base64 of 57190: 571.90
                              {"c", "ab   "},
                              {"vc", "täbel"},
                              {"j", "{\"b\":1,  \"a\":[1]}"},
                              {"jb", "{\"a\": 1}"},
                              {"u", "0f0e0d0c-0b0a-0908-0706-050403020100"},
                              {"ba", "AAH/"},
                              {"bits", "BQI="},  // 5 and 2, the lowest byte first: 10 0000 0101
                              {"bit", true},
                              {"da", -719162},                    // 0001-01-01
                              {"ti", 86399999999},                // in microseconds
                              {"ts", -62135596800000000},         // 0001-01-01
                              {"tz", "2024-02-29T23:59:59.123456Z"},
                              {"ip", "10.0.0.1/24"},
                              {"ints", {1, nullptr, -3}},
                              {"texts", {"a,b", "quote\"", "back\\slash", nullptr, "NULL", ""}},
                              {"range", "[1,10)"}};
  target.Send({target.changes.Create(row)});
  target.Drain();
  const std::string types = target.server.Ask(
      "SELECT string_agg(format_type(atttypid, atttypmod), '|' ORDER BY attname) FROM pg_attribute "
      "WHERE attrelid = 'copy.typed'::regclass AND attnum > 0");
  CHECK(types ==
        "boolean|bytea|bigint|bit(1)|bit(10)|character(5)|date|double precision|bigint|integer[]|inet|json|jsonb|"
        "numeric(12,2)|real|int4range|smallint|text[]|time(6) without time zone|timestamp without time zone|"
        "timestamp with time zone|uuid|character varying(20)");
  target.server.Sql(R"sql(CREATE TABLE wanted AS SELECT 1::bigint id, true b, (-32768)::smallint si,
    9223372036854775807 bi, '1.5e-30'::real r, 'NaN'::float8 dp, 571.90::numeric(12,2) num, 'ab'::char(5) c,
    'täbel'::varchar(20) vc, '{"b":1,  "a":[1]}'::json j, '{"a":1}'::jsonb jb,
    '0f0e0d0c-0b0a-0908-0706-050403020100'::uuid u, '\x0001ff'::bytea ba, B'1000000101'::bit(10) bits,
    B'1'::bit(1) bit, '0001-01-01'::date da, '23:59:59.999999'::time(6) ti, '0001-01-01'::timestamp ts,
    '2024-02-29 23:59:59.123456+00'::timestamptz tz, '10.0.0.1/24'::inet ip, '{1,NULL,-3}'::int[] ints,
    ARRAY['a,b','quote"',E'back\\slash',NULL,'NULL',''] texts, '[1,10)'::int4range range)sql");
  for (const auto& [name, value] : row.items()) {
    INFO(name);
    CHECK(target.server.Ask("SELECT " + name + "::text FROM copy.typed") ==
          target.server.Ask("SELECT " + name + "::text FROM wanted"));
  }
}

TEST_CASE("a type that the target does not know becomes one that holds the value") {
  Target target("foreign", "columns = { place = \"ltree\", mood = \"enum\" }\n");
  target.Send({target.changes.Create({{"id", 1}, {"place", "a.b"}, {"mood", "glad"}})});
  target.Drain();
  CHECK(target.server.Ask("SELECT pg_typeof(place), pg_typeof(mood), place, mood FROM copy.foreign") ==
        "text|text|a.b|glad");
}

}  // namespace cdc::postgres_sink
