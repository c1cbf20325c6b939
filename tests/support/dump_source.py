#!/usr/bin/env python3
"""Writes PostgreSQL's tables as <schema>.<table>.csv, as COPY writes them, for verify_tables.py.

  dump_source.py --dsn "host=127.0.0.1 port=5432 user=postgres dbname=sourcedb" --out FOLDER [--schema public] [--tables a,b]

One REPEATABLE READ transaction: the files show one moment. Needs psql.
"""
import argparse
import os
import subprocess

SETTINGS = "SET TIME ZONE 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; SET bytea_output = 'hex'; SET extra_float_digits = 1;"


def psql(dsn, script):
    run = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-At", dsn], input=script, capture_output=True, text=True,
                         check=False)
    if run.returncode != 0:
        raise SystemExit(f"psql failed: {run.stderr.strip()}")
    return run.stdout


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--schema", default="public")
    parser.add_argument("--tables", help="comma-separated; default: all of the schema but partitions")
    args = parser.parse_args()
    tables = args.tables.split(",") if args.tables else psql(
        args.dsn, f"SELECT relname FROM pg_class WHERE relnamespace = '{quoted(args.schema)}'::regnamespace "
                  "AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1").split("\n")[:-1]
    os.makedirs(args.out, exist_ok=True)
    copies = []
    for table in tables:
        path = os.path.join(os.path.abspath(args.out), f"{args.schema}.{table}.csv")
        # \copy takes one line and no semicolon.
        copies.append(f"\\copy (SELECT * FROM {quoted(args.schema)}.{quoted(table)}) TO '{path}' WITH (FORMAT csv, HEADER)")
    psql(args.dsn, SETTINGS + "\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n" + "\n".join(copies) + "\nCOMMIT;\n")


main()
