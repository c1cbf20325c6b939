"""spark_read.py METADATA.json [TARGET.parquet]: how long Spark takes to read an Iceberg table, as one JSON line on stdout; and
its rows in one Parquet file."""
import json
import os
import statistics
import sys
import time

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from judge import COLUMNS, POINTS, SCANS


def session():
    settings = {"spark.jars": os.environ["CDC_SPARK_JARS"], "spark.driver.bindAddress": "127.0.0.1",
                "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC",
                "spark.driver.memory": "2g", "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
                "spark.sql.shuffle.partitions": "2"}
    builder = SparkSession.builder.master("local[2]").appName("reads")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def timed(spark, query):
    started = time.perf_counter()
    spark.sql(query).collect()
    return (time.perf_counter() - started) * 1000


def main():
    spark = session()
    rows = spark.read.format("iceberg").load(sys.argv[1])
    rows.createOrReplaceTempView("t")
    scan = "SELECT count(*), " + ", ".join(f"max({name}), count({name})" for name in COLUMNS) + " FROM t"
    # The first ones compile code and load classes.
    scans = [timed(spark, scan) for _ in range(SCANS + 2)][2:]
    points = [timed(spark, f"SELECT * FROM t WHERE id = {key}") for key in POINTS[:2] + POINTS][2:]
    if len(sys.argv) > 2:
        parts = sys.argv[2] + ".parts"
        rows.coalesce(1).write.mode("overwrite").parquet(parts)
        pq.write_table(pq.read_table(parts), sys.argv[2])
    spark.stop()
    print(json.dumps({"spark_scan_ms": statistics.median(scans), "spark_point_ms": statistics.median(points)}))


main()
