#!/usr/bin/env python3
"""Backups that are put back, as docs/operating.md says, with a worker, an embedded Kafka and a SQLite catalog.

  restored_backup.py --bin build/release/bin [--seed N] [--rounds 20] [--changes 400]

Random inserts, updates and deletes go to Kafka; a worker drains them in several runs, between which copies are taken of
the catalog and of state_dir. Each round then does one of these, and drains again:
  state gone     state_dir is deleted
  state older    state_dir is an older copy, the catalog is the newest
  catalog older  the catalog is an older copy, state_dir is the newest; all data files are there
  both older     both are of the same older moment
  moved          catalog and data files are copied to another folder of the same name, without state_dir
pyiceberg and DuckDB must read the model's rows each time, none twice. Exit 0: all were right.
"""
import argparse
import json
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from lake_readers import duckdb_connection, open_catalog, scan_with_duckdb  # noqa: E402

KINDS = ("state gone", "state older", "catalog older", "both older", "moved")


class Table:
    """One table's folder: tables.toml, data, state, and the rows that it must have."""

    def __init__(self, args, folder, name, servers, rng):
        self.args, self.folder, self.name, self.rng = args, folder, name, rng
        self.rows, self.offset, self.value = {}, 0, 0
        folder.mkdir()
        (folder / "tables.toml").write_text(
            f'[kafka]\nbootstrap_servers = "{servers}"\n[source]\ntopic_prefix = "restored"\n[catalog]\nuri = "data/catalog.db"\n'
            'warehouse = "data/warehouse"\nnamespace = "lake"\n[orchestrator]\nstate_dir = "state"\nlisten = ""\n'
            f"[tables.{name}]\n", encoding="utf-8")

    def change(self, count):
        lines = []
        for _ in range(count):
            key = self.rng.randrange(150)
            self.value += 1
            before = self.rows.get(key)
            if before and self.rng.random() < 0.25:
                del self.rows[key]
                op, after = "d", None
            else:
                op, after = ("u" if before else "c"), {"id": key, "v": self.value}
                self.rows[key] = after
            value = {"before": before, "after": after, "op": op, "ts_ms": 1,
                     "source": {"schema": "public", "table": self.name, "ts_ms": 1, "lsn": self.value}}
            lines.append(json.dumps({"topic": f"restored.public.{self.name}", "partition": 0,
                                     "key": json.dumps({"id": key}), "value": json.dumps(value)}))
        events = self.folder / "events.jsonl"
        events.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.run("cdc", "produce", "--config", self.folder / "tables.toml", "--file", events)

    def run(self, program, *words):
        done = subprocess.run([self.args.bin / program, *words], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{self.name}: {program} ended with {done.returncode}\n{done.stdout}{done.stderr}")

    def drain(self):
        self.run("jobs/upsert", "--config", self.folder / "tables.toml", "--table", self.name, "--drain")

    def save(self, where):
        """A copy of the catalog by SQLite's own backup, and of state_dir while no worker runs."""
        where.mkdir()
        with sqlite3.connect(self.folder / "data/catalog.db") as live, sqlite3.connect(where / "catalog.db") as copy:
            live.backup(copy)
        shutil.copytree(self.folder / "state", where / "state")

    def restore_catalog(self, saved):
        for file in (self.folder / "data").glob("catalog.db*"):
            file.unlink()
        shutil.copy(saved / "catalog.db", self.folder / "data/catalog.db")

    def restore_state(self, saved):
        shutil.rmtree(self.folder / "state")
        if saved:
            shutil.copytree(saved / "state", self.folder / "state")

    def judge(self, what):
        wanted = sorted((row["id"], row["v"]) for row in self.rows.values())
        table = open_catalog(str(self.folder / "data/catalog.db"), "iceberg_catalog").load_table(("lake", self.name))
        for reader, rows in (("pyiceberg", table.scan().to_arrow()), ("DuckDB", scan_with_duckdb(duckdb_connection(), table))):
            found = sorted((row["id"], row["v"]) for row in rows.to_pylist())
            if found != wanted:
                raise SystemExit(f"{self.name}, {what}: {reader} reads {len(found)} rows, wanted {len(wanted)}; "
                                 f"too many {sorted(set(found) - set(wanted))[:5]}, missing {sorted(set(wanted) - set(found))[:5]}")


def play(table, kind, rng):
    for _ in range(rng.randrange(1, 4)):
        table.change(rng.randrange(1, table.args.changes))
        table.drain()
    saved = table.folder / "saved"
    table.save(saved)
    for _ in range(rng.randrange(1, 4)):
        table.change(rng.randrange(1, table.args.changes))
        table.drain()
    if rng.random() < 0.5:
        table.change(rng.randrange(1, 50))  # not in the table yet
    if kind in ("catalog older", "both older"):
        table.restore_catalog(saved)
    if kind in ("state older", "both older"):
        table.restore_state(saved)
    if kind == "state gone":
        table.restore_state(None)
    if kind == "moved":
        old = table.folder.rename(table.folder.with_suffix(".old"))
        shutil.copytree(old, table.folder, ignore=shutil.ignore_patterns("state"))
        shutil.rmtree(old)
    table.drain()
    table.judge("after it was put back")
    table.change(rng.randrange(1, 100))
    table.drain()
    table.judge("after more changes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--changes", type=int, default=400, help="at most so many between two runs")
    args = parser.parse_args()
    args.bin = args.bin.resolve()
    print(f"seed {args.seed}", flush=True)
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name, subprocess.Popen(
            [args.bin / "cdc", "broker"], stdout=subprocess.PIPE, text=True) as broker:
        try:
            servers = broker.stdout.readline().strip().split("=", 1)[1]
            for number in range(args.rounds):
                kind = KINDS[number % len(KINDS)]
                play(Table(args, pathlib.Path(name) / f"t{number}", f"t{number}", servers, rng), kind, rng)
            print(f"{args.rounds} rounds are right")
        finally:
            broker.terminate()


if __name__ == "__main__":
    main()
