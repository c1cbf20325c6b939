#!/usr/bin/env python3
"""`cdc verify --rows` against a real PostgreSQL that has the captured values of every kind, and against tables that were spoilt.

  verify_rows_test.py --bin build/release/bin [types|spoilt] [-k TEXT] [-v]

types: each capture of tests/data/types is played; the rows that the command says differ must be exactly those that Debezium
or the table cannot keep, as pyiceberg and tests/support/kind_meaning.py tell them. spoilt: a table that equals its source, then
one value, row or copy more or less: exactly that row is named.
"""
import argparse
import json
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "chaos"))
from pg_types import BY_NAME, EXTENSIONS, SETUP  # noqa: E402

from kind_meaning import GEOMETRIC, same  # noqa: E402
from lake_readers import column_types  # noqa: E402
from local_postgres import LocalPostgres  # noqa: E402
from pipeline_run import Failed, Pipeline, embedded_broker  # noqa: E402
from types_survey import covers, load, records_of, source_lines  # noqa: E402
from types_test import NAMES, lines_for, rows_of_document  # noqa: E402

# Kinds that the command says it does not compare though the table has a column of them.
NOT_COMPARED = GEOMETRIC | {"name", "int2vector", "oidvector", "bit(n)[]", "regclass", "regtype", "regproc", "regrole", "regnamespace",
                            "domain[]", "composite[]", "numeric[]", "hstore[]"}


def verify(pipeline, *arguments, exits=None):
    done = pipeline.run("cdc", "verify", "--rows", "--json", *arguments)
    if exits is not None and done.returncode != exits:
        raise Failed(f"cdc verify --rows {' '.join(arguments)}: exit {done.returncode}, not {exits}: {done.stdout[-1500:]} {done.stderr[-500:]}")
    return json.loads(done.stdout)[0]


def literal(text):
    return "NULL" if text is None else "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


# ---- every type --------------------------------------------------------------------------------------------------------
def fill_source(server, capture):
    kinds = {column: BY_NAME[name] for column, name in capture["kinds"].items()}
    columns = ", ".join(f"{column} {kind.ddl}" for column, kind in kinds.items())
    inserts = "".join(f"INSERT INTO {capture['table']} (id, c{n:03d}) VALUES ({id_}, {literal(text)}::{kinds[f'c{n:03d}'].ddl});\n"
                      for id_, n, text in capture["rows"])
    server.sql(f"DROP TABLE IF EXISTS {capture['table']}; CREATE TABLE {capture['table']} (id integer PRIMARY KEY, {columns});\n" + inserts,
               "every_kind")
    return kinds


def canonical_rows(table):
    from canonical_text import texts_of_arrow  # pylint: disable=import-outside-toplevel
    names = [field.name for field in table.schema().fields]
    return {int(row["id"]): row for batch in table.scan().to_arrow_batch_reader()
            for row in (dict(zip(names, r)) for r in zip(*(texts_of_arrow(c) for c in batch.columns)))}


def expected_rows(capture, kinds, table, compared):
    """{id: "missing" or the columns that differ}"""
    types, got, wanted = column_types(table), canonical_rows(table), {}
    for id_, number, text in capture["rows"]:
        column = f"c{number:03d}"
        if id_ not in got:
            wanted[id_] = "missing"
        elif column in compared and not same(kinds[column], text, got[id_][column], types[column]):
            wanted[id_] = [column]
    return wanted


