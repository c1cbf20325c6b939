"""Files of random rows as Iceberg tables: what pyiceberg, DuckDB, Spark and Trino make of file and metrics together.

usage: judge_tables.py PROGRAM [--seeds FIRST COUNT] [--bytes N] [--readers pyiceberg,duckdb,spark,trino]

By hand, not in CI. The tables' manifests carry the metrics that our writer returned, so a wrong bound hides a file. Spark
needs PYTHONPATH and CDC_SPARK_JARS as scripts/verify-spark.sh sets them, and cannot read files with a column of type time;
Trino is that of bench/reads/trino.py.
Exit 0: every reader sees every row, and finds them by their values.
"""
import argparse
import collections
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import uuid

from expected_file import Expected
from readers_of_files import column_key, has_nan, nans_alike, sample_values
from table_readers import READERS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path += [os.path.join(ROOT, "tests", "support"), os.path.join(ROOT, "bench", "reads")]


def field_of(column):
    kind = column.type
    if column.is_list:
        kind = {"type": "list", "element-id": column.element_id, "element": column.leaf_type, "element-required": False}
    return {"id": column.id, "name": column.name, "required": column.required, "type": kind}


def make_table(catalog, folder, name, path, expected):
    """A table of one file, with the file's own field ids: pyiceberg would assign others."""
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
    from pyiceberg.typedef import Record
    location = f"{folder}/{name}"
    os.makedirs(location + "/metadata")
    columns = expected.columns
    metadata = {
        "format-version": 2, "table-uuid": str(uuid.uuid4()), "location": location, "last-sequence-number": 0,
        "last-updated-ms": 0, "last-column-id": max(max(c.id, c.element_id) for c in columns), "current-schema-id": 0,
        "schemas": [{"type": "struct", "schema-id": 0, "fields": [field_of(c) for c in columns]}], "default-spec-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": []}], "last-partition-id": 999, "default-sort-order-id": 0,
        "sort-orders": [{"order-id": 0, "fields": []}], "properties": {}, "snapshots": []}
    with open(location + "/metadata/00000-a.metadata.json", "w", encoding="utf-8") as file:
        json.dump(metadata, file)
    table = catalog.register_table(("judge", name), location + "/metadata/00000-a.metadata.json")
    told = expected.metrics
    counts = {key: {int(i): n for i, n in told[key].items()}
              for key in ("column_sizes", "value_counts", "null_value_counts", "nan_value_counts")}
    bounds = {key: {int(i): bytes.fromhex(b) for i, b in told[key].items()} for key in ("lower_bounds", "upper_bounds")}
    data = DataFile.from_args(content=DataFileContent.DATA, file_path=path, file_format=FileFormat.PARQUET, partition=Record(),
                              record_count=told["record_count"], file_size_in_bytes=told["file_size_in_bytes"], **counts,
                              **bounds, split_offsets=told["split_offsets"], sort_order_id=None, equality_ids=None,
                              key_metadata=None)
    data.spec_id = 0
    with table.transaction() as change, change.update_snapshot().fast_append() as append:
        append.append_data_file(data)
    return catalog.load_table(("judge", name))


def plain(column, value):
    return tuple(value) if isinstance(value, list) else value


def rows_of(columns, values):
    """A bag of rows: a reader may take row groups in another order. NaNs are alike."""
    each = [[plain(c, v) for v in nans_alike(c, vs)] for c, vs in zip(columns, values)]
    return collections.Counter(zip(*each))


def complaints_of(reader, expected):
    columns = [c for c in expected.columns if reader.can_read(c)]
    if not columns:
        return
    got, wanted = rows_of(columns, reader.read(columns)), rows_of(columns, [c.values for c in columns])
    if got != wanted:
        missing, extra = list((wanted - got).items()), list((got - wanted).items())
        yield f"{sum(n for _, n in missing)} rows missing, {sum(n for _, n in extra)} strange: {missing[:1]} {extra[:1]}"
    if expected.rows == 0:
        return
    for column, value in sample_values(columns[:5], 3):
        literal = None if has_nan(column) else reader.literal(column, value)
        if literal is None:
            continue
        key = column_key(column, value)
        keys = [column_key(column, v) for v in column.values if v is not None]
        for operator, count in (("=", keys.count(key)), ("<", sum(k < key for k in keys)), (">=", sum(k >= key for k in keys))):
            found = reader.count(column, operator, literal)
            if found != count:
                yield f"{column.name} {column.type} {operator} {value!r}: {found} rows, not {count}"
    for column in [c for c in columns if not c.is_list][:5]:
        found = reader.count(column, "IS NULL", "")
        if found != column.values.count(None):
            yield f"{column.name} {column.type} IS NULL: {found} rows"


def judge(seed, program, folder, size, catalog, servers):
    subprocess.run([program, folder, str(size), str(seed)], check=True)
    expected = Expected(f"{folder}/{seed}.json")
    path = f"{folder}/{seed}.parquet"
    table = make_table(catalog, folder, f"t{seed}", f"{folder}/{seed}.parquet", expected)
    for name, server in servers.items():
        if name == "spark" and any(c.kind == "time" for c in expected.columns):
            continue  # it has no such type, and cannot read the file's other columns either
        try:
            for complaint in complaints_of(READERS[name](table, server), expected):
                yield f"{name}: {complaint}"
        except Exception as error:  # pylint: disable=broad-except
            yield f"{name}: {type(error).__name__}: {error}"
    os.remove(f"{folder}/{seed}.json")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seeds", nargs=2, type=int, default=(1, 20), metavar=("FIRST", "COUNT"))
    parser.add_argument("--bytes", type=int, default=200_000)
    parser.add_argument("--readers", default="pyiceberg,duckdb")
    options = parser.parse_args()
    from pyiceberg.catalog.sql import SqlCatalog
    failed = 0
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        catalog = SqlCatalog("judge", uri=f"sqlite:///{folder}/catalog.db")
        catalog.create_namespace("judge")
        servers = {name: READERS[name].start(stack, folder) for name in options.readers.split(",")}
        for seed in range(options.seeds[0], sum(options.seeds)):
            told = list(judge(seed, options.program, folder, options.bytes, catalog, servers))
            failed += bool(told)
            for complaint in told:
                print(f"seed {seed}: {complaint[:500]}", flush=True)
    print(f"{options.seeds[1]} tables, {failed} with complaints")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
