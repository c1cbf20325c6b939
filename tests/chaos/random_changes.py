#!/usr/bin/env python3
"""Random changes over many tables through the whole product, with kills, judged against a model.

  random_changes.py --bin build/release/bin [--tables 20] [--seconds 300] [--rate-limit 30s] [--idle-timeout 60s]
      [--kill-workers N] [--kill-orchestrator N] [--seed N]

An embedded Kafka, the orchestrator, and a stream of creates, updates, deletes, key changes and truncates. Once things are
quiet: no table has lag, every table equals the model (read by pyiceberg), no two workers of a table ever overlapped, no
two starts of a table were closer than the rate limit, and all workers are gone one idle timeout after the last change.
"""
import argparse
import json
import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time


def seconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)(ms|s|m)", text).groups()
    return float(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def configuration(args, folder, bootstrap):
    lines = ["[kafka]", f'bootstrap_servers = "{bootstrap}"', "[source]", 'topic_prefix = "soak"', "[catalog]",
             'uri = "data/catalog.db"', 'warehouse = "data/warehouse"', 'namespace = "soak"', "[orchestrator]",
             'state_dir = "state"', 'listen = ""', f'rate_limit = "{args.rate_limit}"', f'idle_timeout = "{args.idle_timeout}"',
             f"max_jobs = {args.max_jobs}"]
    lines += [f"[tables.t{i:02}]" for i in range(args.tables)]
    path = folder / "tables.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


class Source:
    """The source's tables and the events their changes send, as Debezium writes them."""

    def __init__(self, tables, chance):
        self.rows = {f"t{i:02}": {} for i in range(tables)}
        self.chance = chance
        self.truncates = True
        self.lsn = 1

    def event(self, table, op, key, after, headers=None, key_only=False):
        self.lsn += 8
        value = None if key_only else json.dumps({
            "before": None if op != "d" else {"id": key, "v": "", "n": 0}, "after": after,
            "source": {"version": "3", "connector": "postgresql", "name": "soak", "schema": "public", "table": table,
                       "lsn": self.lsn, "ts_ms": int(time.time() * 1000)},
            "op": op, "ts_ms": int(time.time() * 1000)}, separators=(",", ":"))
        return json.dumps({"topic": f"soak.public.{table}", "partition": 0, "headers": headers, "value": value,
                           "key": None if key is None else json.dumps({"id": key}, separators=(",", ":"))})

    def change(self):
        """One random change: its records."""
        r = self.chance
        table = r.choice(list(self.rows))
        rows = self.rows[table]
        kind = r.random()
        if kind < 0.4 or not rows:
            key = r.randrange(400)
            op = "u" if key in rows else "c"
            rows[key] = {"id": key, "v": f"v{r.randrange(1 << 30)}", "n": r.randrange(1 << 40)}
            return [self.event(table, op, key, rows[key])]
        key = r.choice(list(rows))
        if kind < 0.7:
            rows[key] = {"id": key, "v": f"ü{r.randrange(1 << 30)}", "n": None}
            return [self.event(table, "u", key, rows[key])]
        if kind < 0.9:
            del rows[key]
            return [self.event(table, "d", key, None), self.event(table, "d", key, None, key_only=True)]
        if kind < 0.995 or not self.truncates:
            new = r.randrange(400, 800)
            if new in rows:
                return []
            rows[new] = dict(rows.pop(key), id=new)
            to, of = [["__debezium.newkey", json.dumps({"id": new})]], [["__debezium.oldkey", json.dumps({"id": key})]]
            return [self.event(table, "d", key, None, to), self.event(table, "d", key, None, to, key_only=True),
                    self.event(table, "c", new, rows[new], of)]
        rows.clear()
        return [self.event(table, "t", None, None)]


class Stack:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.broker = subprocess.Popen([f"{args.bin}/cdc", "broker"], stdout=subprocess.PIPE, text=True)
        self.bootstrap = self.broker.stdout.readline().strip().split("=", 1)[1]
        self.config = configuration(args, folder, self.bootstrap)
        self.log = open(folder / "orchestrator.err", "ab")
        self.orchestrator = None
        self.start_orchestrator()
        self.producer = subprocess.Popen([f"{args.bin}/cdc", "produce", "--bootstrap-servers", self.bootstrap, "--file", "-"],
                                         stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def start_orchestrator(self):
        self.orchestrator = subprocess.Popen([f"{self.args.bin}/cdc-orchestrator", "--config", str(self.config)],
                                             stderr=self.log, stdout=self.log)

    def kill_orchestrator(self):
        self.orchestrator.send_signal(signal.SIGKILL)
        self.orchestrator.wait()
        self.start_orchestrator()

    def status(self):
        done = subprocess.run([f"{self.args.bin}/cdc", "--config", str(self.config), "status", "--json"],
                              capture_output=True, text=True)
        return json.loads(done.stdout) if done.stdout.strip() else []

    def kill_worker(self, chance):
        pids = [t["pid"] for t in self.status() if t.get("pid")]
        if not pids:
            return False
        try:
            os.kill(chance.choice(pids), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def close(self):
        for process in (self.producer, self.orchestrator, self.broker):
            if process and process.poll() is None:
                if process.stdin:
                    process.stdin.close()
                process.terminate()
                process.wait(30)


def drive(args, stack, source, chance):
    end = time.monotonic() + args.seconds
    kills = [("worker", end - args.seconds * chance.uniform(0.05, 0.95)) for _ in range(args.kill_workers)]
    kills += [("orchestrator", end - args.seconds * chance.uniform(0.05, 0.95)) for _ in range(args.kill_orchestrator)]
    kills.sort(key=lambda k: k[1])
    changes, killed = 0, []
    while time.monotonic() < end:
        for _ in range(chance.choice([1, 1, 5, 40])):
            for record in source.change():
                stack.producer.stdin.write(record + "\n")
            changes += 1
        stack.producer.stdin.flush()
        time.sleep(chance.choice([0.01, 0.05, 0.2, 1.0]))
        while kills and time.monotonic() > kills[0][1]:
            what, _ = kills.pop(0)
            if what == "orchestrator":
                stack.kill_orchestrator()
                killed.append(what)
            elif stack.kill_worker(chance):
                killed.append(what)
    stack.producer.stdin.close()
    stack.producer.wait(60)
    return changes, killed


def wait_quiet(args, stack):
    """Until nothing has lag and no worker runs; returns seconds, or None after the patience is over."""
    started = time.monotonic()
    patience = 4 * seconds(args.rate_limit) + 2 * seconds(args.idle_timeout) + 60
    while time.monotonic() - started < patience:
        status = stack.status()
        if len(status) == args.tables and all(t["lag"] == 0 and not t["pid"] and t["state"] == "Idle" for t in status):
            return time.monotonic() - started
        time.sleep(0.25)
    return None


def check_ledger(args, folder, problems):
    limit = seconds(args.rate_limit) * 1000
    runs = {}
    for name, start, end, how in sqlite3.connect(folder / "state/ledger.db").execute(
            "SELECT name, start_ms, end_ms, exit FROM runs ORDER BY id"):
        if name in runs:
            before_start, before_end, before_how = runs[name]
            if before_end == 0 or start < before_end:
                problems.append(f"{name}: a run started at {start} while the one before ran until {before_end}")
            if before_how == "0" and start - before_start < limit - 50:
                problems.append(f"{name}: two starts only {start - before_start} ms apart")
        runs[name] = (start, end, how)
    return sum(1 for _ in runs)


def check_rows(source, folder, problems):
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.exceptions import NoSuchTableError
    catalog = SqlCatalog("iceberg_catalog", uri=f"sqlite:///{folder}/data/catalog.db", warehouse=f"{folder}/data/warehouse")
    for name, rows in source.rows.items():
        try:
            found = catalog.load_table(f"soak.{name}").scan(selected_fields=("id", "v", "n")).to_arrow().to_pylist()
        except NoSuchTableError:
            found = []
        want = sorted((r["id"], r["v"], r["n"]) for r in rows.values())
        got = sorted((r["id"], r["v"], r.get("n")) for r in found)
        if got != want:
            problems.append(f"{name}: {len(got)} rows, {len(want)} expected, {len(set(got) ^ set(want))} differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rate-limit", default="30s")
    parser.add_argument("--idle-timeout", default="60s")
    parser.add_argument("--max-jobs", type=int, default=16)
    parser.add_argument("--kill-workers", type=int, default=0)
    parser.add_argument("--kill-orchestrator", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    chance = random.Random(args.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cdc-soak-"))
    source, problems = Source(args.tables, chance), []
    stack = Stack(args, folder)
    try:
        changes, killed = drive(args, stack, source, chance)
        print(f"{changes} changes; killed {killed}; waiting for quiet", flush=True)
        quiet = wait_quiet(args, stack)
        if quiet is None:
            problems.append(f"not quiet: {[t for t in stack.status() if t['lag'] != 0 or t['pid'] or t['state'] != 'Idle']}")
        else:
            print(f"quiet after {quiet:.1f} s", flush=True)
        check_ledger(args, folder, problems)
        check_rows(source, folder, problems)
    finally:
        stack.close()
    for problem in problems:
        print("FAIL", problem)
    print("PASS" if not problems else "FAIL", folder)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
