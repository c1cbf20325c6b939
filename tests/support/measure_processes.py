#!/usr/bin/env python3
"""CPU seconds and memory of a process and all its descendants, until SIGTERM.

  measure_processes.py --root PID --out FILE.json

Memory is the largest sum over the living ones of their proportional set size (Pss: shared pages counted once), sampled ten
times a second. CPU is exact for processes that were seen twice, short of what a process did after its last sample.
"""
import argparse
import json
import os
import signal
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")


def descendants(root):
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def pss_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=int, required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    cpu, first, peak, most, started = {}, {}, 0, 0, time.monotonic()
    while not stop.wait(0.1):
        memory = processes = 0
        for pid in descendants(args.root):
            try:
                cpu[pid] = cpu_seconds(pid)
                # What the root did before is not ours; its children began from nothing.
                first.setdefault(pid, cpu[pid] if not first else 0)
                memory += pss_bytes(pid)
                processes += 1
            except (OSError, StopIteration):
                continue
        peak, most = max(peak, memory), max(most, processes)
    seconds = time.monotonic() - started
    total = sum(cpu[pid] - first[pid] for pid in cpu)
    with open(args.out, "w", encoding="utf-8") as file:
        json.dump({"seconds": round(seconds, 1), "cpu_seconds": round(total, 2), "cores": round(total / seconds, 3),
                   "peak_pss_mb": round(peak / 1e6, 1), "processes_at_once": most, "processes": len(cpu)}, file)
        file.write("\n")


main()
