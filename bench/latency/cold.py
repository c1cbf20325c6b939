#!/usr/bin/env python3
"""Change produced -> visible in a committed snapshot, by the clock of one process.

  bench/latency/cold.py --bootstrap HOST:PORT [--lake local|rest] [--tables 20] [--tries 100] [--bin build/release/bin]
  bench/latency/cold.py … --warm     the table's worker runs already

Visible: the catalog names metadata whose newest snapshot has the change's offset. SQLite is asked every 2 ms, a REST
catalog every 10 ms. A try waits until its table's worker has left (cold) or has committed (warm)."""

import argparse
import ctypes
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
import sqlite3

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "orchestrator"))
from bed import Bed, ROOT, say, table  # noqa: E402


class LocalLake:
    pause = 0.002

    def __init__(self, folder):
        self.file = os.path.join(folder, "catalog.db")
        self.rest = ""

    def metadata(self, name):
        try:
            catalog = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=5)
            query = "SELECT metadata_location FROM iceberg_tables WHERE table_name = ?"
            row = catalog.execute(query, (name,)).fetchone()
            catalog.close()
        except sqlite3.OperationalError:  # not made yet
            return None
        if not row:
            return None
        with open(row[0].removeprefix("file://")) as file:
            return json.load(file)


class RestLake:
    pause = 0.01

    def __init__(self, uri, endpoint):
        self.uri = uri
        self.space = f"bench{os.getpid()}"
        self.rest = (f'[catalog]\ntype = "rest"\nuri = "{uri}"\nnamespace = "{self.space}"\n'
                     f'[storage]\nendpoint = "{endpoint}"\naccess_key_id = "admin"\nsecret_access_key = "password"\n')

    def metadata(self, name):
        try:
            with urllib.request.urlopen(f"{self.uri}/v1/namespaces/{self.space}/tables/{name}") as answer:
                return json.load(answer)["metadata"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise


def next_offset(metadata, topic):
    """Of the newest snapshot that has one; -1: nothing was committed."""
    for snapshot in reversed((metadata or {}).get("snapshots", [])):
        if offsets := snapshot["summary"].get("cdc.offsets"):
            return json.loads(offsets)[topic].get("0", -1)
    return -1


class Source:
    """A connected librdkafka producer in this process, so that nothing but the change itself is measured."""

    def __init__(self, args):
        self.prefix = f"lat{os.getpid()}"
        self.serial = 0
        self.topics, self.ends = {}, {}
        lib = self.lib = ctypes.CDLL("librdkafka.so.1")
        for name in ["rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_topic_new"]:
            getattr(lib, name).restype = ctypes.c_void_p
        conf = ctypes.c_void_p(lib.rd_kafka_conf_new())
        reason = ctypes.create_string_buffer(500)
        for name, value in {"bootstrap.servers": args.bootstrap, "linger.ms": "0"}.items():
            if lib.rd_kafka_conf_set(conf, name.encode(), value.encode(), reason, len(reason)) != 0:
                raise SystemExit(reason.value.decode())
        self.client = ctypes.c_void_p(lib.rd_kafka_new(0, conf, reason, len(reason)))

    def topic(self, name):
        return f"{self.prefix}.public.{name}"

    def connect(self, name):
        """Also makes the topic."""
        self.topics[name] = ctypes.c_void_p(self.lib.rd_kafka_topic_new(self.client, self.topic(name).encode(), None))
        self.change(name)
        if self.lib.rd_kafka_flush(self.client, 30_000) != 0:
            raise SystemExit(f"{self.topic(name)}: the change is not acknowledged")

    def change(self, name):
        self.serial += 1
        key = json.dumps({"id": self.serial % 7}).encode()
        now = int(time.time() * 1000)
        row = {"id": self.serial % 7, "name": "a name", "amount": self.serial, "note": "x" * 200}
        value = json.dumps({"before": None, "after": row, "op": "c", "ts_ms": now,
                            "source": {"schema": "public", "table": name, "ts_ms": now, "lsn": self.serial}}).encode()
        begun = time.monotonic()
        copy = 2
        self.lib.rd_kafka_produce(self.topics[name], 0, copy, value, ctypes.c_size_t(len(value)), key,
                                  ctypes.c_size_t(len(key)), None)
        self.ends[name] = self.ends.get(name, 0) + 1
        self.lib.rd_kafka_poll(self.client, 0)
        return begun


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(args, folder):
    lake = RestLake(args.catalog, args.endpoint) if args.lake == "rest" else LocalLake(folder)
    source = Source(args)
    names = [f"s{i:02d}" for i in range(args.tables)]
    idle = "600s" if args.warm else "100ms"
    bed = Bed(folder, args.bin, args.bootstrap, names, prefix=source.prefix, rest=lake.rest,
              limits=f'rate_limit = "0s"\nidle_timeout = "{idle}"\nmax_jobs = {max(16, args.tables)}\n',
              defaults=f'commit_interval = "{args.commit_interval}"\n')

    def visible(name):
        return next_offset(lake.metadata(name), source.topic(name)) >= source.ends[name]

    def once(name):
        begun = source.change(name)
        bed.until(lambda: visible(name), 60, lake.pause)
        return 1000 * (time.monotonic() - begun)

    def finished(name, count):
        return bed.log().count(f"Job finished for: {name}") >= count

    for name in names:
        source.connect(name)
    bed.start()
    bed.await_answer()
    values = []
    try:
        for name in names:
            bed.until(lambda: visible(name), 60, lake.pause)
        if not args.warm:
            bed.until(lambda: all(finished(n, 1) for n in names), 120, 0.05)
        time.sleep(3)
        for i in range(args.tries):
            name = names[i % len(names)]
            values.append(once(name))
            if args.warm:
                time.sleep(0.37)
            else:
                bed.until(lambda: finished(name, i // len(names) + 2), 60, 0.02)
                time.sleep(0.2)
    finally:
        bed.stop()
        if args.keep:
            shutil.copytree(folder, args.keep, dirs_exist_ok=True)
    kind = f"latency.{'warm' if args.warm else 'cold'}.{args.lake}"
    goal = {"warm": "<= commit_interval + 100"}.get("warm" if args.warm else "", "<= 600" if args.lake == "rest" else "<= 300")
    say(f"{kind}.median", statistics.median(values), "ms", goal=goal, tries=len(values), tables=args.tables,
        commit_interval=args.commit_interval)
    say(f"{kind}.p99", quantile(values, 0.99), "ms", goal="<= 600" if not args.warm and args.lake == "local" else "",
        least=round(min(values)), p90=round(quantile(values, 0.9)), most=round(max(values)))


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--bootstrap", required=True)
    parse.add_argument("--lake", choices=["local", "rest"], default="local")
    parse.add_argument("--catalog", default="http://127.0.0.1:8182")
    parse.add_argument("--endpoint", default="http://127.0.0.1:9000")
    parse.add_argument("--tables", type=int, default=20)
    parse.add_argument("--tries", type=int, default=100)
    parse.add_argument("--warm", action="store_true")
    parse.add_argument("--commit-interval", default="1s")
    parse.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parse.add_argument("--keep", help="where to leave the orchestrator's folder, for a look at its logs")
    args = parse.parse_args()
    folder = tempfile.mkdtemp(prefix="cdc_bench_")
    try:
        measure(args, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
