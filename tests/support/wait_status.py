#!/usr/bin/env python3
"""Waits until `cdc status --json` says what is asked for.

  wait_status.py --cdc BIN --config tables.toml --timeout 30 [--caught-up TABLE=RECORDS ...] [--idle TABLE ...]

--caught-up: the table has no lag and its next offsets add up to RECORDS (a table whose topic nobody has seen yet has no
lag either); --idle: no worker runs for the table.
Exit 0: so it is; 1: not within the time, with what is missing on stdout.
"""
import argparse
import json
import subprocess
import sys
import time


def status(args):
    run = subprocess.run([args.cdc, "status", "--json", "--config", args.config], capture_output=True, text=True, check=False)
    try:
        rows = json.loads(run.stdout)
    except ValueError:
        return {}, f"cdc status --json gave no JSON (exit {run.returncode}): {(run.stdout + run.stderr).strip()[:500]}"
    rows = rows.get("tables", []) if isinstance(rows, dict) else rows
    return {row["table"]: row for row in rows}, None


def offsets(value):
    """{"0": 5} or {"topic": {"0": 5}} -> 5"""
    if isinstance(value, dict):
        return sum(offsets(v) for v in value.values())
    return value or 0


def missing(tables, args):
    lines = []
    for wish in args.caught_up:
        name, records = wish.rsplit("=", 1)
        row = tables.get(name)
        if row is None:
            lines.append(f"{name}: not in the status")
            continue
        done = offsets(row.get("next_offsets"))
        if row.get("lag") != 0 or done != int(records):
            lines.append(f"{name}: {done} of {records} records committed, lag {row.get('lag')}, state {row.get('state')}"
                         + (f", {row['reason']}" if row.get("reason") else ""))
    for name in args.idle:
        row = tables.get(name)
        if row is None or row.get("pid") or row.get("state") not in ("Idle", "idle"):
            lines.append(f"{name}: " + (f"state {row.get('state')}, pid {row.get('pid')}" if row else "not in the status"))
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cdc", required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--timeout", type=float, default=30)
    parser.add_argument("--caught-up", nargs="*", default=[], metavar="TABLE=RECORDS")
    parser.add_argument("--idle", nargs="*", default=[], metavar="TABLE")
    args = parser.parse_args()
    deadline = time.monotonic() + args.timeout
    while True:
        tables, error = status(args)
        lines = [error] if error else missing(tables, args)
        if not lines:
            return
        held = [l for l in lines if "state Held" in l]
        if time.monotonic() > deadline or (held and len(held) == len(lines)):
            print("\n".join(lines))
            sys.exit(1)
        time.sleep(0.1)


main()
