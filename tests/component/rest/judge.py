"""What other people's code makes of a REST catalog; the answer is one line of JSON on stdout.

  data PATH START COUNT             a Parquet file of rows (id, name) for field ids 1 and 2: id = START.., name = "n<id>"
  scan TABLE                        pyiceberg: rows, snapshots, properties, columns
  append TABLE START COUNT          pyiceberg appends rows

The catalog is at $CDC_TEST_URI, its files are in the MinIO at $CDC_TEST_S3.
"""
import importlib.util
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")

spec = importlib.util.spec_from_file_location(
    "iceberg_judge", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "iceberg", "judge.py"))
judge = importlib.util.module_from_spec(spec)
spec.loader.exec_module(judge)


def load(name):
    from pyiceberg.catalog.rest import RestCatalog
    catalog = RestCatalog("cdc", uri=os.environ["CDC_TEST_URI"], **{
        "s3.endpoint": os.environ["CDC_TEST_S3"], "s3.access-key-id": "admin", "s3.secret-access-key": "password",
        "s3.region": "us-east-1"})
    return catalog.load_table(tuple(name.split(".")))


def scan(name):
    table = load(name)
    return {
        "rows": judge.rows(table.scan().to_arrow()),
        "snapshots": [{"id": s.snapshot_id, "operation": s.summary.operation.value,
                       "summary": s.summary.additional_properties} for s in table.snapshots()],
        "properties": dict(table.properties),
        "columns": [[f.field_id, f.name, str(f.field_type), f.required] for f in table.schema().fields],
        "identifiers": list(table.schema().identifier_field_ids),
        "metadata_location": table.metadata_location,
    }


def append(name, start, count):
    import pyarrow as pa
    table = load(name)
    ids = list(range(int(start), int(start) + int(count)))
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("name", pa.string())])
    table.append(pa.table([ids, [f"n{i}" for i in ids]], schema=schema))
    return {"snapshot": table.current_snapshot().snapshot_id}


if __name__ == "__main__":
    command = {"data": judge.data, "scan": scan, "append": append}[sys.argv[1]]
    print(json.dumps(command(*sys.argv[2:])))
