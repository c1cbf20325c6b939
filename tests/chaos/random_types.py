#!/usr/bin/env python3
"""Random tables of every type under random Debezium settings, on the real source: every table must end equal, or say why not.

  random_types.py --bin build/release/bin [--tables 12] [--connectors 2] [--seconds 20] [--seed N] [--start] [--keep]

Needs `scripts/stack up postgres kafka connect` at the ports of its environment; --start brings them up, and down afterwards
what did not run. Each connector has settings of its own, a schema of its own and a warehouse of its own, drained by the
orchestrator in the middle of the load and after it. Exit 0: all right; 1: a difference, printed with its table.
"""
import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from pg_types import EXTENSIONS, SETUP  # noqa: E402
from pipeline_run import Failed, Pipeline  # noqa: E402
from real_source import DSN, KAFKA, SETTINGS, Connector, sql  # noqa: E402
from judge_tables import Judge, history_ddl, trigger  # noqa: E402
from typed_tables import KEYS, Modes, Table, declared, transaction  # noqa: E402
from types_survey import proposed_lines  # noqa: E402


class Source:
    """One connector, its tables, its pipeline."""

    def __init__(self, args, r, name, folder):
        self.args, self.r, self.name, self.modes = args, r, name, Modes(r)
        self.tables = [Table(r, f"t{i}", self.modes, args.keys) for i in range(max(1, args.tables // args.connectors))]
        self.lines = {t.name: {} for t in self.tables}
        for table in self.tables:
            self.declare(table)
        self.pipeline = Pipeline(args.bin, KAFKA, folder / name, name)
        routed = {"transforms": "route", "transforms.route.type": "org.apache.kafka.connect.transforms.RegexRouter",
                  "transforms.route.regex": r"(.*)_p\d+", "transforms.route.replacement": "$1"}
        self.connector = Connector(name, name, self.modes.schemas_on, **self.modes.settings(), **routed)

    def declare(self, table):
        for column, kind in list(table.key) + list(table.columns.items()):
            words = declared(kind, self.modes)
            if words:
                self.lines[table.name][column] = words

    def make(self):
        sql("".join(f"CREATE EXTENSION IF NOT EXISTS {e} SCHEMA public;" for e in EXTENSIONS) + f"CREATE SCHEMA {self.name};" + history_ddl(self.name))
        sql(SETUP + "".join(t.ddl() + trigger(self.name, t.name) for t in self.tables), self.name)

    def load(self, transactions):
        lines = []
        for _ in range(transactions):
            lines += transaction(self.r, self.tables)
        run = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=0", "-v", "ON_ERROR_ROLLBACK=on", DSN], capture_output=True, text=True,
                             input=SETTINGS + f"SET search_path = {self.name}, public;\n" + "\n".join(lines) + "\n", check=False)
        strange = [e for e in run.stderr.splitlines() if "ERROR" in e and not any(
            w in e for w in ("duplicate key", "deferrable", "ON CONFLICT", "out of range"))]
        if strange and self.args.verbose:
            print("\n".join(strange[:5]))

    def change_shape(self):
        table = self.r.choice(self.tables)
        script, meaning = table.alter()
        try:
            sql(script, self.name)
        except RuntimeError:
            return  # values that the new type does not take
        meaning()
        if self.args.verbose:
            print(f"  {self.name}: {script}")
        self.declare(table)

    def configure(self, source=""):
        text = ""
        for table in self.tables:
            text += f"[tables.{table.name}]\n"
            if table.kind_of_key == "partitioned":
                text += f'topic = "{self.name}.{self.name}.{table.name}"\n'
            if self.args.rewrite:
                text += 'on_type_change = "rewrite"\n'
            if self.lines[table.name]:
                text += f"[tables.{table.name}.columns]\n" + "".join(f'"{c}" = "{w}"\n' for c, w in self.lines[table.name].items())
        self.pipeline.configure(self.name, text, f'schemas = ["{self.name}"]\n' + source + self.modes.source_lines())

    def drain(self):
        """As a user does: what a Held table's reason proposes is added."""
        for _ in range(4):
            self.configure()
            self.pipeline.drain()
            added = False
            for name, state in self.pipeline.status().items():
                if state["state"] == "Held":
                    for column, words in proposed_lines(state["reason"]).items():
                        added |= self.lines[name].setdefault(column, words) == words and column in self.lines[name]
            if not added or all(s["state"] != "Held" for s in self.pipeline.status().values()):
                return

    def verified(self):
        """{table: its line of `cdc verify --rows`}"""
        self.configure(f'dsn = "{DSN}"\n')
        done = self.pipeline.run("cdc", "verify", "--rows", "--json", "--timeout", "5", *(t.name for t in self.tables), timeout=300)
        try:
            return {line["table"]: line for line in json.loads(done.stdout)}
        except ValueError:
            return {t.name: {"error": f"exit {done.returncode}: {done.stderr[-400:]}"} for t in self.tables}

    def judge(self, connection):
        states, failed, verified = self.pipeline.status(), 0, self.verified()
        for table in self.tables:
            state = states.get(table.name, {"state": "Idle", "lag": 0})
            try:
                lines = Judge(self.name, table, self.pipeline, connection).problems(state)
            except Exception as error:  # pylint: disable=broad-except  # a reader that cannot read the table, too
                lines = [f"{type(error).__name__}: {error}"]
            if state["state"] == "Idle" and not state.get("dead_letters"):
                lines += disagreements(table, verified[table.name], bool(lines))
            failed += bool(lines)
            verdict = "FAIL" if lines else "held" if state["state"] == "Held" else "ok  "
            print(f"{verdict} {self.name} {table.describe()}; dead letters: {state.get('dead_letters')}", flush=True)
            for line in lines:
                print(f"       {line}", flush=True)
        return failed


def disagreements(table, found, differs):
    """Where `cdc verify --rows` says something else than the judge, who saw that the table differs or that it does not."""
    if found["error"]:
        return [] if found.get("result") == "equal" else [f"verify: {found['error']}"]
    # Nothing is sent for rows that do not change after a rename: the new column is null there, which the judge forgives.
    rows = [r for r in found["rows"] if not table.renamed or not {c["column"] for c in r["columns"]} <= table.renamed]
    if found["unsettled"] or (rows and not differs):
        return [f"verify: {found['result']}, {found['differing']} differ, {found['unsettled']} unsettled: {json.dumps(rows)[:700]}"]
    return ["verify: equal"] if differs and found["result"] == "equal" else []


def run(args, folder):
    from lake_readers import duckdb_connection  # pylint: disable=import-outside-toplevel
    r = random.Random(args.seed)
    stamp = int(time.time()) % 10_000_000
    sources = [Source(args, r, f"g{args.seed}_{stamp}_{i}", folder) for i in range(args.connectors)]
    failed = 0
    try:
        for source in sources:
            print(f"{source.name}: {source.modes}", flush=True)
            source.make()
            source.load(3)
            source.connector.register()
        for source in sources:
            source.connector.wait_streaming()
        until = time.monotonic() + args.seconds
        rounds = 0
        while time.monotonic() < until or rounds < 2:
            rounds += 1
            for source in sources:
                source.load(r.choice([5, 20]))
                if r.random() < args.alter:
                    source.change_shape()
                    source.load(3)
                if r.random() < 0.4:
                    source.connector.wait_sent()
                    source.drain()
        for source in sources:
            source.connector.wait_sent()
            source.drain()
            failed += source.judge(duckdb_connection())
        print(f"{rounds} rounds", flush=True)
    finally:
        for source in sources:
            if not args.keep:
                source.connector.remove()
                sql(f"DROP SCHEMA IF EXISTS {source.name} CASCADE; DROP SCHEMA IF EXISTS {source.name}_history CASCADE;")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--tables", type=int, default=12)
    parser.add_argument("--connectors", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--alter", type=float, default=0.3, help="how often a table changes its shape, 0 to 1")
    parser.add_argument("--keys", type=lambda text: text.split(","), default=KEYS, help=f"kinds of keys, of {','.join(sorted(set(KEYS)))}")
    parser.add_argument("--rewrite", action="store_true", help='on_type_change = "rewrite"')
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 20))
    parser.add_argument("--start", action="store_true", help="start the stack, and stop it afterwards")
    parser.add_argument("--keep", action="store_true", help="keep folders, tables, topics and connectors")
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    components = ["postgres", "kafka", "connect"]
    running = subprocess.run([ROOT / "scripts/stack", "status", *components], capture_output=True, check=False).returncode == 0
    if args.start and not running:
        subprocess.run([ROOT / "scripts/stack", "up", *components], check=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cdc-types-"))
    try:
        failed = run(args, folder)
    except Failed as error:
        print(f"FAIL {error}")
        failed = 1
    finally:
        if args.start and not running:
            subprocess.run([ROOT / "scripts/stack", "down", *components], check=False)
    if not failed and not args.keep:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'FAIL' if failed else 'PASS'} seed {args.seed}" + (f", {failed} tables; folder {folder}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
