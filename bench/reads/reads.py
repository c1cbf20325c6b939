#!/usr/bin/env python3
"""How much slower a table reads than a freshly rewritten copy of it: one JSON line.

  bench/reads/reads.py CATALOG.db NAMESPACE TABLE --key id [--runs 7] [--points 20] [--expect ROWS:CHECKSUM]

The copy is written by pyiceberg from what DuckDB reads, in the order in which it reads it (--sorted: by the key), into a
catalog of its own in a temporary folder. Both are then read by DuckDB in turns, so that a noisy machine is noisy for
both: a full scan of every column, and point queries by key. Medians.
"""
import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "support"))
from lake_readers import duckdb_connection, open_catalog  # pylint: disable=wrong-import-position

from pyiceberg.catalog.sql import SqlCatalog  # pylint: disable=wrong-import-position


def make_copy(con, location, table, key, is_sorted, folder):
    catalog = SqlCatalog("copy", uri=f"sqlite:///{folder}/copy.db", warehouse=f"file://{folder}/warehouse")
    catalog.create_namespace("copy")
    order = f" ORDER BY {key}" if is_sorted else ""
    rows = con.execute(f"SELECT * FROM iceberg_scan(?){order}", [location]).to_arrow_table()
    rows = rows.cast(table.schema().as_arrow())
    made = catalog.create_table("copy.t", schema=rows.schema, properties={
        "write.parquet.compression-codec": "zstd", "write.parquet.compression-level": "1",
        "write.target-file-size-bytes": str(128 << 20)})
    made.append(rows)
    return made.metadata_location.removeprefix("file://")


def scan_query(table):
    parts = ["count(*)"]
    for field in table.schema().fields:
        kind = str(field.field_type)
        if kind in ("long", "int", "double", "float") or kind.startswith("decimal"):
            parts.append(f'sum("{field.name}")')
        elif kind == "string":
            parts.append(f'sum(strlen("{field.name}"))')
        else:
            parts.append(f'max("{field.name}")')
    return f"SELECT {', '.join(parts)} FROM iceberg_scan(?)"


def timed(con, query, values):
    started = time.perf_counter()
    table = con.execute(query, values).to_arrow_table()
    took = time.perf_counter() - started
    return took, [tuple(row.values()) for row in table.to_pylist()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalog")
    parser.add_argument("namespace")
    parser.add_argument("table")
    parser.add_argument("--catalog-name", default="iceberg_catalog")
    parser.add_argument("--key", default="id")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--sorted", action="store_true", help="the copy is in the key's order")
    parser.add_argument("--expect", help="checksum as bench/flat prints it: sum((id+1)*(version+1))")
    options = parser.parse_args()
    table = open_catalog(options.catalog, options.catalog_name).load_table((options.namespace, options.table))
    own = table.metadata_location.removeprefix("file://")
    con = duckdb_connection()
    random.seed(1)
    with tempfile.TemporaryDirectory(dir=os.environ.get("CDC_BENCH_DIR")) as folder:
        copy = make_copy(con, own, table, options.key, options.sorted, folder)
        keys = [row[0] for row in con.execute(
            f"SELECT {options.key} FROM iceberg_scan(?) USING SAMPLE {options.points} ROWS (reservoir, 1)", [own]).fetchall()]
        figures = {"scan": ([], []), "point": ([], [])}
        answers = {}
        for _ in range(options.runs):
            for which, location in enumerate((own, copy)):
                took, answer = timed(con, scan_query(table), [location])
                figures["scan"][which].append(took)
                same = answers.setdefault("scan", answer)
                # Sums of doubles depend on the order of the rows.
                assert [round(v, 3) if isinstance(v, float) else v for v in answer[0]] == [
                    round(v, 3) if isinstance(v, float) else v for v in same[0]], (answer, same)
        for key in keys:
            for which, location in enumerate((own, copy)):
                took, answer = timed(con, f"SELECT * FROM iceberg_scan(?) WHERE {options.key} = ?", [location, key])
                assert len(answer) == 1, (key, answer)
                assert answers.setdefault(key, answer) == answer
                figures["point"][which].append(took)
        line = {"bench": "reads", "engine": "duckdb", "rows": answers["scan"][0][0], "sorted_copy": options.sorted}
        for name, (ours, theirs) in figures.items():
            mine, copied = statistics.median(ours), statistics.median(theirs)
            line[f"{name}_ms"] = round(mine * 1000, 1)
            line[f"{name}_ms_copy"] = round(copied * 1000, 1)
            line[f"{name}_ratio"] = round(mine / copied, 2)
        if options.expect:
            found = con.execute("SELECT sum((id + 1)::HUGEINT * (version + 1)) FROM iceberg_scan(?)", [own]).fetchone()[0]
            line["right"] = found % (1 << 64) == int(options.expect)
        print(json.dumps(line))


if __name__ == "__main__":
    main()
