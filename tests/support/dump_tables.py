#!/usr/bin/env python3
"""Prints Iceberg tables as JSON, read by pyiceberg, for tests that have their own idea of the rows.

  dump_tables.py --catalog data/catalog.db --namespace university --tables a,b [--every-snapshot]

{table: {"columns": {name: type}, "rows": [{name: value}], "snapshots": [{"id", "operation", "summary", "rows"?}]}}
With --every-snapshot each snapshot has its rows, and "duckdb_rows" are the present ones as DuckDB reads them.
Rows are in no particular order; values that JSON does not have are text. A table that is not there is null.
"""
import argparse
import json

from pyiceberg.exceptions import NoSuchTableError

from lake_readers import column_types, duckdb_connection, open_catalog, scan_with_duckdb


def rows_of(table, snapshot_id=None):
    return table.scan(snapshot_id=snapshot_id).to_arrow().to_pylist()


def dump(catalog, args, name):
    try:
        table = catalog.load_table((args.namespace, name))
    except NoSuchTableError:
        return None
    snapshots = []
    for snapshot in table.metadata.snapshots:
        summary = snapshot.summary
        entry = {"id": snapshot.snapshot_id, "operation": summary.operation.value,
                 "summary": dict(summary.additional_properties)}
        if args.every_snapshot:
            entry["rows"] = rows_of(table, snapshot.snapshot_id)
        snapshots.append(entry)
    whole = {"columns": column_types(table), "rows": rows_of(table), "snapshots": snapshots,
             "properties": table.properties}
    if args.every_snapshot:
        whole["duckdb_rows"] = scan_with_duckdb(duckdb_connection(), table).to_pylist()
    return whole


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalog", required=True)
    parser.add_argument("--name", default="iceberg_catalog")
    parser.add_argument("--namespace", default="university")
    parser.add_argument("--tables", required=True)
    parser.add_argument("--every-snapshot", action="store_true", help="the rows of each snapshot too")
    args = parser.parse_args()
    catalog = open_catalog(args.catalog, args.name)
    print(json.dumps({name: dump(catalog, args, name) for name in args.tables.split(",")}, default=str))


if __name__ == "__main__":
    main()
