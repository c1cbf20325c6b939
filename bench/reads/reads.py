#!/usr/bin/env python3
"""How much slower a table reads than a freshly rewritten copy of it: one JSON line per engine.

  bench/reads/reads.py CATALOG.db NAMESPACE TABLE --key id [--engines duckdb,trino] [--runs 11] [--points 20]
                       [--expect CHECKSUM] [--copy FOLDER]

The copy is written by pyiceberg from what DuckDB reads, in the order in which it reads it (--sorted: by the key), into a
catalog of its own in a temporary folder, or in FOLDER, where it stays and is used again. Both are then read in turns by
the same engine, so that a noisy machine is noisy for both: a full scan of every column, and point queries by key.
Medians, after rounds that are not counted. Another answer than the copy's ends it; another checksum is exit code 1. Trino:
bench/reads/trino.py.
"""
import argparse
import json
import os
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "support"))
from lake_readers import duckdb_connection, open_catalog  # pylint: disable=wrong-import-position

from pyiceberg.catalog.sql import SqlCatalog  # pylint: disable=wrong-import-position
from trino import Trino  # pylint: disable=wrong-import-position

NUMBERS = ("long", "int", "double", "float")
CONTENTS = {0: "data_files", 1: "delete_files", 2: "equality_delete_files"}


def make_copy(con, table, options, folder):
    """-> the copy, a pyiceberg table"""
    catalog = SqlCatalog("copy", uri=f"sqlite:///{folder}/copy.db", warehouse=f"file://{folder}/warehouse")
    if catalog.namespace_exists("copy"):
        return catalog.load_table("copy.t")
    order = f" ORDER BY {options.key}" if options.sorted else ""
    rows = con.execute(f"SELECT * FROM iceberg_scan(?){order}", [path_of(table)]).to_arrow_table()
    rows = rows.cast(table.schema().as_arrow())
    catalog.create_namespace("copy")
    made = catalog.create_table("copy.t", schema=rows.schema, properties={
        "write.parquet.compression-codec": "zstd", "write.parquet.compression-level": "1",
        "write.target-file-size-bytes": str(128 << 20)})
    made.append(rows)
    return made


def path_of(table):
    return table.metadata_location.removeprefix("file://")


def files_of(table):
    counts = dict.fromkeys(("data_files", "delete_files", "deleted_rows", "mb"), 0)
    for row in table.inspect.files().select(["content", "record_count", "file_size_in_bytes"]).to_pylist():
        name = CONTENTS[row["content"]]
        counts[name] = counts.get(name, 0) + 1
        counts["mb"] += row["file_size_in_bytes"] / 1e6
        if row["content"]:
            counts["deleted_rows"] += row["record_count"]
    counts["mb"] = round(counts["mb"], 1)
    return counts


class DuckDB:
    """Reads metadata files."""
    name = "duckdb"

    def __init__(self, con, tables):
        self.con = con
        self.tables = [f"iceberg_scan('{path_of(table)}')" for table in tables]

    def length(self, column):
        return f"strlen({column})"

    def checksum(self, table):
        return f"SELECT sum((id + 1)::HUGEINT * (version + 1)) FROM {table}"

    def query(self, sql):
        """-> (rows, seconds of CPU or None)"""
        return [tuple(row.values()) for row in self.con.execute(sql).to_arrow_table().to_pylist()], None


class TrinoTables:
    """Tables registered with a server."""
    name = "trino"

    def __init__(self, server, tables):
        self.server = server
        self.tables = ("own", "copy")
        for name, table in zip(self.tables, tables):
            server.register(name, table)

    def length(self, column):
        return f"length({column})"

    def checksum(self, table):
        return f"SELECT sum(CAST(id + 1 AS decimal(38, 0)) * (version + 1)) FROM {table}"

    def query(self, sql):
        """-> (rows, seconds of CPU)"""
        rows, stats = self.server.query(sql)
        return rows, stats["cpuTimeMillis"] / 1000


def scan_query(engine, schema, table):
    parts = ["count(*)"]
    for field in schema.fields:
        kind, column = str(field.field_type), f'"{field.name}"'
        if kind in NUMBERS or kind.startswith("decimal"):
            parts.append(f"sum({column})")
        else:
            parts.append(f"sum({engine.length(column)})" if kind == "string" else f"max({column})")
    return f"SELECT {', '.join(parts)} FROM {table}"


