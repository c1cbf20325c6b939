"""pyarrow and DuckDB on one data file: every value, and predicates that must find their rows."""
import datetime as dt
import math
import struct
import uuid
from decimal import Context, Decimal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

WIDE = Context(prec=60)
EPOCH = dt.date(1970, 1, 1)


def raw_values(array, column):
    """A pyarrow array -> raw values as expected_file.py has them."""
    if isinstance(array, pa.ChunkedArray):
        return [v for chunk in array.chunks for v in raw_values(chunk, column)]
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        leaves = iter(raw_values(pc.list_flatten(array), column))
        return [None if n is None else [next(leaves) for _ in range(n)] for n in pc.list_value_length(array).to_pylist()]
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    kind = column.kind
    if kind in ("float", "double"):
        array = array.view(pa.uint32() if kind == "float" else pa.uint64())
    elif kind == "date":
        array = array.view(pa.int32())
    elif kind in ("time", "timestamp", "timestamptz"):
        array = array.view(pa.int64())
    elif kind == "string" and not pa.types.is_binary(array.type):
        array.validate(full=True)
        array = array.cast(pa.binary())
    values = array.to_pylist()
    if kind == "decimal":
        return [None if v is None else int(v.scaleb(column.scale, WIDE)) for v in values]
    if kind == "uuid":
        return [uuid.UUID(v).bytes if isinstance(v, str) else v for v in values]
    return values


def differences(reader, column, got, wanted):
    if got == wanted:
        return
    if len(got) != len(wanted):
        yield f"{reader} {column.name} {column.type}: {len(got)} rows, not {len(wanted)}"
        return
    row = next(i for i, (a, b) in enumerate(zip(got, wanted)) if a != b)
    yield f"{reader} {column.name} {column.type} row {row}: {got[row]!r}, not {wanted[row]!r}"[:400]


def check_pyarrow(path, expected):
    plain = pq.ParquetFile(path, page_checksum_verification=True).read()
    texts = [c.name for c in expected.columns if c.kind in ("string", "binary") and not c.is_list]
    as_dictionaries = pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=texts)
    for column in expected.columns:
        yield from differences("pyarrow", column, raw_values(plain.column(column.name), column), column.values)
        if column.name in texts:
            table = as_dictionaries.read(columns=[column.name])
            yield from differences("pyarrow's dictionaries", column, raw_values(table.column(0), column), column.values)
    file = ds.dataset(path)
    for column, value in sample_values(expected.columns, 1):
        # Of values without NaNs pyarrow concludes that there are none.
        if column.kind == "uuid" or has_nan(column):
            continue
        field = plain.schema.field(column.name)
        scalar = next(s for s, raw in zip(plain.column(column.name), column.values) if raw == value)
        found = file.count_rows(filter=ds.field(field.name) == scalar)
        wanted = sum(v is not None and column_key(column, v) == column_key(column, value) for v in column.values)
        if found != wanted:
            yield f"pyarrow {column.name} {column.type} == {value!r}: {found} rows, not {wanted}"[:400]


def sample_values(columns, how_many):
    """(column, raw value) from all over the file; lists have none."""
    for column in columns:
        if column.is_list:
            continue
        kept = sorted({v for v in column.values if v is not None}, key=column.ordered)
        for i in range(min(how_many, len(kept))):
            yield column, kept[(i * (len(kept) - 1)) // max(1, how_many - 1)]


def has_nan(column):
    return any(v is not None and column.is_nan(v) for v in column.values)


def column_key(column, raw):
    """Orders and equals as SQL does: NaN is the largest, zeros are equal."""
    if column.kind not in ("float", "double"):
        return raw
    number = column.number(raw)
    return (1, 0.0) if math.isnan(number) else (0, number)


def python_value(column, raw):
    """For a query's parameter; None when Python has no such value."""
    kind = column.kind
    if kind in ("float", "double"):
        return column.number(raw)
    if kind == "decimal":
        return Decimal(raw).scaleb(-column.scale, WIDE)
    if kind == "uuid":
        return uuid.UUID(bytes=raw)
    if kind == "string":
        return raw.decode()
    try:
        if kind == "date":
            return EPOCH + dt.timedelta(days=raw)
        if kind in ("timestamp", "timestamptz"):
            zone = dt.timezone.utc if kind == "timestamptz" else None
            return dt.datetime(1970, 1, 1, tzinfo=zone) + dt.timedelta(microseconds=raw)
        if kind == "time":
            return (dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=raw)).time()
    except OverflowError:
        return None
    return raw


def duckdb_type(column):
    return {"float": "REAL", "decimal": f"DECIMAL({column.precision},{column.scale})", "binary": "BLOB", "int": "INTEGER",
            "long": "BIGINT"}.get(column.kind, column.kind.upper())


def check_duckdb(path, expected, all_queries):
    con = duckdb.connect(config={"threads": 1})
    con.execute("SET TimeZone='UTC'")
    table = con.execute("SELECT * FROM read_parquet(?)", [path]).to_arrow_table()
    for column in expected.columns:
        got = raw_values(table.column(column.name), column)
        yield from differences("DuckDB", column, nans_alike(column, got), nans_alike(column, column.values))
    queried = [c for c in expected.columns if not c.is_list]
    if not all_queries:
        queried = queried[:4]
    for column, value in sample_values(queried, 3):
        parameter = python_value(column, value)
        # DuckDB, too, takes all values to be between the bounds, where NaNs are not.
        if parameter is None or has_nan(column):
            continue
        key = column_key(column, value)
        keys = [column_key(column, v) for v in column.values if v is not None]
        for operator, wanted in (("=", keys.count(key)), ("<", sum(k < key for k in keys)), (">=", sum(k >= key for k in keys))):
            sql = f'SELECT count(*) FROM read_parquet(?) WHERE "{column.name}" {operator} CAST(? AS {duckdb_type(column)})'
            found = con.execute(sql, [path, parameter]).fetchone()[0]
            if found != wanted:
                yield f"DuckDB {column.name} {column.type} {operator} {value!r}: {found} rows, not {wanted}"[:400]
    for column in queried:
        nulls = con.execute(f'SELECT count(*) FROM read_parquet(?) WHERE "{column.name}" IS NULL', [path]).fetchone()[0]
        if nulls != column.values.count(None):
            yield f"DuckDB {column.name} {column.type} IS NULL: {nulls} rows"


def nans_alike(column, values):
    """Which NaN a reader shows is its own affair."""
    if column.kind not in ("float", "double"):
        return values
    nan = struct.unpack("<I", struct.pack("<f", math.nan))[0]

    def one(v):
        if isinstance(v, list):
            return [one(x) for x in v]
        return nan if v is not None and column.is_nan(v) else v
    return [one(v) for v in values]
