#!/usr/bin/env python3
"""Random transactions whose rows move onto each other's keys, as Debezium sends them, through the worker.

  moving_keys.py --bin build/release/bin [--seed N] [--rounds 40]

The source is a model of PostgreSQL: rows that share a key until their transaction commits, updated in the order of a
scan. Its events go to an embedded Kafka in pieces, and parts of them again, as after a crash of Debezium; after each
piece a worker drains the topic. At the end of a round pyiceberg reads the table, which must hold the model's rows. Each
round is of one kind: a deferrable primary key with REPLICA IDENTITY DEFAULT (with unchanged TOAST values) or FULL, a key
that only tables.toml names, or no key at all, whose equal rows are told by their number. Exit 0: every round is right.
The seed is printed; the same seed repeats the same rounds.
"""
import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from lake_readers import open_catalog  # noqa: E402

PREFIX = "moving"
UNCHANGED = "__debezium_unavailable_value"
KINDS = ("default", "full", "declared", "keyless")


class Source:
    """One table: rows as dicts with a key `id`, and the events of its transactions."""

    def __init__(self, kind, table, rng):
        self.kind, self.table, self.rng = kind, table, rng
        self.rows, self.events, self.fresh = [], [], set()
        self.lsn, self.commit, self.number = 1000, 900, 0

    def image(self, row):
        return {"id": row["id"], "v": row["v"], "doc": row["doc"]}

    def emit(self, op, before, after, key=None, headers=None):
        self.lsn += self.rng.randrange(1, 90)
        self.send(op, before, after, key, headers)

    def send(self, op, before, after, key=None, headers=None):
        source = {"version": "3.7.0.Final", "connector": "postgresql", "name": PREFIX, "ts_ms": 1_700_000_000_000 + self.commit,
                  "snapshot": "false", "db": "d", "sequence": json.dumps([str(self.commit), str(self.lsn)], separators=(",", ":")),
                  "schema": "public", "table": self.table, "txId": self.commit, "lsn": self.lsn, "xmin": None}
        value = {"before": before, "after": after, "source": source, "transaction": None, "op": op, "ts_ms": 1}
        event = {"value": json.dumps(value, separators=(",", ":"))}
        if self.kind in ("default", "full"):
            event["key"] = json.dumps({"id": key}, separators=(",", ":"))
        if headers:
            event["headers"] = headers
        self.events.append(event)

    def tombstone(self, key, headers=None):
        if self.kind in ("default", "full"):
            event = {"key": json.dumps({"id": key}, separators=(",", ":")), "value": None}
            if headers:
                event["headers"] = headers
            self.events.append(event)

    def before(self, row):
        if self.kind == "default":
            return {"id": row["id"], "v": 0, "doc": ""}  # invented, as for columns that are NOT NULL
        return self.image(row)

    def insert(self, row):
        self.rows.append(row)
        self.fresh.add(id(row))
        self.emit("c", None, self.image(row), row["id"])

    def delete(self, row):
        self.rows = [r for r in self.rows if r is not row]
        self.emit("d", self.before(row), None, row["id"])
        self.tombstone(row["id"])

    def update(self, row, **changes):
        old = dict(row)
        toasted = self.kind == "default" and id(row) not in self.fresh and "doc" not in changes and self.rng.random() < 0.5
        row.update(changes)
        self.fresh.add(id(row))
        after = self.image(row)
        if toasted:
            after["doc"] = UNCHANGED
        if row["id"] == old["id"] or self.kind in ("declared", "keyless"):
            self.emit("u", None if self.kind == "default" else self.image(old), after, row["id"])
            return
        header = lambda name, key: [[name, json.dumps({"id": key}, separators=(",", ":"))]]
        self.emit("d", self.before(old), None, old["id"], header("__debezium.newkey", row["id"]))
        self.tombstone(old["id"], header("__debezium.newkey", row["id"]))
        self.send("c", None, after, row["id"], header("__debezium.oldkey", old["id"]))

    # ---- statements ----
    def shift(self, by):
        for row in sorted(self.rows, key=lambda r: r["id"], reverse=self.rng.random() < 0.2):
            self.update(row, id=row["id"] + by, **({"v": row["v"] + 1} if self.rng.random() < 0.3 else {}))

    def permute(self):
        some = self.rng.sample(self.rows, min(len(self.rows), self.rng.randrange(2, 6)))
        keys = [r["id"] for r in some]
        self.rng.shuffle(keys)
        for row, key in zip(some, keys):
            if row["id"] != key:
                self.update(row, id=key)

    def takes_over(self):
        """A row moves onto another's key, and that one is deleted."""
        mover, other = self.rng.sample(self.rows, 2)
        self.update(mover, id=other["id"])
        if self.kind != "default" and self.rng.random() < 0.5:
            self.update(mover, v=self.number)
        self.delete(other)

    def passes_by(self):
        """A row moves onto another's key and on to a free one; the other stays."""
        mover, other = self.rng.sample(self.rows, 2)
        self.update(mover, id=other["id"])
        if self.kind != "default" and self.rng.random() < 0.5:
            self.update(other, v=self.number)
        self.update(mover, id=max(r["id"] for r in self.rows) + 1)

    def transaction(self):
        self.lsn += 50
        self.commit = self.lsn
        for _ in range(self.rng.randrange(1, 4)):
            self.number += 1
            what = self.rng.random()
            if len(self.rows) < 4 or what < 0.25:
                doc = "same" if self.kind == "keyless" else f"doc{self.number}"
                v = self.rng.randrange(3) if self.kind == "keyless" else self.number
                top = max([r["id"] for r in self.rows], default=0)
                key = self.rng.randrange(4) if self.kind == "keyless" else top + self.rng.randrange(1, 3)
                self.insert({"id": key, "v": v, "doc": doc})
            elif what < 0.35:
                self.delete(self.rng.choice(self.rows))
            elif what < 0.5:
                self.update(self.rng.choice(self.rows), v=self.number % 5 if self.kind == "keyless" else self.number)
            elif what < 0.65:
                self.shift(self.rng.choice((1, 1, 2)))
            elif what < 0.8:
                self.permute()
            elif what < 0.9:
                self.takes_over()
            else:
                self.passes_by()


