#!/usr/bin/env python3
"""A Delta table has the values that the Iceberg table of the same events has, for every kind and setting of docs/types.md.

  delta_types_test.py --bin build/release/bin [--part I/N] [-k TEXT]

Each capture of tests/data/types is played into both, as types_test.py plays it into the latter and compares it with
PostgreSQL. Iceberg is read by pyiceberg, Delta by delta-rs and DuckDB; values are compared as text (canonical_text.py).
"""
import argparse
import json
import pathlib
import re
import shutil
import sys
import tempfile

import pyarrow as pa

import delta_reader
from canonical_text import texts_of_arrow
from pipeline_run import Failed, Pipeline, embedded_broker, read_rows, table_names
from types_survey import load, records_of, source_lines
from types_test import NAMES, lines_for, rows_of_document
from lake_readers import column_types, duckdb_connection

DELTA = {"boolean": "boolean", "int": "integer", "long": "long", "float": "float", "double": "double", "date": "date",
         "timestamp": "timestamp_ntz", "timestamptz": "timestamp", "string": "string", "binary": "binary", "time": "string",
         "uuid": "string"}
TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?")


def delta_type(iceberg):
    if iceberg.startswith("list<"):
        return f"array<{delta_type(iceberg[5:-1])}>"
    return iceberg.replace(" ", "") if iceberg.startswith("decimal") else DELTA[iceberg]


def whole_time(text):
    """As canonical_text shows a time: six digits behind the point."""
    return TIME.sub(lambda m: m[0] + ("" if m[1] else ".") + "0" * (6 - len((m[1] or ".")) + 1), text)


def texts(table, names, types):
    rows = []
    for batch in table.to_batches():
        columns = []
        for name in names:
            column = texts_of_arrow(batch.column(batch.schema.get_field_index(name)))
            if "time" in types[name].replace("timestamp", ""):
                column = [None if text is None else whole_time(text) for text in column]
            columns.append(column)
        rows += [dict(zip(names, row)) for row in zip(*columns)]
    return {row["id"]: row for row in rows}


def check(programs, servers, name, folder, lines):
    capture = load(name)
    pipeline = Pipeline(programs, servers, folder, folder.name)
    table = capture["table"]
    columns = "\n".join(f'{column} = "{words}"' for column, words in lines.items())
    pipeline.configure(folder.name, f'[tables.{table}]\n[tables.{table}.columns]\n{columns}\n'
                       f'[sinks.delta]\ntype = "delta"\npath = "delta"\n'
                       f'[tables.{table}_delta]\nfrom = "{table}"\nsink = "delta"\ntarget = "{table}"\nchange_data_feed = true\n'
                       f'[tables.{table}_delta.columns]\n{columns}',
                       'schemas = ["every_kind"]\n' + source_lines(capture))
    pipeline.produce(records_of(capture, folder.name))
    pipeline.drain()
    for entry, state in pipeline.status().items():
        if state["state"] == "Held":
            raise Failed(f"{name}: {entry} is Held: {state['reason']}")
    if table not in table_names(pipeline.catalog()):
        return ["no table"]
    iceberg = pipeline.catalog().load_table(("lake", table))
    types = column_types(iceberg)
    path = str(folder / "delta" / table)
    schema = json.loads(delta_reader.open_table(path).schema().to_json())
    delta_types = {f["name"]: f["type"] if isinstance(f["type"], str) else f"array<{f['type']['elementType']}>" for f in schema["fields"]}
    problems = [f"{name}: {column}: {types[column]} is {delta_types.get(column)} in the Delta table"
                for column in types if delta_types.get(column) != delta_type(types[column])]
    names = [column for column in types if column != "ingestion_time"]
    wanted = {row["id"]: {n: row[n] for n in names} for row in read_rows(iceberg, CONNECTION)[0][1]}
    readers = {"delta-rs": delta_reader.arrow_by_delta_rs(path), "DuckDB": delta_reader.arrow_by_duckdb(path)}
    for reader, arrow in readers.items():
        found = texts(arrow, names, types)
        if found.keys() != wanted.keys():
            problems.append(f"{name}: {reader} shows {len(found)} rows, pyiceberg {len(wanted)}")
            continue
        for id_, row in wanted.items():
            problems += [f"{name}: row {id_}: {column} ({types[column]}): {reader} {found[id_][column]!r}, pyiceberg {row[column]!r}"
                         for column in names if found[id_][column] != row[column]][:3]
    return problems


CONNECTION = duckdb_connection()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--part", default="1/1")
    parser.add_argument("-k", default="", help="only captures whose name contains it")
    args = parser.parse_args()
    part, parts = (int(n) for n in args.part.split("/"))
    rows, problems = rows_of_document(), []
    home = pathlib.Path(tempfile.mkdtemp(prefix="cdc-delta-types-"))
    try:
        with embedded_broker(args.bin, home / "broker.log") as servers:
            for name in [n for i, n in enumerate(NAMES) if i % parts == part - 1 and args.k in n]:
                capture = load(name)
                try:
                    found = check(args.bin, servers, name, home / capture["name"], lines_for(capture, rows, name.endswith("_plain")))
                except Failed as error:
                    found = [str(error)]
                print(f"{'FAIL' if found else 'ok  '} {name}", flush=True)
                problems += found
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print("\n".join(problems) or "all captures are the same in a Delta table")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
