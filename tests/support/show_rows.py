#!/usr/bin/env python3
"""Prints the first rows of Iceberg tables, read by DuckDB.  show_rows.py CATALOG NAME NAMESPACE ROWS TABLE..."""
import sys

import pyarrow as pa

from lake_readers import duckdb_connection, open_catalog, scan_with_duckdb


def main():
    catalog = open_catalog(sys.argv[1], sys.argv[2])
    namespace, limit = sys.argv[3], int(sys.argv[4])
    for name in sys.argv[5:]:
        table = catalog.load_table((namespace, name))
        con = duckdb_connection()
        rows = scan_with_duckdb(con, table)
        snapshot = table.current_snapshot()
        print(f"{name}: {rows.num_rows} rows, {len(table.metadata.snapshots)} snapshots, "
              f"cdc.offsets {snapshot.summary.additional_properties.get('cdc.offsets') if snapshot else None}")
        shown = rows.slice(0, limit)
        widths = [max([len(n)] + [len(_text(v)) for v in shown.column(n)]) for n in shown.column_names]
        for line in [shown.column_names] + [[_text(c[i]) for c in shown.columns] for i in range(shown.num_rows)]:
            print("  " + " | ".join(str(v).ljust(w) for v, w in zip(line, widths)).rstrip())


def _text(value):
    if not value.is_valid:
        return "NULL"
    if pa.types.is_temporal(value.type):
        return value.cast(pa.string()).as_py()
    return str(value.as_py()).replace("\n", " ")[:24]


main()
