"""Writes and reads tables with other people's code; the answer is one line of JSON on stdout.

  data PATH START COUNT             a Parquet file of rows (id, name) for field ids 1 and 2: id = START.., name = "n<id>"
  deletes PATH DATA POS...          a position delete file
  scan CATALOG WAREHOUSE TABLE      pyiceberg: rows, files, snapshots, properties, schema
  duckdb METADATA                   DuckDB: rows
  avro PATH                         fastavro: header and records of a container file
  foreign CATALOG WAREHOUSE TABLE   pyiceberg makes and changes a table, answers with its live files
  append CATALOG WAREHOUSE TABLE START COUNT   pyiceberg appends rows
"""
import glob
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")


def field(name, kind, field_id, nullable=True):
    import pyarrow as pa
    return pa.field(name, kind, nullable=nullable, metadata={b"PARQUET:field_id": str(field_id).encode()})


def write(path, table):
    import pyarrow.parquet as pq
    path = path.removeprefix("file://")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pq.write_table(table, path)
    return {"size": os.path.getsize(path), "rows": table.num_rows}


def data(path, start, count):
    import pyarrow as pa
    ids = list(range(int(start), int(start) + int(count)))
    schema = pa.schema([field("id", pa.int64(), 1, nullable=False), field("name", pa.string(), 2)])
    return write(path, pa.table([ids, [f"n{i}" for i in ids]], schema=schema))


def deletes(path, data_path, *positions):
    import pyarrow as pa
    positions = sorted(map(int, positions))
    schema = pa.schema([field("file_path", pa.string(), 2147483546, False), field("pos", pa.int64(), 2147483545, False)])
    return write(path, pa.table([[data_path] * len(positions), positions], schema=schema))


def catalog(path, warehouse):
    from pyiceberg.catalog.sql import SqlCatalog
    return SqlCatalog("cdc", uri=f"sqlite:///{path}", warehouse=f"file://{warehouse}")


def rows(table):
    return sorted(([str(v) if v is not None and not isinstance(v, int) else v for v in r.values()]
                   for r in table.to_pylist()), key=repr)


def live_files(table):
    found = table.inspect.files().to_pylist()
    return sorted([f["file_path"], f["content"], f["record_count"], f["file_size_in_bytes"]] for f in found)


def scan(path, warehouse, name):
    table = catalog(path, warehouse).load_table(name)
    return {
        "rows": rows(table.scan().to_arrow()),
        "files": live_files(table),
        "snapshots": [{"id": s.snapshot_id, "operation": s.summary.operation.value,
                       "summary": s.summary.additional_properties} for s in table.snapshots()],
        "properties": dict(table.properties),
        "columns": [[f.field_id, f.name, str(f.field_type), f.required] for f in table.schema().fields],
        "identifiers": list(table.schema().identifier_field_ids),
        "refs": {k: v.snapshot_id for k, v in table.metadata.refs.items()},
        "metadata_log": [e.metadata_file for e in table.metadata.metadata_log],
    }


def duckdb(metadata):
    import duckdb as engine
    import duckdb_extension_iceberg
    site = os.path.dirname(os.path.dirname(duckdb_extension_iceberg.__file__))
    db = engine.connect()
    for name in ("httpfs", "avro", "iceberg"):
        found = glob.glob(f"{site}/duckdb_extension_{name}/extensions/*/{name}.duckdb_extension")
        db.execute(f"LOAD '{found[0]}'")
    return {"rows": rows(db.execute(f"SELECT * FROM iceberg_scan('{metadata}')").to_arrow_table())}


def avro(path):
    import fastavro
    with open(path, "rb") as file:
        reader = fastavro.reader(file)
        records = list(reader)
        metadata = {k: v for k, v in reader.metadata.items() if k != "avro.schema"}
    plain = json.loads(json.dumps(records, default=lambda b: b.hex() if isinstance(b, bytes) else str(b)))
    return {"metadata": metadata, "records": plain}


def foreign(path, warehouse, name):
    import pyarrow as pa
    cat = catalog(path, warehouse)
    cat.create_namespace_if_not_exists(name.split(".")[0])
    batch = pa.table({"id": pa.array(range(10), pa.int64()), "name": [f"n{i}" for i in range(10)]})
    table = cat.create_table(name, schema=batch.schema)
    table.append(batch)
    table.append(batch.slice(0, 3))
    table.delete("id >= 8")
    return {"files": live_files(table), "snapshots": [s.snapshot_id for s in table.snapshots()]}


def append(path, warehouse, name, start, count):
    import pyarrow as pa
    table = catalog(path, warehouse).load_table(name)
    ids = list(range(int(start), int(start) + int(count)))
    schema = pa.schema([pa.field("id", pa.int64()), pa.field("name", pa.string())])
    table.append(pa.table([ids, [f"n{i}" for i in ids]], schema=schema))
    return {"files": live_files(table)}


if __name__ == "__main__":
    command = {f.__name__: f for f in (data, deletes, scan, duckdb, avro, foreign, append)}[sys.argv[1]]
    print(json.dumps(command(*sys.argv[2:])))
