#!/usr/bin/env python3
"""Many tables at once: how fast stub jobs are started, and how long a change in each of 1,000 tables takes.

  bench/orchestrator/many.py --bootstrap HOST:PORT [--tables 1000] [--bin build/release/bin]

The topics must exist (Topics.java). Workers of the second part are real, storage is local, limits are the defaults."""

import argparse
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import time

from bed import Bed, ROOT, say, table
from known import change, ends_of, produce


def seconds_between(first, last):
    """Of two log lines; hours do not matter here."""
    at = [re.search(r"T(\d+):(\d+):([\d.]+)Z", line).groups() for line in (first, last)]
    minutes = [60 * int(h) + int(m) for h, m, _ in at]
    return 60 * (minutes[1] - minutes[0]) + float(at[1][2]) - float(at[0][2])


def children_cpu():
    """Of all processes this one has waited for, the orchestrator's included."""
    times = os.times()
    return times.children_user + times.children_system


def launches(args, folder, names):
    stub = os.path.join(args.bin, "..", "tests", "stub_worker")
    bed = Bed(folder, args.bin, args.bootstrap, names, defaults='job = "once"\n', workers={"once": stub})
    bed.start()
    try:
        bed.until(lambda: bed.log().count("Job finished for") >= len(names), 120, 0.1)
        used = bed.cpu()
    finally:
        bed.stop()
    lines = bed.log().splitlines()
    started = [line for line in lines if "triggered job for" in line]
    span = seconds_between(started[0], started[len(names) - 1])
    say("orchestrator.launch.rate", (len(names) - 1) / span, "jobs/s", goal=">= 100", jobs=len(names),
        orchestrator_ms_per_job=round(1000 * used / len(names), 2))


class Waiting:
    """Tables whose newest snapshot is not at their topic's end yet."""

    def __init__(self, folder, names, end):
        self.names, self.end, self.file = set(names), end, os.path.join(folder, "catalog.db")

    def over(self):
        try:
            catalog = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=5)
            rows = catalog.execute("SELECT table_name, metadata_location FROM iceberg_tables").fetchall()
            catalog.close()
        except sqlite3.OperationalError:
            return False
        for name, location in rows:
            if name in self.names and self.offset(location) >= self.end[name]:
                self.names.remove(name)
        return not self.names

    def offset(self, location):
        try:
            with open(location.removeprefix("file://")) as file:
                snapshots = json.load(file).get("snapshots", [])
        except FileNotFoundError:  # followed by another meanwhile
            return -1
        offsets = snapshots[-1]["summary"].get("cdc.offsets") if snapshots else None
        return next(iter(json.loads(offsets).values()))["0"] if offsets else -1


def commits(args, folder, names):
    ends = args.ends
    bed = Bed(folder, args.bin, args.bootstrap, names, limits="max_jobs = 16\n")
    before = children_cpu()
    begun = bed.start()
    try:
        bed.until(Waiting(folder, names, ends).over, 600, 0.25)
        say("orchestrator.thousand.first", time.monotonic() - begun, "s", tables=len(names))
        time.sleep(max(0, 33 - (time.monotonic() - begun)))  # the rate limit of the last ones
        produce(args, [change(name) for name in names])
        begun = time.monotonic()
        bed.until(Waiting(folder, names, {name: end + 1 for name, end in ends.items()}).over, 600, 0.25)
        took = time.monotonic() - begun
        own = bed.cpu()
    finally:
        bed.stop()
    say("orchestrator.thousand.changes", took, "s", goal="<= 60", tables=len(names), orchestrator_cpu=round(own, 1))
    runs = bed.log().count("Job finished for")
    say("orchestrator.thousand.cpu", (children_cpu() - before) * 1000 / runs, "ms/run", runs=runs)


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--bootstrap", required=True)
    parse.add_argument("--tables", type=int, default=1_000)
    parse.add_argument("--first", type=int, default=0, help="number of the first table")
    parse.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parse.add_argument("--keep", help="where to leave the orchestrator's log")
    args = parse.parse_args()
    names = [table(i) for i in range(args.first, args.first + args.tables)]
    args.ends = ends_of(args, names)
    for part in launches, commits:
        folder = tempfile.mkdtemp(prefix="cdc_bench_")
        try:
            part(args, folder, names)
        finally:
            if args.keep:
                shutil.copy(os.path.join(folder, "out"), f"{args.keep}.{part.__name__}")
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