def check_capture(args, server, servers, name, rows, home):
    capture = load(name)
    kinds = fill_source(server, capture)
    pipeline = Pipeline(args.bin, servers, home / name, name)
    lines = lines_for(capture, rows, name.endswith("_plain"))
    settings = capture["settings"]
    source = f'schemas = ["every_kind"]\ndsn = "{server.dsn}"\n' + source_lines(capture)
    pipeline.configure(name, f"[tables.{capture['table']}]\n[tables.{capture['table']}.columns]\n" +
                       "".join(f'{c} = "{w}"\n' for c, w in lines.items()), source)
    pipeline.produce(records_of(capture, name))
    pipeline.drain()
    state = pipeline.status()[capture["table"]]
    if state["state"] == "Held":
        return [f"{name} is Held: {state['reason']}"]
    table = pipeline.catalog().load_table(("lake", capture["table"]))
    found = verify(pipeline, "--limit", "100000", "--timeout", "0")
    if found["error"]:
        return [f"{name}: {found['error']}"]
    wanted = expected_rows(capture, kinds, table, set(found["columns"]))
    # `connect` cuts to milliseconds, and the comparison with it; that is what the setting says.
    cut = settings.get("time.precision.mode") == "connect" and "time_precision" in source_lines(capture)
    got = {int(r["key"]["id"]): "missing" if r["kind"] == "missing" else [c["column"] for c in r["columns"]] for r in found["rows"]}
    problems, texts = [], {id_: (f"c{n:03d}", text) for id_, n, text in capture["rows"]}
    for id_ in sorted(set(wanted) | set(got)):
        column, text = texts.get(id_, ("?", "?"))
        if wanted.get(id_) == got.get(id_) or (cut and kinds[column].name.startswith(("time", "timestamp")) and id_ not in got):
            continue
        row = next((r for r in found["rows"] if int(r["key"]["id"]) == id_), None)
        problems.append(f"{name}: {kinds[column].name} {text!r}: must be {wanted.get(id_)}, told is {got.get(id_)}: {row and row['columns']}")
    left_out, types = {c["column"]: c["reason"] for c in found["not_compared"]}, column_types(table)
    for column, kind in kinds.items():
        if column not in found["columns"] and column not in left_out:
            problems.append(f"{name}: nothing is said of {kind.name}")
        if column in left_out and column in types and kind.name not in NOT_COMPARED:
            problems.append(f"{name}: {kind.name} ({types[column]}) is not compared: {left_out[column]}")
        if column in left_out and args.verbose:
            print(f"     {name}: {kind.name}: {left_out[column]}")
    if found["result"] != ("differs" if got else "equal"):
        problems.append(f"{name}: result {found['result']} with {len(got)} rows that differ")
    print(f"{'FAIL' if problems else 'ok  '} {name}: {len(found['columns'])} columns, {len(got)} of {found['source']} rows differ", flush=True)
    return problems


def check_types(args, server, servers, home):
    server.sql("".join(f"CREATE EXTENSION IF NOT EXISTS {e} SCHEMA public;" for e in EXTENSIONS) + "CREATE SCHEMA every_kind;")
    server.sql(SETUP, "every_kind")
    rows, problems = rows_of_document(), []
    for name in [n for n in NAMES if args.k in n]:
        problems += check_capture(args, server, servers, name, rows, home)
    return problems


# ---- spoilt tables -----------------------------------------------------------------------------------------------------
def event(table, op, before, after, lsn):
    row = after or before
    source = {"db": "postgres", "schema": "public", "table": table, "lsn": lsn, "ts_ms": 1_700_000_000_000 + lsn}
    return {"key": json.dumps({"id": row["id"]}), "value": json.dumps({"before": before, "after": after, "op": op, "source": source,
                                                                       "ts_ms": 1_700_000_000_000 + lsn})}


class Spoilt:
    """A table of `count` rows whose key is (id), or none, equal to its source."""

    def __init__(self, args, server, servers, home, name, keyed, count=3000):
        self.server, self.name, self.keyed = server, name, keyed
        server.sql(f"CREATE TABLE {name} (id bigint {'PRIMARY KEY' if keyed else ''}, n integer, t text);"
                   f"INSERT INTO {name} SELECT i, i % 97, CASE WHEN i % 5 = 0 THEN NULL ELSE 'text, \"' || i || '\" ü' END FROM generate_series(1, {count}) i;"
                   f"ALTER TABLE {name} REPLICA IDENTITY FULL;")
        self.pipeline = Pipeline(args.bin, servers, home / name, name)
        self.pipeline.configure(name, f'[tables.{name}]\n', f'dsn = "{server.dsn}"\n')
        rows = [json.loads(line) for line in server.sql(f"SELECT row_to_json(x) FROM {name} x ORDER BY id;").splitlines()]
        self.produce([event(name, "c", None, row, i + 1) for i, row in enumerate(rows)])

    def produce(self, events):
        topic = f"{self.name}.public.{self.name}"
        self.pipeline.produce([{"topic": topic, "key": e["key"] if self.keyed else None, "value": e["value"]} for e in events])
        self.pipeline.drain()
        state = self.pipeline.status()[self.name]
        if state["state"] != "Idle":
            raise Failed(f"{self.name} is {state['state']}: {state['reason']}")

    def expect(self, what, exits, *rows, timeout="0"):
        """rows: (kind, id, columns that differ)"""
        found = verify(self.pipeline, "--timeout", timeout, exits=exits)
        got = sorted((r["kind"], int(r["key"]["id"]), tuple(c["column"] for c in r["columns"])) for r in found["rows"])
        if got != sorted(rows) or found["differing"] != len(rows):
            return [f"{self.name}, {what}: {got} and not {sorted(rows)}: {found}"]
        print(f"ok   {self.name}: {what}", flush=True)
        return []


