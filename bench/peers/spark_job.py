"""The job of spark.py: spark_job.py BOOTSTRAP TOPIC FOLDER MODE. Writes FOLDER/session when Spark is there, FOLDER/done at the
topic's end, and waits to be stopped."""
import os
import signal
import sys

from pyspark.sql import SparkSession

BATCH = 200_000
EVENT = ("op STRING, after STRUCT<student_no STRING, first_name STRING, last_name STRING, email STRING, birth_date INT, "
         "gender STRING, program_id INT, gpa BINARY, active BOOLEAN, enrolled_at BIGINT, updated_at TIMESTAMP>")
TABLE = """CREATE TABLE lake.university.students (
  id BIGINT, student_no STRING, first_name STRING, last_name STRING, email STRING, birth_date DATE, gender STRING, program_id INT,
  gpa DECIMAL(3, 2), active BOOLEAN, enrolled_at TIMESTAMP_NTZ, updated_at TIMESTAMP) USING iceberg
  TBLPROPERTIES ('format-version' = '2', 'write.merge.mode' = '{mode}', 'write.update.mode' = '{mode}', 'write.delete.mode' = '{mode}')"""
# The last change of each key of a batch; a tombstone follows the delete that it belongs to.
LAST = """SELECT id, max_by(struct(event.op AS op, event.after AS a), offset) AS e
  FROM (SELECT CAST(get_json_object(CAST(key AS STRING), '$.id') AS BIGINT) AS id, offset,
               from_json(CAST(value AS STRING), '{event}') AS event
        FROM records WHERE value IS NOT NULL) GROUP BY id"""
# numeric(3,2) is Debezium's unscaled big-endian number; none of them is negative.
ROWS = """SELECT id, e.op AS op, e.a.student_no, e.a.first_name, e.a.last_name, e.a.email, date_from_unix_date(e.a.birth_date)
  AS birth_date, e.a.gender, e.a.program_id, CAST(CAST(conv(hex(e.a.gpa), 16, 10) AS INT) / 100 AS DECIMAL(3, 2)) AS gpa,
  e.a.active, CAST(timestamp_micros(e.a.enrolled_at) AS TIMESTAMP_NTZ) AS enrolled_at, e.a.updated_at FROM last"""
MERGE = """MERGE INTO lake.university.students t USING changes s ON t.id = s.id
  WHEN MATCHED AND s.op = 'd' THEN DELETE
  WHEN MATCHED THEN UPDATE SET {assignments}
  WHEN NOT MATCHED AND s.op <> 'd' THEN INSERT ({columns}) VALUES ({values})"""


def session(folder):
    settings = {"spark.jars": os.environ["CDC_SPARK_JARS"], "spark.driver.bindAddress": "127.0.0.1",
                "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC",
                "spark.driver.memory": "2g", "spark.sql.shuffle.partitions": "2", "spark.local.dir": f"{folder}/tmp",
                "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
                "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
                "spark.sql.catalog.lake.type": "hadoop", "spark.sql.catalog.lake.warehouse": f"file://{folder}/warehouse"}
    builder = SparkSession.builder.master("local[2]").appName("peers")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def merge(batch, _):
    spark = batch.sparkSession
    batch.createOrReplaceTempView("records")
    spark.sql(LAST.format(event=EVENT)).createOrReplaceTempView("last")
    changes = spark.sql(ROWS)
    changes.createOrReplaceTempView("changes")
    columns = [name for name in changes.columns if name != "op"]
    spark.sql(MERGE.format(assignments=", ".join(f"t.{c} = s.{c}" for c in columns), columns=", ".join(columns),
                           values=", ".join(f"s.{c}" for c in columns)))


def touch(path):
    with open(path, "w", encoding="utf-8"):
        pass


def main():
    bootstrap, topic, folder, mode = sys.argv[1:5]
    spark = session(folder)
    spark.sparkContext.setLogLevel("WARN")
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.university")
    spark.sql(TABLE.format(mode=mode))
    touch(f"{folder}/session")
    records = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", bootstrap).option("subscribe", topic)
               .option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", BATCH).load())
    query = (records.writeStream.foreachBatch(merge).option("checkpointLocation", f"file://{folder}/checkpoint")
             .trigger(availableNow=True).start())
    query.awaitTermination()
    touch(f"{folder}/done")
    signal.pause()  # What it took is read from the living processes.


main()
