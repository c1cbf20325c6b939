"""The Iceberg sink of Kafka Connect, in a standalone worker. It appends every change; nothing is updated or deleted."""
import json
import os
import time
import urllib.error
import urllib.request

import downloads
import lake
from peer import Failed, Peer

KAFKA, ICEBERG, HADOOP = "4.3.1", "1.11.0", "3.4.2"
REST = 20083
# The sink answers to a commit only when its consumer's poll returns: with no more records after offset.flush.interval.ms,
# 60 s by default, by when the commit has timed out.
WORKER = """
bootstrap.servers={bootstrap}
listeners=http://127.0.0.1:{rest}
plugin.path={folder}/plugins
plugin.discovery=service_load
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=false
offset.storage.file.filename={folder}/offsets
offset.flush.interval.ms=1000
"""


class Connect(Peer):
    name = "connect"
    version = f"Kafka Connect {KAFKA}, Iceberg sink {ICEBERG}"
    # What a reader has to decode: the sink leaves Debezium's encodings as they are.
    view = """SELECT id, student_no, first_name, last_name, email, DATE '1970-01-01' + CAST(birth_date AS INTEGER) AS birth_date,
        gender, program_id, CAST('0x' || hex(from_base64(gpa)) AS INTEGER) / 100 AS gpa, active,
        make_timestamp(enrolled_at) AS enrolled_at, updated_at FROM {table}"""

    def prepare(self):
        self.worker_jars = downloads.jars(f"kafka-{KAFKA}", f"org.apache.kafka:kafka_2.13:{KAFKA}",
                                          f"org.apache.kafka:kafka-tools:{KAFKA}",
                                          "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4")
        self.sink_jars = downloads.jars(f"connect-iceberg-{ICEBERG}",
                                        *(f"org.apache.iceberg:{name}:{ICEBERG}" for name in (
                                            "iceberg-kafka-connect", "iceberg-kafka-connect-transforms", "iceberg-parquet",
                                            "iceberg-orc")),
                                        f"org.apache.hadoop:hadoop-client-api:{HADOOP}",
                                        f"org.apache.hadoop:hadoop-client-runtime:{HADOOP}")

    def sink(self):
        name = f"peers-{int(time.time())}"
        return {"name": name, "connector.class": "org.apache.iceberg.connect.IcebergSinkConnector", "tasks.max": "1",
                "topics": self.bench.topic, "transforms": "unwrap",
                "transforms.unwrap.type": "org.apache.iceberg.connect.transforms.DebeziumTransform",
                "iceberg.tables": "university.students", "iceberg.tables.auto-create-enabled": "true",
                "iceberg.tables.auto-create-props.format-version": "2", "iceberg.tables.evolve-schema-enabled": "true",
                "iceberg.catalog.type": "hadoop", "iceberg.catalog.warehouse": f"file://{self.folder}/warehouse",
                "iceberg.control.topic": f"control-{name}", "iceberg.control.commit.interval-ms": "10000",
                "iceberg.kafka.bootstrap.servers": self.bench.bootstrap}

    def configure(self):
        plugin = os.path.join(self.folder, "plugins/iceberg")
        os.makedirs(plugin)
        for jar in self.sink_jars:
            os.symlink(jar, os.path.join(plugin, os.path.basename(jar)))
        with open(os.path.join(self.folder, "worker.properties"), "w", encoding="utf-8") as file:
            file.write(WORKER.format(bootstrap=self.bench.bootstrap, rest=REST, folder=self.folder))
        with open(os.path.join(self.folder, "sink.json"), "w", encoding="utf-8") as file:
            settings = self.sink()
            json.dump({"name": settings["name"], "config": settings}, file)
        with open(os.path.join(self.folder, "log4j2.properties"), "w", encoding="utf-8") as file:
            file.write("rootLogger.level = INFO\nrootLogger.appenderRef.out.ref = out\nappender.out.type = Console\n"
                       "appender.out.name = out\nappender.out.layout.type = PatternLayout\n"
                       "appender.out.layout.pattern = %d %p %c %m%n\n")

    def launch(self):
        self.process = self.processes.spawn(
            ["java", "-Xms256m", "-Xmx2g", "-XX:+UseG1GC", f"-Dlog4j2.configurationFile={self.folder}/log4j2.properties",
             "-cp", ":".join(self.worker_jars), "org.apache.kafka.connect.cli.ConnectStandalone",
             os.path.join(self.folder, "worker.properties"), os.path.join(self.folder, "sink.json")], self.log("connect"))

    def wait(self, deadline):
        """It never ends by itself: done when every record that is not a tombstone is in the table."""
        log = self.log("connect")
        if not self.until("start", lambda: "RUNNING" in self._states(), deadline, self.process, log):
            return False
        self.processes.ready()
        self.ask_again, self.failed = 0, False
        return self.until("run", self._all_there, deadline, self.process, log)

    def _all_there(self):
        if time.monotonic() > self.ask_again:
            self.ask_again = time.monotonic() + 2
            self.failed = "FAILED" in self._states()
        if self.failed:
            raise Failed(f"{self.name}: the task has failed; see {self.log('connect')}")
        metadata = self.metadata()
        return metadata is not None and int(lake.summary(metadata).get("total-records", 0)) >= self.bench.rows_appended

    def _states(self):
        """Of the connector's tasks."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{REST}/connectors?expand=status", timeout=5) as answer:
                connectors = json.load(answer).values()
            return [task["state"] for connector in connectors for task in connector["status"]["tasks"]]
        except (urllib.error.URLError, OSError, ValueError, KeyError):
            return []

    def metadata(self):
        return lake.hadoop_metadata(os.path.join(self.folder, "warehouse/university/students"))
