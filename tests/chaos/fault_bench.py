"""One table in a folder of its own, an embedded Kafka, a model of what the table must hold, and faults in the programs' I/O.

Serves crash_points.py, io_errors.py and damaged_files.py. Changes come from random_changes.Source; faults from tests/faults
(its head says what a point is called, and what CDC_FAULTS may be).
"""
import argparse
import functools
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
from lake_readers import duckdb_connection, open_catalog, scan_with_duckdb  # noqa: E402
from local_postgres import LocalPostgres  # noqa: E402  pylint: disable=unused-import
from random_changes import Source  # noqa: E402

NAMESPACE = "lake"
PATIENCE = 120
POLL = 10_000  # records that a worker takes at a time, at most: kMessagesPerPoll in jobs/source/kafka_source.cc


class Wrong(Exception):
    """What must not be; the message says what."""


class Ended:
    """How a program ended."""

    def __init__(self, done):
        self.code = done.returncode
        self.killed = done.returncode == -9
        self.log, self.stdout = done.stderr, done.stdout
        lines = done.stdout.strip().splitlines()
        try:
            self.report = json.loads(lines[-1]) if lines else {}
        except ValueError:
            self.report = {}

    @property
    def reason(self):
        return self.report.get("reason") or self.log[-600:]


class Bench:
    """A folder with tables.toml. `tables`: so many, named t00, t01 …; `target`: a DSN, for tables in PostgreSQL."""

    def __init__(self, programs, faults, folder, servers, seed, tables=1, target="", settings="", group=""):
        self.programs, self.faults, self.folder, self.target = programs.resolve(), faults, pathlib.Path(folder).resolve(), target
        self.source = Source(tables, random.Random(seed))
        self.prefix = f"soak{self.folder.name}"
        self.folder.mkdir(parents=True)
        self.config = self.folder / "tables.toml"
        self.schema = self.folder.name.replace("-", "_")
        sink = f'[sinks.target]\ntype = "postgres"\ndsn = "{target}"\nschema = "{self.schema}"\n' if target else (
            f'[catalog]\nuri = "catalog.db"\nwarehouse = "warehouse"\nnamespace = "{NAMESPACE}"\n')
        entries = "".join(f"[tables.{name}]\n{settings}" for name in self.source.rows)
        self.config.write_text(
            f'[kafka]\nbootstrap_servers = "{servers}"\ngroup_id = "{group or self.folder.name}"\n[source]\ntopic_prefix = "{self.prefix}"\n{sink}'
            '[orchestrator]\nstate_dir = "state"\nlisten = ""\nrate_limit = "0s"\nidle_timeout = "1s"\n'
            f'[defaults]\ncommit_interval = "1ms"\nmetadata_columns = []\n{"sink = " + chr(34) + "target" + chr(34) if target else ""}\n{entries}')

    def elsewhere(self):
        """A configuration of the same table whose state_dir, and with it the lock, is another one: another machine."""
        path = self.config.with_name("elsewhere.toml")
        path.write_text(self.config.read_text().replace('state_dir = "state"', 'state_dir = "elsewhere"'))
        return path

    def produce(self, changes, value=None, polls=1):
        r"""So many records or a few more. \param value makes each event's value another one \param polls of a worker, and commits,
        that they take at least: one record is repeated"""
        lines = []
        while len(lines) < changes:
            lines += self.source.change()
        if polls > 1:
            table = next(iter(self.source.rows))
            row = {"id": 5000, "v": f"poll{self.source.lsn}", "n": polls}
            self.source.rows[table][5000] = row
            lines += [self.source.event(table, "u", 5000, row)] * (POLL * (polls - 1) + 1)
        out = []
        for line in lines:
            record = json.loads(line)
            record["topic"] = record["topic"].replace("soak.", f"{self.prefix}.", 1)
            if value and record["value"]:
                record["value"] = json.dumps(value(json.loads(record["value"])))
            out.append(json.dumps(record) + "\n")
        path = self.folder.with_suffix(".events")  # beside the folder: it is no point
        path.write_text("".join(out))
        done = self.run("cdc", "produce", "--file", path)
        if done.code:
            raise Wrong(f"cdc produce: {done.log}")

    def run(self, program, *words, fault="", log=None, only="", timeout=PATIENCE, config=None):
        environment = dict(os.environ)
        if fault or log:
            environment |= {"LD_PRELOAD": str(self.faults), "CDC_FAULTS_ROOT": str(self.folder), "CDC_FAULTS": fault,
                            "CDC_FAULTS_PROGRAM": only or pathlib.Path(program).name, "CDC_FAULTS_LOG": str(log or "")}
        command = [self.programs / program, *words, "--config", config or self.config]
        try:
            return Ended(subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout, check=False,
                                        stdin=subprocess.DEVNULL, env=environment, cwd=self.folder))
        except subprocess.TimeoutExpired as error:
            raise Wrong(f"{program} {' '.join(map(str, words))} with {fault or 'no fault'} did not end in {timeout} s: "
                        f"{(error.stderr or b'')[-800:]}") from error

    def stopped_drain(self, fault, meanwhile, table="t00"):
        r"""A worker that stops at a point, and goes on when `meanwhile()` is done. \return how it ended; nothing: it did not stop"""
        environment = os.environ | {"LD_PRELOAD": str(self.faults), "CDC_FAULTS_ROOT": str(self.folder), "CDC_FAULTS": fault,
                                    "CDC_FAULTS_PROGRAM": "upsert"}
        command = [self.programs / "jobs/upsert", "--table", table, "--drain", "--config", self.config]
        # Into files: nobody reads while it is stopped.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            with subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment, cwd=self.folder) as run:
                _, how = os.waitpid(run.pid, os.WUNTRACED)
                if not os.WIFSTOPPED(how):
                    run.returncode = os.waitstatus_to_exitcode(how)
                    return None
                try:
                    meanwhile()
                finally:
                    run.send_signal(signal.SIGCONT)
                    run.wait(PATIENCE)
            out.seek(0)
            err.seek(0)
            return Ended(subprocess.CompletedProcess(command, run.returncode, out.read(), err.read()))

    def drain(self, table="t00", **faults):
        return self.run("jobs/upsert", "--table", table, "--drain", **faults)

    def must_drain(self, what, table="t00"):
        """A run without faults. An answer of 75 asks for another one, as the orchestrator would start it."""
        for _ in range(3):
            done = self.drain(table)
            if done.code != 75:
                break
        if done.code:
            raise Wrong(f"after {what}: exit {done.code}: {done.reason}")
        return done

    def found(self, table):
        """[(reader, rows)] by independent readers, each row as (id, v, n)."""
        if self.target:
            text = subprocess.run(["psql", "-XAtc", f"SELECT coalesce(json_agg(t), '[]') FROM {self.schema}.{table} t", self.target], check=True,
                                  capture_output=True, text=True).stdout
            return [("psql", [(r["id"], r["v"], r.get("n")) for r in json.loads(text)])]
        opened = open_catalog(str(self.folder / "catalog.db"), "iceberg_catalog").load_table((NAMESPACE, table))
        return [(reader, [(r["id"], r["v"], r.get("n")) for r in rows.to_pylist()]) for reader, rows in
                (("pyiceberg", opened.scan().to_arrow()), ("DuckDB", scan_with_duckdb(duckdb(), opened)))]

    def judge(self, what, table="t00"):
        wanted = sorted((r["id"], r["v"], r["n"]) for r in self.source.rows[table].values())
        for reader, rows in self.found(table):
            key = lambda row: (row[0], row[1], row[2] is None, row[2] or 0)  # noqa: E731
            if sorted(rows, key=key) != sorted(wanted, key=key):
                raise Wrong(f"after {what}: {reader} reads {len(rows)} rows of {table}, wanted {len(wanted)}; too many "
                            f"{sorted(set(rows) - set(wanted), key=key)[:4]}, missing {sorted(set(wanted) - set(rows), key=key)[:4]}")


@functools.cache
def duckdb():
    return duckdb_connection()


def points_of(log):
    """{point: how often} in the order in which a run first passed them."""
    counts = {}
    for line in pathlib.Path(log).read_text(errors="replace").splitlines():
        counts[line] = counts.get(line, 0) + 1
    return counts


def changes_something(point):
    """Whether killing at this point can leave something behind that killing at the one before cannot."""
    return point.split(" ")[0] not in ("read", "open", "map") and point not in ("kafka Fetch", "kafka Metadata", "kafka ListOffsets",
                                                                                "kafka OffsetFetch")


def arguments(text, short="for each scenario; default: all"):
    r"""What every driver takes. \param text its docstring"""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--short", type=float, default=0, metavar="SECONDS", help=short)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    return parser


def run_driver(args, play):
    r"""`play(rng)` with the seed of `args`, printed. \return exit code: 1 and a line where something is wrong"""
    print(f"seed {args.seed}", flush=True)
    try:
        play(random.Random(args.seed))
    except Wrong as wrong:
        print(f"FAIL {wrong}")
        return 1
    return 0