def rounded(rows):
    """Sums of doubles depend on the order of the rows."""
    return [tuple(round(v, 3) if isinstance(v, float) else v for v in row) for row in rows]


def in_turns(engine, rounds, skipped):
    """`rounds`: [(query of the table as it is, the same of the copy)], of one row each.

    -> ({figure: value}, the first answer)"""
    walls, cpus, first = ([], []), ([], []), None
    for i, queries in enumerate(rounds):
        answers = [None, None]
        for which in (0, 1) if i % 2 == 0 else (1, 0):
            started = time.perf_counter()
            answers[which], cpu = engine.query(queries[which])
            if i >= skipped:
                walls[which].append(time.perf_counter() - started)
                cpus[which].append(cpu)
        if len(answers[0]) != 1 or rounded(answers[0]) != rounded(answers[1]):
            raise SystemExit(f"reads: {engine.name} reads {answers[0]} and of the copy {answers[1]}: {queries}")
        first = first or answers[0]
    mine, copied = (statistics.median(times) for times in walls)
    figures = {"ms": round(mine * 1000, 1), "ms_copy": round(copied * 1000, 1), "ratio": round(mine / copied, 2)}
    if cpus[0][0] is not None:
        mine, copied = (statistics.median(times) for times in cpus)
        figures |= {"cpu_ms": round(mine * 1000), "cpu_ms_copy": round(copied * 1000)}
    return figures, first


def measure(engine, table, keys, options):
    """-> whether the table's checksum is the expected one"""
    line = {"bench": "reads", "engine": engine.name, "sorted_copy": options.sorted}
    scans = [tuple(scan_query(engine, table.schema(), name) for name in engine.tables)] * (options.runs + options.skip)
    figures, answer = in_turns(engine, scans, options.skip)
    line["rows"] = answer[0][0]
    line |= {f"scan_{name}": value for name, value in figures.items()}
    points = [tuple(f"SELECT * FROM {name} WHERE {options.key} = {key}" for name in engine.tables) for key in keys]
    figures, _ = in_turns(engine, points[:options.skip] + points, options.skip)
    line |= {f"point_{name}": value for name, value in figures.items()}
    if options.expect:
        line["right"] = int(engine.query(engine.checksum(engine.tables[0]))[0][0][0]) % (1 << 64) == int(options.expect)
    print(json.dumps(line), flush=True)
    return line.get("right", True)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalog")
    parser.add_argument("namespace")
    parser.add_argument("table")
    parser.add_argument("--catalog-name", default="iceberg_catalog")
    parser.add_argument("--key", default="id", help="a column of integers")
    parser.add_argument("--engines", default="duckdb", help="duckdb, trino or both with a comma")
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--skip", type=int, default=8, help="rounds before those that count")
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--sorted", action="store_true", help="the copy is in the key's order")
    parser.add_argument("--copy", metavar="FOLDER", help="keep the copy there; use it if it is there")
    parser.add_argument("--copy-only", action="store_true", help="make the copy, measure nothing")
    parser.add_argument("--trino-port", type=int, help="default: any that is free")
    parser.add_argument("--expect", help="checksum as bench/flat prints it: sum((id+1)*(version+1))")
    options = parser.parse_args()
    options.engines = options.engines.split(",")
    if set(options.engines) - {"duckdb", "trino"}:
        parser.error("--engines: duckdb, trino")
    return options


def main():
    options = parsed()
    table = open_catalog(options.catalog, options.catalog_name).load_table((options.namespace, options.table))
    con = duckdb_connection()
    with tempfile.TemporaryDirectory(dir=os.environ.get("CDC_BENCH_DIR")) as folder:
        kept = os.path.abspath(options.copy or os.path.join(folder, "copy"))
        os.makedirs(kept, exist_ok=True)
        copy = make_copy(con, table, options, kept)
        if options.copy_only:
            return
        tables = (table, copy)
        sample = f"SELECT {options.key} FROM iceberg_scan(?) USING SAMPLE {options.points} ROWS (reservoir, 1)"
        keys = [row[0] for row in con.execute(sample, [path_of(table)]).fetchall()]
        print(json.dumps({"bench": "reads", "own": files_of(table), "copy": files_of(copy)}), flush=True)
        right = True
        if "duckdb" in options.engines:
            right = measure(DuckDB(con, tables), table, keys, options)
        if "trino" in options.engines:
            con.close()
            with Trino(os.path.join(folder, "trino"), options.trino_port) as server:
                right = measure(TrinoTables(server, tables), table, keys, options) and right
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