class Held(Exception):
    """A row has its key again whose newest values came in another run."""


def drain(args, folder, table, log):
    done = subprocess.run([args.bin / "jobs/upsert", "--config", folder / "tables.toml", "--table", table, "--drain"],
                          capture_output=True, text=True, timeout=120, check=False)
    log.append(done.stdout + done.stderr)
    report = json.loads(done.stdout.strip().splitlines()[-1])
    if done.returncode == 78 and "not known any more" in report["reason"]:
        raise Held()
    if done.returncode or report["dead_letters"]:
        raise SystemExit(f"{table}: exit {done.returncode}, {report}\n{''.join(log[-2:])}")


SENT = collections.defaultdict(list)  # what went to Kafka, by table, in short


def produce(args, folder, table, events, clock=[1_700_000_000_000]):
    clock[0] += 2000  # Debezium begins again
    for event in events:
        value = json.loads(event["value"]) if event["value"] else None
        SENT[table].append(f"{value['op']} {value['before']} {value['after']} {value['source']['sequence']}" if value else "tombstone")
    SENT[table][-1] += " |"
    lines = folder / "events.jsonl"
    with lines.open("w", encoding="utf-8") as out:
        for event in events:
            clock[0] += 1
            out.write(json.dumps({"timestamp": clock[0], "topic": f"{PREFIX}.public.{table}", "partition": 0, "key": event.get("key"), **event}) + "\n")
    subprocess.run([args.bin / "cdc", "produce", "--config", folder / "tables.toml", "--file", lines],
                   check=True, capture_output=True)


def begins(event):
    """Whether Debezium may begin again here: not between the delete, tombstone and create of one change."""
    return event["value"] is not None and not any(name == "__debezium.oldkey" for name, _ in event.get("headers", []))


def play(args, rng, folder, kind, table):
    """One round. Returns (wanted rows, rows of the table)."""
    source, log, sent = Source(kind, table, rng), [], 0
    for _ in range(rng.randrange(1, 5)):
        source.fresh.clear()
        for _ in range(rng.randrange(1, 8)):
            source.transaction()
        # In pieces of a run each, whatever lies at the cut; sometimes Debezium begins again before it.
        while sent < len(source.events):
            if sent > 0 and rng.random() < 0.4:
                again = rng.choice([i for i in range(max(0, sent - 40), sent) if begins(source.events[i])] or [sent])
                produce(args, folder, table, source.events[again:sent])
            end = rng.randrange(sent + 1, len(source.events) + 1)
            while kind == "default" and end < len(source.events) and not begins(source.events[end]):
                end += 1
            produce(args, folder, table, source.events[sent:end])
            sent = end
            if rng.random() < 0.8:
                drain(args, folder, table, log)
    drain(args, folder, table, log)
    data = open_catalog(str(folder / "data/catalog.db"), "iceberg_catalog").load_table(("lake", table)).scan().to_arrow()
    rows = collections.Counter((r["id"], r["v"], r["doc"]) for r in data.to_pylist())
    return collections.Counter((r["id"], r["v"], r["doc"]) for r in source.rows), rows, log


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--keep", help="folder for the events of a round that is wrong")
    parser.add_argument("--kinds", default=",".join(KINDS))
    args = parser.parse_args()
    args.bin = args.bin.resolve()
    print(f"seed {args.seed}", flush=True)
    rng = random.Random(args.seed)
    kinds = args.kinds.split(",")
    held = 0
    tables = [(kinds[i % len(kinds)], f"t{i}{kinds[i % len(kinds)]}") for i in range(args.rounds)]
    with tempfile.TemporaryDirectory() as name, subprocess.Popen(
            [args.bin / "cdc", "broker"], stdout=subprocess.PIPE, text=True) as broker:
        folder = pathlib.Path(name)
        try:
            servers = broker.stdout.readline().strip().split("=", 1)[1]
            entries = "\n".join(f'[tables.{t}]\n' + ('key = ["id"]\n' if k == "declared" else "") for k, t in tables)
            (folder / "tables.toml").write_text(
                f'[kafka]\nbootstrap_servers = "{servers}"\n[source]\ntopic_prefix = "{PREFIX}"\n[catalog]\nuri = "data/catalog.db"\n'
                f'warehouse = "data/warehouse"\nnamespace = "lake"\n[orchestrator]\nstate_dir = "state"\nlisten = ""\n{entries}')
            for kind, table in tables:
                try:
                    wanted, got, log = play(args, random.Random(rng.randrange(1 << 30)), folder, kind, table)
                except Held:
                    held += 1
                    continue
                if wanted != got:
                    print(f"{table}: missing {dict(wanted - got)}, too many {dict(got - wanted)}\n{''.join(log)}")
                    (pathlib.Path(args.keep) if args.keep else folder).joinpath("events.txt").write_text(
                        "\n".join(SENT[table]))
                    return 1
            print(f"{len(tables) - held} rounds are right, {held} were held with the reason")
            return 0
        finally:
            broker.terminate()


if __name__ == "__main__":
    sys.exit(main())
