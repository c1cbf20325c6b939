"""Judges the sample file (sample_rows.cc) with pyarrow and DuckDB, and its metrics with pyiceberg.

usage: check_file.py FILE METRICS.json    exit 0: everything as expected
"""
import datetime as dt
import json
import math
import sys
import uuid
from decimal import Decimal, getcontext

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg import types as it
from pyiceberg.conversions import from_bytes

getcontext().prec = 60
EPOCH_DAY = dt.date(1970, 1, 1)
UTC = dt.timezone.utc
MIN_TS, MAX_TS = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
TS17 = dt.datetime(1970, 1, 1, 0, 0, 0, 17)
TS0 = dt.datetime(1970, 1, 1)


def decimals(precision, scale):
    unit = Decimal(1).scaleb(-scale)
    nines = Decimal("9" * precision).scaleb(-scale)
    return [-nines, nines, None, Decimal(0) * unit, Decimal(-129).scaleb(-scale)]


N38 = 10**38 - 1
EXPECTED = {
    "id": [0, 1, 2, 3, 4],
    "boolean": [False, True, None, True, False],
    "int": [-(2**31), 2**31 - 1, None, 0, 17],
    "long": [-(2**63), 2**63 - 1, None, 0, 17],
    "float": [-math.inf, math.inf, None, math.nan, -0.0],
    "double": [-math.inf, math.inf, None, math.nan, -0.0],
    "decimal9": decimals(9, 2),
    "decimal18": decimals(18, 0),
    "decimal20": decimals(20, 5),
    "decimal38": decimals(38, 38),
    "date": [dt.date(1, 1, 1), dt.date(9999, 12, 31), None, EPOCH_DAY, EPOCH_DAY + dt.timedelta(17)],
    "time": [dt.time(0), dt.time(23, 59, 59, 999999), None, dt.time(0), dt.time(0, 0, 0, 17)],
    "timestamp": [MIN_TS, MAX_TS, None, TS0, TS17],
    "timestamptz": [MIN_TS.replace(tzinfo=UTC), MAX_TS.replace(tzinfo=UTC), None, TS0.replace(tzinfo=UTC),
                    TS17.replace(tzinfo=UTC)],
    "string": ["A", "öäü€ 16 characters and more", None, "", "plain"],
    "uuid": [uuid.UUID(int=0), uuid.UUID(bytes=b"\xff" * 16), None, uuid.UUID(bytes=b"\x80" * 16),
             uuid.UUID(bytes=b"\x41" * 16)],
    "binary": [b"\0", b"\xfe" * 20, None, b"", b"bytes"],
    "longs": [[-(2**63)], [1, None, 3], None, [], [None]],
    "strings": [[], ["", "ö"], None, [None, None], ["x"]],
    "decimals": [[Decimal(-N38)], [Decimal(N38 - 1)], None, [Decimal(N38 - 3)], [Decimal(N38 - 4)]],
    "nothing": [None] * 5,
    "nan": [math.nan] * 5,
}
PHYSICAL = {
    "decimal9": "INT32", "decimal18": "INT64", "decimal20": "FIXED_LEN_BYTE_ARRAY", "decimal38": "FIXED_LEN_BYTE_ARRAY",
    "uuid": "FIXED_LEN_BYTE_ARRAY", "time": "INT64", "timestamp": "INT64", "timestamptz": "INT64", "date": "INT32",
}
failures = []


def check(what, got, wanted):
    if not same(got, wanted):
        failures.append(f"{what}: got {got!r}, expected {wanted!r}")


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a == b


def check_pyarrow(path):
    file = pq.ParquetFile(path)
    schema = file.schema_arrow
    check("columns", schema.names, list(EXPECTED))
    for i, field in enumerate(schema):
        check(f"field id of {field.name}", int(field.metadata[b"PARQUET:field_id"]), i + 1)
        if pa.types.is_list(field.type):
            element = field.type.value_field
            check(f"element id of {field.name}", int(element.metadata[b"PARQUET:field_id"]), 101 + i)
        check(f"nullability of {field.name}", field.nullable, field.name != "id")
    check("timestamp", schema.field("timestamp").type, pa.timestamp("us"))
    check("timestamptz", schema.field("timestamptz").type, pa.timestamp("us", "UTC"))
    for i in range(len(file.schema)):
        column = file.schema.column(i)
        if column.name in PHYSICAL:
            check(f"physical type of {column.name}", column.physical_type, PHYSICAL[column.name])
        if column.name == "decimal20":
            check("bytes of decimal20", column.length, 9)
    table = file.read()
    for name, wanted in EXPECTED.items():
        check(f"pyarrow {name}", table.column(name).to_pylist(), wanted)


