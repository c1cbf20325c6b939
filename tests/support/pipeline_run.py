"""The project's programs around one folder: tables.toml, `cdc produce`, `cdc-orchestrator --drain`, status, dead letters.

Serves the tests that play events through an embedded Kafka (play_cases.py, types_test.py) and those on the real one.
"""
import collections
import contextlib
import json
import pathlib
import re
import subprocess

CATALOG = "iceberg_catalog"
NAMESPACE = "lake"
DRAIN_SECONDS = 150
LETTER = re.compile(r"^reason: +(?P<reason>.*)\ntopic: +(?P<topic>.*)\npartition: +(?P<partition>\d+)\noffset: +(?P<offset>\d+)\n"
                    r"written: +.*\nkey: +(?P<key>.*)\nvalue: +(?P<value>.*)$", re.M)
Letter = collections.namedtuple("Letter", "reason topic partition offset key value")


class Failed(Exception):
    """Something is not as it must be; the message says what."""


@contextlib.contextmanager
def embedded_broker(programs, log, topics=()):
    """Runs `cdc broker` and gives its address; `topics`: ["name:partitions"]."""
    command = [f"{programs}/cdc", "broker"] + (["--topics", ",".join(topics)] if topics else [])
    with open(log, "wb") as errors, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                                     text=True) as broker:
        try:
            line = broker.stdout.readline().strip()
            if "bootstrap_servers=" not in line:
                raise Failed(f"cdc broker did not start: {line} {pathlib.Path(log).read_text()[-300:]}")
            yield line.partition("bootstrap_servers=")[2].strip('"')
        finally:
            broker.terminate()
            broker.wait(30)


class Pipeline:
    """One folder with a configuration, a SQLite catalog, a warehouse and a state folder."""

    def __init__(self, programs, servers, folder, group):
        self.programs, self.servers, self.folder, self.group = programs, servers, pathlib.Path(folder), group
        self.config = self.folder / "tables.toml"
        self.drains = 0
        self.folder.mkdir(parents=True, exist_ok=True)

    def configure(self, prefix, tables, source="", defaults="", orchestrator=""):
        self.config.write_text(f"""[kafka]
bootstrap_servers = "{self.servers}"
group_id = "{self.group}"
[source]
topic_prefix = "{prefix}"
{source}
[catalog]
uri = "catalog.db"
name = "{CATALOG}"
warehouse = "warehouse"
namespace = "{NAMESPACE}"
[orchestrator]
state_dir = "state"
rate_limit = "0s"
idle_timeout = "1s"
listen = ""
{orchestrator}
[defaults]
commit_interval = "200ms"
{defaults}
{tables}
""", encoding="utf-8")

    def run(self, program, *arguments, timeout=60):
        command = [f"{self.programs}/{program}", *arguments, "--config", str(self.config)]
        try:
            return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout, check=False,
                                  stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{' '.join((program, *arguments))} did not end within {timeout} s") from error

    def _expect(self, done, what, good=(0,)):
        if done.returncode not in good:
            raise Failed(f"{what}: exit {done.returncode}: {(done.stderr.strip() or done.stdout.strip())[-400:]}")
        return done

    def produce(self, records):
        """records: dicts of topic, key, value and perhaps headers, partition."""
        path = self.folder / f"events{self.drains}.jsonl"
        path.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
        self._expect(self.run("cdc", "produce", "--file", str(path)), "cdc produce")

    def drain(self, timeout=DRAIN_SECONDS):
        self.drains += 1
        done = self.run("cdc-orchestrator", "--drain", timeout=timeout)
        (self.folder / f"drain{self.drains}.log").write_text(done.stdout + done.stderr)
        self._expect(done, "cdc-orchestrator --drain", (0, 1))  # 1: a table is Held

    def status(self):
        done = self.run("cdc", "status", "--json")
        try:
            return {table["table"]: table for table in json.loads(done.stdout)}
        except ValueError as error:
            raise Failed(f"cdc status --json: exit {done.returncode}: {done.stderr.strip()[-400:]}") from error

    def letters(self, table):
        shown = self._expect(self.run("cdc", "dlq", "show", table), f"cdc dlq show {table}").stdout
        return [Letter(m["reason"], m["topic"], int(m["partition"]), int(m["offset"]), m["key"], m["value"]) for m in LETTER.finditer(shown)]

    def catalog(self):
        from lake_readers import open_catalog  # pylint: disable=import-outside-toplevel
        return open_catalog(str(self.folder / "catalog.db"), CATALOG)


def table_names(catalog):
    from pyiceberg.exceptions import NoSuchNamespaceError  # pylint: disable=import-outside-toplevel
    try:
        return [name[-1] for name in catalog.list_tables(NAMESPACE)]
    except NoSuchNamespaceError:
        return []


def read_rows(table, connection):
    """[(reader, [row as {column: canonical text}])] by pyiceberg and DuckDB."""
    from canonical_text import texts_of_arrow  # pylint: disable=import-outside-toplevel
    from lake_readers import scan_with_duckdb  # pylint: disable=import-outside-toplevel
    names = [field.name for field in table.schema().fields]
    # By batches: pyarrow cannot make an empty table that has a list of uuids.
    readers = (("pyiceberg", list(table.scan().to_arrow_batch_reader())), ("duckdb", scan_with_duckdb(connection, table).to_batches()))
    found = []
    for reader, batches in readers:
        rows = []
        for batch in batches:
            if batch.num_columns != len(names):
                raise Failed(f"{reader} shows {batch.num_columns} columns, the table has {len(names)}")
            # DuckDB renames columns whose names differ by case only: by position.
            rows += [dict(zip(names, row)) for row in zip(*(texts_of_arrow(column) for column in batch.columns))]
        found.append((reader, rows))
    return found
