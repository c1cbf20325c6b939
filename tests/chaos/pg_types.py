"""Every kind of column that PostgreSQL 15 has here, with the values at its edges. No I/O.

tests/support/capture_types.py makes one table of all of them, random_types.py random tables. `ddl` is the column's type,
`values` are SQL literals that are cast to it. A row of docs/types.md has the kind's name in its first cell.
"""
import dataclasses

EXTENSIONS = ("hstore", "citext", "ltree", "cube", "isn")
SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "fine"', 'ümlaut');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN positive AS integer CHECK (value > 0);
CREATE DOMAIN short_text AS varchar(10);
CREATE DOMAIN price AS numeric(8,2);
CREATE DOMAIN tags AS text[];
"""


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    ddl: str
    values: tuple
    setting: str = ""      # which of Debezium's modes its form depends on: decimal time binary interval hstore
    sent: bool = True      # False: Debezium never sends it
    as_key: bool = False   # random tables use it in keys, too


def q(*texts):
    """Texts as SQL literals."""
    return tuple("'" + t.replace("'", "''") + "'" if "\\" not in t else "E'" + t.replace("\\", "\\\\").replace("'", "''") + "'"
                 for t in texts)


INTS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
DATES = q("1970-01-01", "2024-02-29", "0001-01-01", "9999-12-31", "10000-01-01", "5874897-12-31", "0001-12-31 BC",
          "0044-03-15 BC", "4713-11-24 BC", "1582-10-10", "infinity", "-infinity")
TIMES = q("00:00:00", "23:59:59.999999", "12:34:56.7", "24:00:00")
STAMPS = q("1970-01-01 00:00:00", "2024-02-29 23:59:59.999999", "1969-12-31 23:59:59.999999", "0001-01-01 00:00:00",
           "9999-12-31 23:59:59.999999", "10000-01-01 00:00:00", "0044-03-15 12:00:00 BC", "4713-11-24 00:00:00 BC",
           "1582-10-10 10:10:10", "294246-12-31 23:59:59.999999", "294276-12-31 23:59:59.999999", "infinity", "-infinity")
STAMPTZS = STAMPS + q("2024-07-01 12:00:00.5+05:30", "1883-11-18 12:03:58-04:56:02")
TEXTS = q("", "a", " padded ", "naïve", "李小龍", "😀 emoji", "tab\there", "line\nbreak\r", 'quote"', "O'Neil", "back\\slash", "NULL",
          "null", "{}", "[1]", "\x01\x1f\x7f", "\u2028", "__debezium_unavailable_valu", "x" * 300)

SCALARS = [
    Kind("boolean", "boolean", ("true", "false")),
    *(Kind(n, n, ("0", "1", "-1", str(limit - 1), str(-limit)), as_key=n != "smallint") for n, limit in INTS.items()),
    Kind("oid", "oid", ("0", "1", "4294967295")),
    Kind("real", "real", q("0", "-0", "0.1", "1.5", "3.4028235e38", "-3.4028235e38", "1e-45", "NaN", "Infinity", "-Infinity")),
    Kind("double precision", "double precision", q("0", "-0", "0.1", "1e300", "1.7976931348623157e308", "5e-324", "1e16", "NaN",
                                                   "Infinity", "-Infinity")),
    Kind("numeric(p,s)", "numeric(12,2)", q("0", "0.01", "-0.01", "9999999999.99", "-9999999999.99", "NaN"), "decimal", as_key=True),
    Kind("numeric(38,s)", "numeric(38,10)", q("0", "9999999999999999999999999999.9999999999",
                                              "-9999999999999999999999999999.9999999999", "0.0000000001"), "decimal"),
    Kind("numeric(p)", "numeric(5)", q("0", "99999", "-99999"), "decimal"),
    Kind("numeric, scale > precision", "numeric(3,5)", q("0", "0.00999", "-0.00001"), "decimal"),
    Kind("numeric, scale < 0", "numeric(5,-2)", q("0", "9999900", "-100"), "decimal"),
    Kind("numeric, precision > 38", "numeric(50,2)", q("0", "1" * 48 + ".55", "-" + "9" * 48 + ".99"), "decimal"),
    Kind("numeric", "numeric", q("0", "1.50", "-0.000001", "1e40", "123456789012345678901234567890.123456789", "NaN", "Infinity",
                                 "-Infinity"), "decimal"),
    Kind("money", "money", q("0", "0.01", "-1234.5", "92233720368547758.07", "-92233720368547758.08"), "decimal"),
    Kind("text", "text", TEXTS, as_key=True),
    Kind("varchar", "varchar(300)", TEXTS, as_key=True),
    Kind("char", "char(5)", q("", "ab", "abcde", "é")),
    Kind("\"char\"", "\"char\"", q("a", "")),
    Kind("name", "name", q("a", "täbel")),
    Kind("citext", "citext", q("", "MixedCase", "ÄÖ")),
    Kind("json", "json", q('{"a": 1, "a": 2}', "[1, null, 1.50]", '"text"', "null", "{}", '{"ü": "\\u0041"}')),
    Kind("jsonb", "jsonb", q('{"b": 1, "a": 1.50}', "[1, null, 1e2]", '"text"', "null", "{}")),
    Kind("jsonpath", "jsonpath", q("$.a[*]"), sent=False),
    Kind("xml", "xml", q("<a>1</a>", "", "<b>ü &amp; x</b>")),
    Kind("uuid", "uuid", q("00000000-0000-0000-0000-000000000000", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
                           "ffffffff-ffff-ffff-ffff-ffffffffffff"), as_key=True),
    Kind("bytea", "bytea", q("\\x", "\\x00", "\\xdeadbeef", "\\xfffefd", "\\x616263", "\\xfb"), "binary"),
    Kind("bit(1)", "bit(1)", ("B'0'", "B'1'")),
    Kind("bit(n)", "bit(12)", ("B'000000000000'", "B'000000000001'", "B'100000000000'", "B'101010101010'"), "binary"),
    Kind("bit varying", "bit varying(20)", ("B''", "B'0'", "B'1'", "B'0001'", "B'10000000000000000001'"), "binary"),
    Kind("date", "date", DATES, "time"),
    Kind("time", "time", TIMES, "time"),
    Kind("time(p), p ≤ 3", "time(3)", q("00:00:00", "23:59:59.999", "24:00:00"), "time"),
    Kind("timetz", "timetz", q("00:00:00+00", "12:34:56.789012+07", "23:59:59.999999-03:30", "24:00:00+00"), "time"),
    Kind("timestamp", "timestamp", STAMPS, "time"),
    Kind("timestamp(p), p ≤ 3", "timestamp(3)", q("1970-01-01 00:00:00.001", "2024-02-29 23:59:59.999", "1969-12-31 23:59:59.999",
                                                  "0044-03-15 12:00:00 BC", "294246-12-31 00:00:00", "infinity", "-infinity"), "time"),
    Kind("timestamptz", "timestamptz", STAMPTZS, "time"),
    Kind("interval", "interval", q("0", "1 day", "-1 second", "1 mon", "1 year 2 mons 3 days 04:05:06.789012", "178000000 years",
                                   "00:00:00.000001"), "interval"),
    Kind("inet", "inet", q("1.2.3.4", "10.0.0.0/8", "::1", "fe80::/10")),
    Kind("cidr", "cidr", q("10.0.0.0/8", "::/0")),
    Kind("macaddr", "macaddr", q("08:00:2b:01:02:03")),
    Kind("macaddr8", "macaddr8", q("08:00:2b:01:02:03:04:05")),
    Kind("point", "point", q("(0,0)", "(1.5,-2.25)", "(NaN,Infinity)")),
    *(Kind(n, n, q(*v)) for n, v in {
        "line": ["{1,2,3}"], "lseg": ["[(0,0),(1,1)]"], "box": ["(1,1),(0,0)"], "path": ["((0,0),(1,1),(2,0))", "[(0,0),(1,1)]"],
        "polygon": ["((0,0),(1,1),(2,0))"], "circle": ["<(0,0),1>"]}.items()),
    Kind("tsvector", "tsvector", q("'a':1 'b':2A", "")),
    Kind("tsquery", "tsquery", q("'a' & 'b'"), sent=False),
    *(Kind(n, n, q(*v)) for n, v in {
        "int4range": ["empty", "[1,10)", "(,5)", "(,)"], "int8range": ["[1,9223372036854775807)"],
        "numrange": ["[1.50,2.5]", "empty"], "tsrange": ['["2024-01-01 00:00:00","2024-02-01 12:00:00.5")', "(,infinity)"],
        "tstzrange": ['["2024-01-01 00:00:00+00",)'], "daterange": ["[2024-01-01,2024-02-01)", "(,)"]}.items()),
    *(Kind(n, n, q(v), sent=False) for n, v in {
        "int4multirange": "{[1,3),[5,7)}", "int8multirange": "{}", "nummultirange": "{[1.5,2)}", "tsmultirange": "{}",
        "tstzmultirange": "{}", "datemultirange": "{[2024-01-01,2024-02-01)}"}.items()),
    Kind("enum", "mood", q("sad", "it's \"fine\"", "ümlaut")),
    Kind("domain over integer", "positive", ("1", "2147483647")),
    Kind("domain over text", "short_text", q("", "ü")),
    Kind("domain over numeric", "price", q("0.01", "-999999.99"), "decimal"),
    Kind("domain over an array", "tags", q("{a,b}")),
    Kind("composite", "pair", q("(1,x)"), sent=False),
    Kind("hstore", "hstore", q("", "a=>1", '"k \\" q"=>"v \\\\ w", "n"=>NULL'), "hstore"),
    Kind("ltree", "ltree", q("", "Top.Science.Astronomy")),
    Kind("lquery", "lquery", q("Top.*"), sent=False),
    Kind("cube", "cube", q("(1, 2)"), sent=False),
    Kind("isbn", "isbn", q("978-0-393-04002-9")),
    *(Kind(n, n, q(v), sent=False) for n, v in {
        "regclass": "pg_class", "regtype": "integer", "regproc": "now", "regrole": "postgres", "regnamespace": "pg_catalog",
        "xid": "5", "xid8": "5", "cid": "5", "tid": "(0,1)", "pg_lsn": "16/B374D848", "pg_snapshot": "10:20:10,14",
        "txid_snapshot": "10:20:10,14", "aclitem": "postgres=r/postgres"}.items()),
    Kind("int2vector", "int2vector", q("1 2")),
    Kind("oidvector", "oidvector", q("1 2")),
]
ARRAYS = [
    Kind("boolean[]", "boolean[]", q("{}", "{t,f,NULL}")),
    Kind("smallint[]", "smallint[]", q("{}", "{1,-32768,NULL}")),
    Kind("integer[]", "integer[]", q("{}", "{1,NULL,-2147483648}", "{NULL}")),
    Kind("bigint[]", "bigint[]", q("{}", "{1,NULL,9223372036854775807}")),
    Kind("oid[]", "oid[]", q("{}", "{1,4294967295}")),
    Kind("real[]", "real[]", q("{}", "{0.1,NULL,NaN,-Infinity}")),
    Kind("double precision[]", "double precision[]", q("{}", "{0.1,NULL,NaN,1e300}")),
    Kind("numeric(p,s)[]", "numeric(12,2)[]", q("{}", "{0.10,NULL,-9999999999.99}"), "decimal"),
    Kind("numeric[]", "numeric[]", q("{}", "{1.5,NULL,1e40}"), "decimal"),
    Kind("money[]", "money[]", q("{1.50}"), "decimal", sent=False),
    Kind("text[]", "text[]", q("{}", '{a,NULL,"NULL","","q\\"","ü,{}"}', "{NULL}")),
    Kind("varchar[]", "varchar(10)[]", q("{}", "{a,NULL}")),
    Kind("char[]", "char(5)[]", q("{}", "{ab,NULL}")),
    Kind("citext[]", "citext[]", q("{}", "{Ab,NULL}")),
    Kind("bytea[]", "bytea[]", q("{}", '{"\\\\x00ff",NULL}'), "binary"),
    Kind("uuid[]", "uuid[]", q("{}", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,NULL}")),
    Kind("date[]", "date[]", q("{}", "{2024-02-29,NULL,0001-01-01}", "{infinity}"), "time"),
    Kind("time[]", "time[]", q("{}", "{12:34:56.789012,NULL}"), "time"),
    Kind("timetz[]", "timetz[]", q("{}", "{12:34:56.789012+07,NULL}"), "time"),
    Kind("timestamp[]", "timestamp[]", q("{}", '{"2024-02-29 23:59:59.999999",NULL}', "{infinity}"), "time"),
    Kind("timestamptz[]", "timestamptz[]", q("{}", '{"2024-02-29 23:59:59.999999+00",NULL}', "{-infinity}"), "time"),
    Kind("interval[]", "interval[]", q("{}", '{"1 day",NULL}'), "interval", sent=False),
    Kind("json[]", "json[]", q("{}", '{"{\\"a\\": 1}",NULL}')),
    Kind("jsonb[]", "jsonb[]", q("{}", '{"{\\"a\\": 1}",NULL}')),
    Kind("xml[]", "xml[]", q("{<a/>}"), sent=False),
    Kind("inet[]", "inet[]", q("{}", "{1.2.3.4,NULL}")),
    Kind("cidr[]", "cidr[]", q("{10.0.0.0/8,NULL}")),
    Kind("macaddr[]", "macaddr[]", q("{08:00:2b:01:02:03,NULL}")),
    Kind("bit(n)[]", "bit(3)[]", q("{}", "{101}"), "binary"),
    Kind("bit varying[]", "bit varying(9)[]", q("{}", "{1,NULL}"), "binary", sent=False),
    Kind("int4range[]", "int4range[]", q("{}", '{"[1,5)",NULL}')),
    Kind("int8range[]", "int8range[]", q('{"[1,5)",NULL}')),
    Kind("numrange[]", "numrange[]", q('{"[1.5,5)",NULL}')),
    Kind("tsrange[]", "tsrange[]", q('{"[2024-01-01,2024-02-01)",NULL}')),
    Kind("tstzrange[]", "tstzrange[]", q('{"[2024-01-01,2024-02-01)",NULL}')),
    Kind("daterange[]", "daterange[]", q('{"[2024-01-01,2024-02-01)",NULL}')),
    Kind("enum[]", "mood[]", q("{}", "{sad}", "{sad,NULL}")),
    Kind("domain[]", "positive[]", q("{1}"), sent=False),
    Kind("composite[]", "pair[]", q('{"(1,x)"}'), sent=False),
    Kind("hstore[]", "hstore[]", q("{}", '{"\\"a\\"=>\\"1\\"",NULL}'), "hstore"),
    Kind("ltree[]", "ltree[]", q("{}", "{Top.A}")),
    Kind("point[]", "point[]", q('{"(1,2)"}'), sent=False),
    Kind("tsvector[]", "tsvector[]", q("{'a':1}")),
    Kind("array of several dimensions", "integer[][]", q("{{1,2},{3,4}}")),
]
KINDS = SCALARS + ARRAYS
BY_NAME = {kind.name: kind for kind in KINDS}
assert len(BY_NAME) == len(KINDS)


def column_of(number):
    """A column's name in the table of all kinds."""
    return f"c{number:03d}"