def check_spoilt_source(table):
    """The source is changed behind Debezium's back."""
    name, sql = table.name, table.server.sql
    problems = table.expect("equal", 0, timeout="10")
    sql(f"UPDATE {name} SET t = t || ' ' WHERE id = 1234;")
    if table.keyed:
        problems += table.expect("one value", 1, ("changed", 1234, ("t",)))
    else:
        problems += table.expect("one value", 1, ("missing", 1234, ()), ("extra", 1234, ()))
    sql(f"UPDATE {name} SET t = rtrim(t) WHERE id = 1234;")
    problems += table.expect("put right again", 0)
    sql(f"UPDATE {name} SET n = 5 WHERE id = 17; UPDATE {name} SET n = 17 WHERE id = 5;")  # values change places
    if table.keyed:
        problems += table.expect("two values that changed places", 1, ("changed", 5, ("n",)), ("changed", 17, ("n",)))
    sql(f"UPDATE {name} SET n = id WHERE id IN (5, 17);")
    sql(f"DELETE FROM {name} WHERE id = 77;")
    problems += table.expect("one row too many", 1, ("extra", 77, ()))
    sql(f"INSERT INTO {name} VALUES (77, 77, 'text, \"77\" ü'), (5000, NULL, NULL);")
    problems += table.expect("one row missing", 1, ("missing", 5000, ()))
    sql(f"UPDATE {name} SET t = NULL WHERE id = 1; UPDATE {name} SET t = '' WHERE id = 10; DELETE FROM {name} WHERE id = 5000;")
    if table.keyed:
        problems += table.expect("null and the empty text", 1, ("changed", 1, ("t",)), ("changed", 10, ("t",)))
    sql(f"UPDATE {name} SET t = 'text, \"1\" ü' WHERE id = 1; UPDATE {name} SET t = NULL WHERE id = 10;")
    return problems + table.expect("right in the end", 0)


def check_spoilt_table(table):
    """Another engine adds copies of rows."""
    lake = table.pipeline.catalog().load_table(("lake", table.name))
    from pyiceberg.expressions import EqualTo  # pylint: disable=import-outside-toplevel
    lake.append(lake.scan(row_filter=EqualTo("id", 444)).to_arrow())
    return table.expect("one row twice", 1, ("duplicate", 444, ()))


def check_scopes(args, server, servers, home):
    """Deletes and updates through the worker, many differences, and tables that are not compared."""
    table = Spoilt(args, server, servers, home, "changing", True, 2000)
    name, sql, problems = table.name, server.sql, []
    sql(f"UPDATE {name} SET n = -n WHERE id % 3 = 0; DELETE FROM {name} WHERE id % 7 = 0;")
    before = lambda i: {"id": i, "n": i % 97, "t": None if i % 5 == 0 else f'text, "{i}" ü'}
    events = [event(name, "u", before(i), before(i) | {"n": -(i % 97)}, 10_000 + i) for i in range(3, 2001, 3) if i % 7]
    events += [event(name, "d", before(i), None, 20_000 + i) for i in range(7, 2001, 7)]
    table.produce(events)
    problems += table.expect("after updates and deletes", 0)
    sql(f"UPDATE {name} SET t = 'x';")
    found = verify(table.pipeline, "--timeout", "0", "--limit", "7", exits=1)
    left = 2000 - 2000 // 7
    if found["differing"] != left or len(found["rows"]) != 7 or found["result"] != "differs":
        problems.append(f"all rows differ: {found['differing']}, {len(found['rows'])} shown, {found['result']}")
    for lines, result, word in (('mode = "append"', "append", "all changes"), ('where = "n > 0"', "computed", "where"),
                                ('select = { id = "id", m = "n + 1" }', "computed", "select")):
        table.pipeline.configure(name, f"[tables.{name}]\n{lines}\n", f'dsn = "{server.dsn}"\n')
        found = verify(table.pipeline, exits=0)
        if found["result"] != result or word not in found["error"]:
            problems.append(f"{lines}: {found}")
    return problems


def check_spoilt(args, server, servers, home):
    problems = []
    for name, keyed in (("with_key", True), ("without_key", False)):
        table = Spoilt(args, server, servers, home, name, keyed)
        problems += check_spoilt_source(table)
        problems += check_spoilt_table(table)
    return problems + check_scopes(args, server, servers, home)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("part", nargs="?", choices=["types", "spoilt"])
    parser.add_argument("-k", default="", help="types: only captures whose name contains it")
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    home, problems = pathlib.Path(tempfile.mkdtemp(prefix="cdc-verify-")), []
    try:
        with LocalPostgres() as server, embedded_broker(args.bin, home / "broker.log") as servers:
            for part, check in (("types", check_types), ("spoilt", check_spoilt)):
                if args.part in (None, part):
                    problems += check(args, server, servers, home)
    except (Failed, RuntimeError) as error:
        problems.append(str(error))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print("\n".join(problems) or "PASS")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
