#!/usr/bin/env python3
"""Reads a table as its users would, with DuckDB; never with a reader of this project.

  judge.py read METADATA.json             a full scan with an aggregate, point queries: one JSON line, milliseconds
  judge.py compare SOURCE FINAL.csv.gz VIEW
                                          the rows against the source's: SOURCE is METADATA.json or a Parquet file, VIEW a
                                          query on {table} that gives the source's columns
"""
import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "support"))
from lake_readers import duckdb_connection

COLUMNS = {"id": "BIGINT", "student_no": "VARCHAR", "first_name": "VARCHAR", "last_name": "VARCHAR", "email": "VARCHAR",
           "birth_date": "DATE", "gender": "VARCHAR", "program_id": "INTEGER", "gpa": "DECIMAL(3,2)", "active": "BOOLEAN",
           "enrolled_at": "TIMESTAMP", "updated_at": "TIMESTAMPTZ"}
# Every column is read, in whatever type a peer has written it.
SCAN = "SELECT count(*), " + ", ".join(f"max({name}), count({name})" for name in COLUMNS) + " FROM iceberg_scan(?)"
POINT = "SELECT * FROM iceberg_scan(?) WHERE id = ?"
POINTS = [1, 3, 4, 1000, 20011, 77777, 99999, 123456, 150000, 170001]
SCANS = 7


def timed(con, query, values):
    started = time.perf_counter()
    con.execute(query, values).to_arrow_table()
    return (time.perf_counter() - started) * 1000


def read(con, metadata):
    """The first of each is not counted: it fills the file cache."""
    scans = [timed(con, SCAN, [metadata]) for _ in range(SCANS + 1)][1:]
    points = [timed(con, POINT, [metadata, key]) for key in POINTS + POINTS[:1]][1:]
    return {"scan_ms": statistics.median(scans), "point_ms": statistics.median(points)}


def typed(columns):
    return ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in columns.items())


def compare(con, source, final, view):
    """A key is right when the table has it exactly once, with the source's values; or not at all, if the source has not."""
    con.execute(f"CREATE TEMP TABLE wanted AS SELECT {typed(COLUMNS)} FROM read_csv(?, header = true, all_varchar = true, "
                "allow_quoted_nulls = false)", [final])
    reader = "read_parquet" if source.endswith(".parquet") else "iceberg_scan"
    table = f"{reader}('{source}')"
    con.execute(f"CREATE TEMP TABLE found AS SELECT {typed(COLUMNS)} FROM ({view.format(table=table)})")
    names = ["rows", "rows_wanted", "keys_missing", "keys_deleted_but_there", "keys_several_times", "keys_other_values"]
    row = con.execute("""
        WITH f AS (SELECT id, count(*) AS n, any_value(found) AS r FROM found GROUP BY id)
        SELECT (SELECT count(*) FROM found), (SELECT count(*) FROM wanted), count(*) FILTER (f.n IS NULL),
               count(*) FILTER (w.id IS NULL), count(*) FILTER (w.id IS NOT NULL AND f.n > 1),
               count(*) FILTER (w.id IS NOT NULL AND f.n = 1 AND w IS DISTINCT FROM f.r)
        FROM wanted w FULL OUTER JOIN f ON w.id IS NOT DISTINCT FROM f.id""").fetchone()
    answer = dict(zip(names, row))
    answer["rows_wrong"] = sum(row[2:])
    return answer


def main():
    con = duckdb_connection()
    print(json.dumps(read(con, sys.argv[2]) if sys.argv[1] == "read" else compare(con, *sys.argv[2:5])))


if __name__ == "__main__":
    main()
