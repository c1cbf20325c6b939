"""Flink SQL: a session cluster of one job manager and one task manager, and the job of flink.sql until the topic's end."""
import glob
import json
import os
import subprocess
import time
import urllib.error
import urllib.request

import downloads
from lake import hadoop_metadata
from peer import Failed, Peer

FLINK, ICEBERG, KAFKA = "1.20.5", "1.11.0", "3.4.0-1.20"
REST = 20081
HERE = os.path.dirname(os.path.abspath(__file__))
# Keyed state (the table's last rows) is kept in the heap, so that gets most of the memory.
CONF = """
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: 20123
jobmanager.bind-host: 127.0.0.1
jobmanager.memory.process.size: 1600m
blob.server.port: 20124
taskmanager.bind-host: 127.0.0.1
taskmanager.host: 127.0.0.1
taskmanager.numberOfTaskSlots: 2
taskmanager.memory.process.size: 2048m
taskmanager.memory.managed.fraction: 0.1
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: {rest}
execution.target: remote
parallelism.default: 2
table.local-time-zone: UTC
state.backend.type: hashmap
execution.checkpointing.interval: 10s
execution.checkpointing.dir: file://{folder}/checkpoints
io.tmp.dirs: {folder}/tmp
"""
OPENS = [word for package in ("java.lang", "java.net", "java.io", "java.nio", "java.lang.reflect", "java.text", "java.time",
                              "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks",
                              "sun.nio.ch")
         for word in ("--add-opens", f"java.base/{package}=ALL-UNNAMED")]


class Flink(Peer):
    """Upsert mode: every row that is written also deletes its key by an equality delete."""

    name = "flink"
    version = f"Flink {FLINK}, Iceberg {ICEBERG}"
    upsert, where = "true", ""

    def prepare(self):
        home = downloads.wheel(os.path.join(downloads.CACHE, f"flink-libraries-{FLINK}"), f"apache-flink-libraries=={FLINK}",
                               "--no-deps")
        connectors = downloads.jars(f"flink-iceberg-{ICEBERG}", f"org.apache.iceberg:iceberg-flink-runtime-1.20:{ICEBERG}",
                                    f"org.apache.flink:flink-connector-kafka:{KAFKA}",
                                    f"org.apache.flink:flink-connector-base:{FLINK}", "org.apache.kafka:kafka-clients:3.9.1",
                                    "org.apache.hadoop:hadoop-client-api:3.3.6",
                                    "org.apache.hadoop:hadoop-client-runtime:3.3.6")
        base = sorted(glob.glob(os.path.join(home, "pyflink/lib/*.jar")))
        made = os.path.join(self.bench.work, "java")
        os.makedirs(made, exist_ok=True)
        sources = [os.path.join(HERE, "java", name) for name in ("Decoding.java", "Submit.java")]
        own = downloads.compiled(sources, "peers.jar", base, made)
        self.classpath = ":".join([*base, *connectors, own])
        self.sizes_classpath = ":".join([*glob.glob(os.path.join(home, "pyflink/bin/bash-java-utils.jar")), *base])

    def configure(self):
        for name in ("conf", "tmp", "checkpoints", "warehouse"):
            os.makedirs(os.path.join(self.folder, name))
        with open(os.path.join(self.folder, "conf/config.yaml"), "w", encoding="utf-8") as file:
            file.write(CONF.format(rest=REST, folder=self.folder))
        with open(os.path.join(self.folder, "conf/log4j2.properties"), "w", encoding="utf-8") as file:
            file.write("rootLogger.level = INFO\nrootLogger.appenderRef.out.ref = out\nappender.out.type = Console\n"
                       "appender.out.name = out\nappender.out.layout.type = PatternLayout\n"
                       "appender.out.layout.pattern = %d %p %c %m%n\n")
        with open(os.path.join(HERE, "flink.sql"), encoding="utf-8") as file:
            sql = file.read()
        for name, value in {"TOPIC": self.bench.topic, "BOOTSTRAP": self.bench.bootstrap, "UPSERT": self.upsert,
                            "WHERE": self.where, "WAREHOUSE": os.path.join(self.folder, "warehouse")}.items():
            sql = sql.replace(f"@{name}@", value)
        with open(os.path.join(self.folder, "job.sql"), "w", encoding="utf-8") as file:
            file.write(sql)
        self.job_memory, _ = self._memory("GET_JM_RESOURCE_PARAMS")
        self.task_memory, self.task_options = self._memory("GET_TM_RESOURCE_PARAMS")

    def _memory(self, what):
        """The options of a JVM and of its main class, worked out as Flink's start scripts do."""
        done = subprocess.run(["java", "-cp", self.sizes_classpath, "org.apache.flink.runtime.util.bash.BashJavaUtils", what,
                               "--configDir", os.path.join(self.folder, "conf")], check=True, capture_output=True, text=True)
        mark = "BASH_JAVA_UTILS_EXEC_RESULT:"
        lines = [line.split(mark, 1)[1].split() for line in done.stdout.splitlines() if mark in line]
        return lines[0], lines[1] if len(lines) > 1 else []

    def _java(self, name, main, options, arguments):
        return self.processes.spawn(
            ["java", *options, *OPENS, f"-Dlog4j2.configurationFile={self.folder}/conf/log4j2.properties", "-cp", self.classpath,
             main, *arguments], self.log(name), env={"FLINK_CONF_DIR": os.path.join(self.folder, "conf")})

    def launch(self):
        where = ["--configDir", os.path.join(self.folder, "conf")]
        package = "org.apache.flink.runtime"
        self.jobs = self._java("jobmanager", f"{package}.entrypoint.StandaloneSessionClusterEntrypoint", self.job_memory,
                               [*where, "--executionMode", "cluster"])
        self.tasks = self._java("taskmanager", f"{package}.taskexecutor.TaskManagerRunner", ["-XX:+UseG1GC", *self.task_memory],
                                [*where, *self.task_options])

    def wait(self, deadline):
        log = self.log("taskmanager")
        if not self.until("start", lambda: self._rest("/overview").get("slots-total", 0) > 0, deadline, self.tasks, log):
            return False
        client = self._java("client", "Submit", ["-Xmx512m"], [os.path.join(self.folder, "job.sql")])
        if not self.until("submit", lambda: self._state() in ("RUNNING", "FINISHED"), deadline, client, self.log("client")):
            return False
        self.processes.ready()
        return self.until("run", self._finished, deadline, self.tasks, log)

    def _finished(self):
        state = self._state()
        if state in ("FAILED", "FAILING", "CANCELED", "RESTARTING"):
            raise Failed(f"{self.name}: the job is {state}; see {self.log('jobmanager')}")
        return state == "FINISHED"

    def _state(self):
        jobs = self._rest("/jobs/overview").get("jobs", [])
        return jobs[0]["state"] if jobs else None

    def _rest(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{REST}{path}", timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError, ValueError):
            time.sleep(0.1)
            return {}

    def metadata(self):
        return hadoop_metadata(os.path.join(self.folder, "warehouse/university/students"))


class FlinkChangelog(Flink):
    """Not upsert mode: the job knows which rows were there before, and deletes only those."""

    name = "flink-changelog"
    upsert, where = "false", "WHERE op <> 'd'"
