#!/usr/bin/env python3
"""A large table and a small one, written at the same time, so that what else the machine does falls on both.

  bench/flat/beside.py [--rows 10000000] [--small 20000] [--commits 300] [--interval 100] [--changes 1000] [--bin DIR]

One JSON line: per phase the median CPU and wall milliseconds of a commit to either table, and their ratio. The phases are
those of bench/flat/flat.cc: random changes (all, and their first and last tenth), then new rows. Tables are made in
--folder (a temporary one) and removed.
"""
import argparse
import json
import os
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PHASES = ["commit_ms", "commit_ms_first_tenth", "commit_ms_last_tenth", "insert_ms_full_table"]


def start(args, folder, name, rows):
    return subprocess.Popen([os.path.join(args.bin, "bench/flat"), "--folder", os.path.join(folder, name), "--rows", str(rows),
                             "--commits", str(args.commits), "--changes", str(args.changes),
                             "--interval", str(args.interval), "--rest", "0"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until_loaded(process):
    for line in process.stderr:
        if "loaded" in line:
            return
        print(line, end="")
    raise SystemExit("bench/flat ended early")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--small", type=int, default=20_000)
    parser.add_argument("--commits", type=int, default=300)
    parser.add_argument("--interval", type=int, default=100, help="milliseconds from commit to commit")
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/bench/here/bin"))
    parser.add_argument("--folder", help="where the tables are made; by default the system's temporary folder")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="flat-", dir=args.folder)
    processes = []
    try:
        for name, rows in (("large", args.rows), ("small", args.small)):
            processes.append(start(args, folder, name, rows))
            until_loaded(processes[-1])
        large, small = (json.loads(each.communicate()[0]) for each in processes)
    finally:
        for each in processes:
            if each.poll() is None:
                each.kill()
                each.wait()
        shutil.rmtree(folder)
    out = {"bench": "beside", "rows": [args.rows, args.small], "commits": args.commits, "interval_ms": args.interval}
    for phase in PHASES:
        for kind in ("cpu", "wall"):
            pair = [each[phase][kind]["p50"] for each in (large, small)]
            out[f"{phase}.{kind}"] = [*pair, round(pair[0] / pair[1], 2)]
    print(json.dumps(out))


if __name__ == "__main__":
    main()
