"""Spark as one more reader, for scripts/verify-spark.sh: needs pyspark and, in CDC_SPARK_JARS, Iceberg's runtime for it.

It reads through Iceberg's Java library: by the metadata file, or through the REST catalog that a table is in, whose objects
it reaches by AWS_*. Tables with a `time` column cannot be read: Spark has no such type.
"""
import functools
import os

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from pg_text import comparable_float, comparable_text


@functools.lru_cache(maxsize=1)
def session(rest_uri):
    settings = {"spark.jars": os.environ["CDC_SPARK_JARS"], "spark.driver.bindAddress": "127.0.0.1",
                "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC",
                "spark.driver.memory": "900m"}
    if rest_uri:
        catalog = "spark.sql.catalog.lake"
        settings |= {catalog: "org.apache.iceberg.spark.SparkCatalog", catalog + ".type": "rest", catalog + ".uri": rest_uri,
                     catalog + ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO", catalog + ".cache-enabled": "false",
                     catalog + ".s3.endpoint": os.environ["AWS_ENDPOINT_URL"], catalog + ".s3.path-style-access": "true",
                     catalog + ".s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
                     catalog + ".s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"],
                     catalog + ".client.region": os.environ["AWS_REGION"]}
    builder = SparkSession.builder.master("local[2]").appName("verify")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def _frame(table):
    uri = table.catalog.properties.get("uri", "")
    if not uri.startswith("http"):
        return session("").read.format("iceberg").load(table.metadata_location.removeprefix("file://"))
    name_space, name = table.name()[-2:]
    return session(uri).read.table(f"lake.`{name_space}`.`{name}`")


def read_with_spark(table, kinds):
    """{column: [comparable values]} as lake_readers.py gives them."""
    frame = _frame(table)
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
