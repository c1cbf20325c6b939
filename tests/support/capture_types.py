#!/usr/bin/env python3
"""Captures what Debezium sends for every kind of column (tests/chaos/pg_types.py) in every mode, for docs/types.md.

  capture_types.py [--out tests/data/types] [--only NAME]

Needs `scripts/stack up postgres kafka connect`, at the ports of its environment. Each file holds one connector's events of
one table: each row has a value in one column; the first half comes from the snapshot, the second, with the same values, from
the stream. `rows`: id, number of the column, PostgreSQL's text of the value.
"""
import argparse
import gzip
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))
from pg_types import EXTENSIONS, KINDS, SETUP, column_of  # noqa: E402
from real_source import Connector, consume, rows, sql  # noqa: E402

SECOND_HALF = 1000  # added to the ids of streamed rows
MODES = {
    "default": {},
    "string": {"decimal.handling.mode": "string", "time.precision.mode": "adaptive_time_microseconds",
               "binary.handling.mode": "base64", "interval.handling.mode": "string", "hstore.handling.mode": "map"},
    "double": {"decimal.handling.mode": "double", "time.precision.mode": "connect", "binary.handling.mode": "base64-url-safe"},
    "iso": {"time.precision.mode": "isostring", "binary.handling.mode": "hex"},
    "microseconds": {"time.precision.mode": "microseconds"},
    "nanoseconds": {"time.precision.mode": "nanoseconds"},
    "unknown": {"include.unknown.datatypes": "true"},
}


def numbers_of(mode):
    """The kinds whose form depends on what this mode sets; of the default and the unknown types: all."""
    axes = {name.split(".")[0] for name in MODES[mode]}
    return [i for i, kind in enumerate(KINDS) if mode in ("default", "unknown") or kind.setting and kind.setting in axes]


def insert(table, numbers, first):
    values = [(i, value) for i in numbers for value in KINDS[i].values]
    sql("\n".join(f"INSERT INTO {table} (id, {column_of(i)}) VALUES ({first + at}, CAST({value} AS {KINDS[i].ddl}));"
                  for at, (i, value) in enumerate(values, 1)), "every_kind")
    return len(values)


def make_table(table, numbers):
    sql(f"CREATE TABLE {table} (id integer PRIMARY KEY, {', '.join(f'{column_of(i)} {KINDS[i].ddl}' for i in numbers)});", "every_kind")


def shown_rows(table, numbers):
    return [[int(row["id"]), i, row[column_of(i)]] for row in sorted(rows(table, "every_kind"), key=lambda r: int(r["id"]))
            for i in numbers if row[column_of(i)] is not None]


class Packed:
    """Records with their schemas named once."""

    def __init__(self):
        self.schemas = {}

    def part(self, text):
        if text is None:
            return None
        value = json.loads(text)
        if not isinstance(value, dict) or set(value) != {"schema", "payload"}:
            return text
        known = next((name for name, schema in self.schemas.items() if schema == value["schema"]), None)
        if known is None:
            known = f"s{len(self.schemas) + 1}"
            self.schemas[known] = value["schema"]
        return [known, value["payload"]]


def capture(mode, schemas_on, run, out):
    name, table = f"{mode}_{'schema' if schemas_on else 'plain'}", f"{mode}_kinds"
    connector = Connector(f"{run}_{name}", "every_kind", schemas_on, **MODES[mode], **{"table.include.list": f"every_kind.{table}"})
    try:
        connector.register()
        connector.wait_streaming()
        numbers = numbers_of(mode)
        count = insert(table, numbers, SECOND_HALF)
        connector.wait_sent()
        records = consume(f"{connector.name}.every_kind.{table}", 2 * count)
        shown = shown_rows(table, numbers)
        sql(f"DELETE FROM {table} WHERE id > {SECOND_HALF};", "every_kind")
    finally:
        connector.remove()
    packed = Packed()
    events = [[packed.part(r["key"]), packed.part(r["value"])] for r in records]
    case = {"name": name, "settings": MODES[mode] | {"schemas": schemas_on}, "prefix": connector.name, "table": table,
            "kinds": {column_of(i): KINDS[i].name for i in numbers}, "rows": shown, "schemas": packed.schemas, "events": events}
    path = out / f"{name}.json.gz"
    path.write_bytes(gzip.compress(json.dumps(case, ensure_ascii=False, separators=(",", ":")).encode(), 9, mtime=0))
    print(f"{name}: {len(events)} events of {len(numbers)} kinds, {path.stat().st_size} bytes", flush=True)
    if len(events) != 2 * count:
        raise SystemExit(f"FAIL {name}: {2 * count} events expected")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=pathlib.Path(__file__).resolve().parents[1] / "data" / "types", type=pathlib.Path)
    parser.add_argument("--only", default="", help="modes, comma-separated")
    args = parser.parse_args()
    args.out.mkdir(exist_ok=True)
    run = f"types{int(time.time()) % 100_000_000}"
    sql("".join(f"CREATE EXTENSION IF NOT EXISTS {e} SCHEMA public;" for e in EXTENSIONS) +
        "DROP SCHEMA IF EXISTS every_kind CASCADE; CREATE SCHEMA every_kind;")
    sql(SETUP, "every_kind")
    for mode in [m for m in MODES if not args.only or m in args.only.split(",")]:
        make_table(f"{mode}_kinds", numbers_of(mode))
        insert(f"{mode}_kinds", numbers_of(mode), 0)
        for schemas_on in (True, False):
            capture(mode, schemas_on, run, args.out)
    sql("DROP SCHEMA every_kind CASCADE;")


if __name__ == "__main__":
    main()
