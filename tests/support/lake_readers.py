"""Two independent readers of Iceberg tables, pyiceberg and DuckDB. Both give {column: [comparable values]} (pg_text.py)."""
import glob
import importlib.util
import os
import uuid

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.types import ListType

from pg_text import comparable_float, comparable_text


def open_catalog(uri, name):
    """`uri`: a file path or sqlite:///path; `name`: catalog_name in it."""
    if "://" not in uri:
        uri = "sqlite:///" + os.path.abspath(uri)
    return SqlCatalog(name, uri=uri, init_catalog_tables="false")


def type_name(iceberg_type):
    return f"list<{iceberg_type.element_type}>" if isinstance(iceberg_type, ListType) else str(iceberg_type)


def column_types(table):
    return {field.name: type_name(field.field_type) for field in table.schema().fields}


def read_with_pyiceberg(table, kinds):
    return _columns(table.scan().to_arrow(), column_types(table), kinds)


def read_with_duckdb(table, kinds):
    location = table.metadata_location.removeprefix("file://")
    con = duckdb_connection()
    result = con.execute("SELECT * FROM iceberg_scan(?)", [location]).to_arrow_table()
    return _columns(result, column_types(table), kinds)


def duckdb_connection():
    con = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    con.execute("SET TimeZone='UTC'")
    for name in ("avro", "httpfs", "iceberg"):
        package = importlib.util.find_spec(f"duckdb_extension_{name}").submodule_search_locations[0]
        path = glob.glob(f"{package}/extensions/*/{name}.duckdb_extension")[0]
        con.execute(f"LOAD '{path}'")
    return con


def _read_with_spark(table, kinds):
    from spark_reader import read_with_spark  # pylint: disable=import-outside-toplevel
    return read_with_spark(table, kinds)


READERS = {"pyiceberg": read_with_pyiceberg, "duckdb": read_with_duckdb}
# By hand only: scripts/verify-spark.sh.
OPTIONAL_READERS = {"spark": _read_with_spark}


def _columns(arrow, types, kinds):
    missing = set(types) - set(arrow.column_names)
    if missing:
        raise ValueError(f"the reader does not show columns {sorted(missing)}")
    return {name: _values(arrow.column(name), types[name], kinds.get(name)) for name in types}


def _values(column, type_name_, kind):
    if type_name_.startswith("list<"):
        element = type_name_[5:-1]
        if column.num_chunks == 0:
            return []
        lists = pa.concat_arrays([_plain_lists(chunk) for chunk in column.chunks])
        flat = iter(_values(pa.chunked_array([pc.list_flatten(lists)]), element, kind))
        lengths = pc.list_value_length(lists).to_pylist()
        return [None if n is None else tuple(next(flat) for _ in range(n)) for n in lengths]
    name = type_name_.split("(")[0]
    # Python's own date types end at the year 9999 and lose time zones' meaning: integers instead.
    if name == "date":
        column = column.cast(pa.date32()).cast(pa.int32())
    elif name == "time":
        column = column.cast(pa.time64("us")).cast(pa.int64())
    elif name in ("timestamp", "timestamptz"):
        zone = "UTC" if name == "timestamptz" else None
        column = column.cast(pa.timestamp("us", zone)).cast(pa.int64())
    values = column.to_pylist()
    if name in ("float", "double"):
        bits = 32 if name == "float" else 64
        return [None if v is None else comparable_float(v, bits) for v in values]
    if name == "uuid":
        return [None if v is None else str(v if isinstance(v, (str, uuid.UUID)) else uuid.UUID(bytes=v)) for v in values]
    if name == "string":
        return [None if v is None else comparable_text(v, kind) for v in values]
    return values


def _plain_lists(chunk):
    return chunk.cast(pa.list_(chunk.type.value_type))
