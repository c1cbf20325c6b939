"""Spark Structured Streaming: micro-batches of the topic, each merged into the table (spark_job.py)."""
import json
import os
import subprocess
import sys

import downloads
from lake import hadoop_metadata
from peer import Peer

SPARK, ICEBERG = "3.5.7", "1.10.1"
HERE = os.path.dirname(os.path.abspath(__file__))
KAFKA_JARS = ("spark-sql-kafka", "spark-token-provider-kafka", "kafka-clients", "commons-pool2")


def environment(root):
    """As scripts/verify-spark.sh downloads it."""
    python = os.path.join(root, "build/spark/python")
    if not os.path.isdir(os.path.join(python, "pyspark")):
        downloads.wheel(python, f"pyspark=={SPARK}")
    jars = [jar for jar in downloads.jars(f"spark-iceberg-{ICEBERG}",
                                          f"org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:{ICEBERG}",
                                          f"org.apache.spark:spark-sql-kafka-0-10_2.12:{SPARK}")
            if os.path.basename(jar).startswith(("iceberg-spark-runtime", *KAFKA_JARS))]
    return {"PYTHONPATH": python, "PYSPARK_PYTHON": sys.executable, "CDC_SPARK_JARS": ",".join(jars)}


def read(metadata, bench, copy=None):
    """Spark's times for an Iceberg table; its rows as a Parquet file `copy`."""
    done = subprocess.run([sys.executable, os.path.join(HERE, "spark_read.py"), metadata, *([copy] if copy else [])],
                          env={**os.environ, **environment(bench.root)}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"spark_read.py: {done.stderr.strip()[-800:]}")
    return json.loads(done.stdout.splitlines()[-1])


class Spark(Peer):
    """MERGE as merge-on-read: updates and deletes are position deletes."""

    name = "spark"
    version = f"Spark {SPARK}, Iceberg {ICEBERG}"
    mode = "merge-on-read"

    def prepare(self):
        self.env = environment(self.bench.root)

    def launch(self):
        self.process = self.processes.spawn(
            [sys.executable, os.path.join(HERE, "spark_job.py"), self.bench.bootstrap, self.bench.topic, self.folder, self.mode],
            self.log("spark"), env=self.env)

    def wait(self, deadline):
        log = self.log("spark")
        session = os.path.join(self.folder, "session")
        if not self.until("start", lambda: os.path.exists(session), deadline, self.process, log):
            return False
        self.processes.ready()
        done = os.path.join(self.folder, "done")
        return self.until("run", lambda: os.path.exists(done), deadline, self.process, log)

    def metadata(self):
        return hadoop_metadata(os.path.join(self.folder, "warehouse/university/students"))


class SparkCopyOnWrite(Spark):
    """MERGE as Iceberg does it by default: files with changed rows are written anew."""

    name = "spark-cow"
    mode = "copy-on-write"
