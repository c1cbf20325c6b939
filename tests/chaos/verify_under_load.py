#!/usr/bin/env python3
"""`cdc verify --rows` on the real stack while a load changes the source: no false difference, and every true one by name.

  verify_under_load.py --bin build/release/bin [--rows 20000] [--seconds 30] [--seed N]

Needs `scripts/stack up postgres kafka connect` at the ports of its environment. The orchestrator runs all the time. First
the load alone: never "differs". Then pyiceberg deletes a row that the load leaves alone, and one is changed: exactly these
are named, while the load goes on and after it.
"""
import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from pipeline_run import Failed, Pipeline, table_names  # noqa: E402
from real_source import DSN, KAFKA, Connector, sql, wait  # noqa: E402

SPOILT = 10  # rows with the smallest ids: the load leaves them alone


class Load(threading.Thread):
    """Random transactions until told to stop; rows go back and forth between few values."""

    def __init__(self, schema, rows, seed):
        super().__init__()
        self.schema, self.rows, self.r, self.ending, self.count = schema, rows, random.Random(seed), threading.Event(), 0

    def transaction(self):
        lines = ["BEGIN;"]
        for _ in range(self.r.randint(1, 40)):
            key = self.r.randint(SPOILT + 1, self.rows)
            lines.append(self.r.choice([
                f"UPDATE t SET n = {self.r.randrange(2)} WHERE id = {key};", f"DELETE FROM t WHERE id = {key};",
                f"INSERT INTO t VALUES ({key}, {self.r.randrange(2)}, 'x') ON CONFLICT (id) DO UPDATE SET n = 1 - t.n;",
                f"UPDATE t SET n = 1 - n WHERE id BETWEEN {key} AND {key + 20};"]))
        return "\n".join(lines + ["COMMIT;" if self.r.random() < 0.9 else "ROLLBACK;"])

    def run(self):
        session = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", DSN], stdin=subprocess.PIPE, text=True)
        with session:
            session.stdin.write(f"SET search_path = {self.schema};\n")
            while not self.ending.is_set():
                session.stdin.write(self.transaction() + "\nSELECT pg_sleep(0.03) \\g /dev/null\n")
                session.stdin.flush()
                self.count += 1
            session.stdin.close()


def verify(pipeline, what, allowed, rows=()):
    begun = time.monotonic()
    done = pipeline.run("cdc", "verify", "--rows", "--json", "t", "--slot", pipeline.group, "--timeout", "20", timeout=300)
    found = json.loads(done.stdout)[0]
    named = sorted((r["kind"], int(r["key"]["id"])) for r in found["rows"])
    good = found["result"] in allowed and named == sorted(rows) and done.returncode == (0 if found["result"] == "equal" else 1)
    print(f"{'ok  ' if good else 'FAIL'} {what}: {found['result']} after {found['looks']} looks, {time.monotonic() - begun:.1f} s; "
          f"{found['differing']} differ, {found['unsettled']} unsettled, confirmed {found['confirmed']}, {found['source']} rows, lag {found['lag']}", flush=True)
    if not good:
        raise Failed(f"{what}: {json.dumps(found)[:3000]} {done.stderr[-500:]}")
    return found


def spoil(pipeline):
    """Another engine takes one row away and changes another."""
    from pyiceberg.expressions import EqualTo, In  # pylint: disable=import-outside-toplevel
    from pyiceberg.exceptions import CommitFailedException  # pylint: disable=import-outside-toplevel
    for attempt in range(50):
        try:
            pipeline.catalog().load_table(("lake", "t")).delete(In("id", [3, 7]))
            return [("missing", 3), ("missing", 7)]
        except CommitFailedException:
            time.sleep(0.05 * attempt)
    raise Failed("pyiceberg cannot commit")


def run(args, folder):
    schema = f"verify_{args.seed}_{int(time.time()) % 10_000_000}"
    pipeline = Pipeline(args.bin, KAFKA, folder, schema)
    sql(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.t (id bigint PRIMARY KEY, n integer, t text);"
        f"INSERT INTO {schema}.t SELECT i, i % 2, 'row ' || i FROM generate_series(1, {args.rows}) i;")
    pipeline.configure(schema, "[tables.t]\n", f'schemas = ["{schema}"]\ndsn = "{DSN}"\n')
    connector, load, orchestrator = Connector(schema, schema), Load(schema, args.rows, args.seed), None
    try:
        connector.register()
        connector.wait_streaming()
        with open(folder / "orchestrator.log", "wb") as log:
            orchestrator = subprocess.Popen([args.bin / "cdc-orchestrator", "--config", pipeline.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait("the table", 60, lambda: "t" in table_names(pipeline.catalog()))
        verify(pipeline, "before the load", {"equal"})
        load.start()
        until, wrong = time.monotonic() + args.seconds, []
        while time.monotonic() < until:
            verify(pipeline, "during the load", {"equal", "behind"})
        wrong = spoil(pipeline)
        until = time.monotonic() + args.seconds / 2
        while time.monotonic() < until:
            verify(pipeline, "two rows gone, during the load", {"differs"}, wrong)
        load.ending.set()
        load.join()
        connector.wait_sent()
        found = verify(pipeline, f"after {load.count} transactions", {"differs"}, wrong)
        if not found["confirmed"]:
            print("     (not confirmed by the slot)")
        sql(f"UPDATE {schema}.t SET n = n WHERE id IN (3, 7);")
        connector.wait_sent()
        verify(pipeline, "mended", {"equal"})
    finally:
        load.ending.set()
        if load.is_alive():
            load.join()
        if orchestrator:
            orchestrator.terminate()
            orchestrator.wait(60)
        connector.remove()
        sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE;")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 20))
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cdc-verify-"))
    try:
        run(args, folder)
    except (Failed, RuntimeError) as error:
        print(f"FAIL seed {args.seed}, folder {folder}: {error}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    print(f"PASS seed {args.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
