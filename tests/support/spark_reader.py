"""Spark as one more reader, for scripts/verify-spark.sh: needs pyspark and, in CDC_SPARK_JARS, Iceberg's runtime for it.

It reads by the metadata file, through Iceberg's Java library. Tables with a `time` column cannot be read: Spark has no such
type.
"""
import functools
import os

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from pg_text import comparable_float, comparable_text


@functools.lru_cache(maxsize=1)
def session():
    spark = (SparkSession.builder.master("local[2]").appName("verify")
             .config("spark.jars", os.environ["CDC_SPARK_JARS"])
             .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
             .config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def read_with_spark(table, kinds):
    """{column: [comparable values]} as lake_readers.py gives them."""
    frame = session().read.format("iceberg").load(table.metadata_location.removeprefix("file://"))
    types = {field.name: field.dataType for field in frame.schema.fields}
    rows = frame.select(*[_as_numbers(F.col(f"`{name}`"), kind).alias(name) for name, kind in types.items()]).collect()
    return {name: [_comparable(row[i], kind, kinds.get(name)) for row in rows] for i, (name, kind) in enumerate(types.items())}


def _as_numbers(column, kind):
    """Python's dates end at the year 9999 and know no time zones: days and microseconds since 1970 instead."""
    if isinstance(kind, T.ArrayType):
        return F.transform(column, lambda item: _as_numbers(item, kind.elementType))
    if isinstance(kind, T.DateType):
        return F.datediff(column, F.lit("1970-01-01").cast("date"))
    if isinstance(kind, (T.TimestampType, T.TimestampNTZType)):
        return F.unix_micros(column.cast("timestamp"))
    return column


def _comparable(value, kind, how):
    if value is None:
        return None
    if isinstance(kind, T.ArrayType):
        return tuple(_comparable(item, kind.elementType, how) for item in value)
    if isinstance(kind, (T.FloatType, T.DoubleType)):
        return comparable_float(value, 32 if isinstance(kind, T.FloatType) else 64)
    if isinstance(kind, T.BinaryType):
        return bytes(value)
    return comparable_text(value, how) if isinstance(kind, T.StringType) else value