def check_duckdb(path):
    con = duckdb.connect()
    # As a Python value, a timestamptz would need the module pytz.
    con.execute("SELECT * REPLACE (epoch_us(timestamptz) AS timestamptz) FROM read_parquet(?) ORDER BY id", [path])
    names = [d[0] for d in con.description]
    for name, got in zip(names, zip(*con.fetchall())):
        wanted = EXPECTED[name]
        if name == "timestamptz":
            wanted = [None if v is None else serial(v) for v in wanted]
        check(f"duckdb {name}", list(got), wanted)


ICEBERG = {
    "id": it.LongType(), "boolean": it.BooleanType(), "int": it.IntegerType(), "long": it.LongType(),
    "float": it.FloatType(), "double": it.DoubleType(), "decimal9": it.DecimalType(9, 2),
    "decimal18": it.DecimalType(18, 0), "decimal20": it.DecimalType(20, 5), "decimal38": it.DecimalType(38, 38),
    "date": it.DateType(), "time": it.TimeType(), "timestamp": it.TimestampType(),
    "timestamptz": it.TimestamptzType(), "string": it.StringType(), "uuid": it.UUIDType(), "binary": it.BinaryType(),
    "nan": it.DoubleType(),
}


def serial(value):
    """Python value -> what pyiceberg's from_bytes gives."""
    if isinstance(value, dt.datetime):
        base = dt.datetime(1970, 1, 1, tzinfo=value.tzinfo)
        return (value - base) // dt.timedelta(microseconds=1)
    if isinstance(value, dt.date):
        return (value - EPOCH_DAY).days
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, dt.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
    return value


def check_metrics(path, metrics):
    check("file size", metrics["file_size_in_bytes"], len(open(path, "rb").read()))
    check("rows", metrics["record_count"], 5)
    file = pq.ParquetFile(path)
    group = file.metadata.row_group(0)
    first = group.column(0)
    check("split offsets", metrics["split_offsets"], [first.dictionary_page_offset or first.data_page_offset])
    for i, (name, values) in enumerate(EXPECTED.items()):
        chunk = group.column(i)
        nested = any(isinstance(v, list) for v in values)
        key = str(101 + i if nested else 1 + i)
        check(f"column size of {name}", metrics["column_sizes"][key], chunk.total_compressed_size)
        check(f"value count of {name}", metrics["value_counts"][key], chunk.num_values)
        nulls = sum(v is None for v in values)
        if nested:
            nulls = sum(1 if not v else sum(x is None for x in v) for v in values)
        check(f"null count of {name}", metrics["null_value_counts"][key], nulls)
        if chunk.statistics is not None and chunk.statistics.has_null_count:
            check(f"parquet null count of {name}", chunk.statistics.null_count, nulls)
        floats = name in ("float", "double", "nan")
        check(f"NaN counts of {name}", metrics["nan_value_counts"].get(key),
              sum(isinstance(v, float) and math.isnan(v) for v in values) if floats else None)
        kept = [serial(v) for v in values if v is not None and v == v]
        lower, upper = metrics["lower_bounds"].get(key), metrics["upper_bounds"].get(key)
        if nested or not kept or name == "uuid":  # of uuids Iceberg's Java library has another order
            check(f"no Parquet bounds for {name}", name == "uuid" and chunk.statistics.has_min_max, False)
            check(f"no bounds for {name}", (lower, upper), (None, None))
            continue
        wanted_low, wanted_high = min(kept), max(kept)
        if name == "string":
            wanted_high = EXPECTED["string"][1][:15] + chr(ord(EXPECTED["string"][1][15]) + 1)
        if name == "binary":
            wanted_high = b"\xfe" * 15 + b"\xff"
        check(f"lower bound of {name}", from_bytes(ICEBERG[name], bytes.fromhex(lower)), wanted_low)
        check(f"upper bound of {name}", from_bytes(ICEBERG[name], bytes.fromhex(upper)), wanted_high)


def main():
    path = sys.argv[1]
    check_pyarrow(path)
    check_duckdb(path)
    with open(sys.argv[2]) as f:
        check_metrics(path, json.load(f))
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


main()
