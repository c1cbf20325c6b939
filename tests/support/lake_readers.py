"""Independent readers of Iceberg tables: pyiceberg and DuckDB, on request Spark and Trino.

Each gives {column: [comparable values]} (pg_text.py). A lake is either a SQLite catalog's file or, `http://…`, a REST
catalog, which DuckDB and Trino then ask themselves. Objects in s3:// are reached by the usual AWS_* environment:
AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
"""
import glob
import importlib.util
import os
import uuid

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.types import ListType

from pg_text import comparable_float, comparable_text


def open_catalog(uri, name):
    """`uri`: a file path, sqlite:///path or http(s)://…; `name`: catalog_name or, for a REST catalog, warehouse."""
    files = {"s3.endpoint": os.environ.get("AWS_ENDPOINT_URL"), "s3.region": os.environ.get("AWS_REGION"),
             "s3.access-key-id": os.environ.get("AWS_ACCESS_KEY_ID"),
             "s3.secret-access-key": os.environ.get("AWS_SECRET_ACCESS_KEY")}
    files = {key: value for key, value in files.items() if value}
    if uri.startswith("http"):
        sign_in = {"credential": os.environ.get("CDC_CATALOG_CREDENTIAL"), "scope": os.environ.get("CDC_CATALOG_SCOPE")}
        sign_in = {key: value for key, value in sign_in.items() if value}
        return RestCatalog("lake", uri=uri, **({"warehouse": name} if name else {}), **files, **sign_in)
    if "://" not in uri:
        uri = "sqlite:///" + os.path.abspath(uri)
    return SqlCatalog(name, uri=uri, init_catalog_tables="false", **files)


def type_name(iceberg_type):
    return f"list<{iceberg_type.element_type}>" if isinstance(iceberg_type, ListType) else str(iceberg_type)


def column_types(table):
    return {field.name: type_name(field.field_type) for field in table.schema().fields}


def read_with_pyiceberg(table, kinds):
    return _columns(table.scan().to_arrow(), column_types(table), kinds)


def read_with_duckdb(table, kinds):
    con = duckdb_connection()
    return _columns(scan_with_duckdb(con, table), column_types(table), kinds)


def scan_with_duckdb(con, table):
    """All rows as an Arrow table; of a table in a REST catalog through that catalog."""
    if not isinstance(table.catalog, RestCatalog):
        location = table.metadata_location.removeprefix("file://")
        return con.execute("SELECT * FROM iceberg_scan(?)", [location]).to_arrow_table()
    properties = table.catalog.properties
    sign_in = "AUTHORIZATION_TYPE 'none'"
    if "credential" in properties:
        client, secret = properties["credential"].split(":", 1)
        scope = properties.get("scope", "catalog")
        sign_in = (f"CLIENT_ID '{client}', CLIENT_SECRET '{secret}', OAUTH2_SCOPE '{scope}', "
                   f"OAUTH2_SERVER_URI '{properties['uri']}/v1/oauth/tokens'")
    con.execute(f"ATTACH '{properties.get('warehouse', '')}' AS ice (TYPE iceberg, ENDPOINT '{properties['uri']}', {sign_in}, "
                "ACCESS_DELEGATION_MODE 'none')")
    name_space, name = table.name()[-2:]
    return con.execute(f'SELECT * FROM ice."{name_space}"."{name}"').to_arrow_table()


def duckdb_connection():
    con = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    con.execute("SET TimeZone='UTC'")
    for name in ("avro", "httpfs", "iceberg"):
        package = importlib.util.find_spec(f"duckdb_extension_{name}").submodule_search_locations[0]
        path = glob.glob(f"{package}/extensions/*/{name}.duckdb_extension")[0]
        con.execute(f"LOAD '{path}'")
    if os.environ.get("AWS_ENDPOINT_URL"):
        scheme, _, host = os.environ["AWS_ENDPOINT_URL"].partition("://")
        con.execute(f"CREATE SECRET (TYPE s3, KEY_ID '{os.environ['AWS_ACCESS_KEY_ID']}', "
                    f"SECRET '{os.environ['AWS_SECRET_ACCESS_KEY']}', REGION '{os.environ.get('AWS_REGION', 'us-east-1')}', "
                    f"ENDPOINT '{host}', URL_STYLE 'path', USE_SSL {str(scheme == 'https').lower()})")
    return con


def _read_with_spark(table, kinds):
    from spark_reader import read_with_spark  # pylint: disable=import-outside-toplevel
    return read_with_spark(table, kinds)


def _read_with_trino(table, kinds):
    from trino_reader import read_with_trino  # pylint: disable=import-outside-toplevel
    return read_with_trino(table, kinds)


READERS = {"pyiceberg": read_with_pyiceberg, "duckdb": read_with_duckdb}
# Each needs a program of its own: scripts/verify-spark.sh, scripts/stack up trino.
OPTIONAL_READERS = {"spark": _read_with_spark, "trino": _read_with_trino}


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
