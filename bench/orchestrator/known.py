#!/usr/bin/env python3
"""What it costs to know many idle tables: memory, idle CPU, restart.

  bench/orchestrator/known.py --bootstrap HOST:PORT [--tables 10000] [--bin build/release/bin]

The topics must exist with one change each (bench/orchestrator/Topics.java)."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from bed import Bed, ROOT, say, table


def detected(bed, name):
    return f"operation on table: {name}" in bed.log()


def produce(args, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    subprocess.run([os.path.join(args.bin, "cdc"), "produce", "--bootstrap-servers", args.bootstrap, "--file", "-"],
                   input=text, text=True, check=True, capture_output=True)


def change(name):
    value = {"before": None, "after": {"id": 1, "v": 2}, "source": {"schema": "public", "table": name}, "op": "u", "ts_ms": 1}
    return {"topic": f"p.public.{name}", "key": '{"id":1}', "value": json.dumps(value)}


def ends_of(args, names):
    """Table -> end offset of its topic."""
    ends = {}
    for first in range(0, len(names), 1000):
        asked = [part for name in names[first:first + 1000] for part in ("-t", f"p.public.{name}:0:-1")]
        out = subprocess.run(["kcat", "-Q", "-b", args.bootstrap, *asked], capture_output=True, text=True).stdout
        for line in out.splitlines():
            topic, _, end = line.partition(" [0] offset ")
            ends[topic.rpartition(".")[2].strip()] = int(end)
    return ends


def measure(args, folder):
    names = [table(i) for i in range(args.tables)]
    stub = os.path.join(args.bin, "..", "tests", "stub_worker")
    bed = Bed(folder, args.bin, args.bootstrap, names, limits='rate_limit = "1s"\nidle_timeout = "300ms"\n',
              defaults='job = "commit"\n', workers={"commit": stub})
    bed.write_ledger(ends_of(args, names))
    begun = bed.start()
    try:
        bed.await_answer()
        say("orchestrator.restart.operators", time.monotonic() - begun, "s", tables=args.tables, goal="<= 2")
        time.sleep(args.settle)
        used, since = bed.cpu(), time.monotonic()
        time.sleep(args.seconds)
        share = 100 * (bed.cpu() - used) / (time.monotonic() - since)
        say("orchestrator.idle.cpu", share, "% of a core", tables=args.tables, goal="< 1", seconds=args.seconds)
        total, anonymous = bed.memory()
        say("orchestrator.idle.rss", total, "MB", tables=args.tables, goal="<= 60", anonymous=round(anonymous, 1))
        wakes(args, bed, names)
    finally:
        bed.stop()
    restart(args, bed, names)


def wakes(args, bed, names):
    """Change produced (and acknowledged) -> detected, for tables that were never touched, and for one that was."""
    seen = []
    for name in [names[len(names) * i // 7] for i in range(7)] + [names[0]] * 3:
        lines = bed.log().count(f"operation on table: {name}\n")
        begun = time.monotonic()
        produce(args, [change(name)])
        bed.until(lambda: bed.log().count(f"operation on table: {name}\n") > lines, 30)
        seen.append(1000 * (time.monotonic() - begun))
        time.sleep(5)
    say("orchestrator.idle.detect.median", sorted(seen[:7])[3], "ms", tables=args.tables, worst=round(max(seen[:7])))
    say("orchestrator.idle.detect.again", statistics.median(seen[7:]), "ms", tables=args.tables)
    total, _ = bed.memory()
    say("orchestrator.after-runs.rss", total, "MB", tables=args.tables)


def restart(args, bed, names):
    """Changes that came while it was down: from exec to the first start of a worker."""
    late = names[len(names) // 3]
    produce(args, [change(late)])
    begun = bed.start()
    try:
        bed.until(lambda: f"triggered job for: {late}" in bed.log(), 60)
        say("orchestrator.restart.first-start", time.monotonic() - begun, "s", tables=args.tables, goal="<= 2")
    finally:
        bed.stop()


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--bootstrap", required=True)
    parse.add_argument("--tables", type=int, default=10_000)
    parse.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parse.add_argument("--settle", type=float, default=20, help="seconds after the start")
    parse.add_argument("--seconds", type=float, default=60, help="of idling measured")
    args = parse.parse_args()
    folder = tempfile.mkdtemp(prefix="cdc_bench_")
    try:
        measure(args, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
