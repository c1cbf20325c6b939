#!/usr/bin/env python3
"""Several orchestrators share tables by Kafka's group membership: they move when one dies or joins, and no row is lost or doubled.

  tests/integration/shared_tables.py --bin build/release/bin [--tables 12] [--orchestrators 3] [--seed 1]

Real Kafka (scripts/stack up kafka). Changes go on all the time; one orchestrator is killed with its workers, one is stopped, one is
started again. After each the test waits until every table is at exactly one living orchestrator, and says how long it took; at the
end every table must hold the model's rows, read by pyiceberg. Exit 1: it does not, or a table was not taken over in 15 seconds.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import lake_readers  # noqa: E402  pylint: disable=wrong-import-position

TAKEN_OVER_IN = 15  # seconds
CONFIG = """
[kafka]
bootstrap_servers = "{kafka}"
group_id = "{group}"
[source]
topic_prefix = "{group}"
[catalog]
type = "sqlite"
uri = "{folder}/catalog.db"
warehouse = "{folder}/warehouse"
namespace = "shared"
[orchestrator]
name = "{name}"
share = true
state_dir = "{folder}/{name}"
rate_limit = "0s"
idle_timeout = "2s"
max_jobs = 8
listen = ""
[defaults]
metadata_columns = []
columns = {{ id = "int", v = "text" }}
commit_interval = "200ms"
"""


class Orchestrator:
    """A process of its own, with a state folder of its own."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.config = world.folder / f"{name}.toml"
        tables = "".join(f"[tables.{table}]\nkey = [\"id\"]\n" for table in world.tables)
        self.config.write_text(CONFIG.format(kafka=world.kafka, group=world.group, folder=world.folder, name=name) + tables)
        self.process = None

    def start(self):
        log = open(self.world.folder / f"{self.name}.log", "ab")
        # A process group: a machine that dies takes its workers along.
        self.process = subprocess.Popen([str(self.world.bin / "cdc-orchestrator"), "--config", str(self.config)],
                                        stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def status(self):
        done = subprocess.run([str(self.world.bin / "cdc"), "status", "--json", "--config", str(self.config)],
                              capture_output=True, text=True, check=False, timeout=30)
        try:
            return json.loads(done.stdout)
        except ValueError:
            return []


class World:
    def __init__(self, options):
        self.bin = options.bin.resolve()
        self.kafka = f"127.0.0.1:{os.environ.get('CDC_KAFKA_PORT', '9092')}"
        self.group = f"shared-{os.getpid()}-{int(time.time())}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cdc-shared-"))
        self.tables = [f"t{n:03}" for n in range(options.tables)]
        self.model = {table: {} for table in self.tables}
        self.random = random.Random(options.seed)
        self.orchestrators = [Orchestrator(self, f"o{n}") for n in range(options.orchestrators)]

    def change(self, count):
        """Random changes of all tables, in Kafka when this returns."""
        lines = []
        for _ in range(count):
            table = self.random.choice(self.tables)
            rows, key = self.model[table], self.random.randrange(20)
            if key in rows and self.random.random() < 0.25:
                lines.append(self.event(table, key, None, rows.pop(key)))
                continue
            row = {"id": key, "v": f"{table} {self.random.randrange(10 ** 9)}"}
            lines.append(self.event(table, key, row, rows.get(key)))
            rows[key] = row
        done = subprocess.run([str(self.bin / "cdc"), "produce", "--bootstrap-servers", self.kafka, "--file", "-"],
                              input="\n".join(lines), text=True, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"cdc produce: {done.stderr}")

    def event(self, table, key, after, before):
        op = "d" if after is None else "c" if before is None else "u"
        value = {"before": before, "after": after, "source": {"schema": "public", "table": table}, "op": op}
        return json.dumps({"topic": f"{self.group}.public.{table}", "key": json.dumps({"id": key}), "value": json.dumps(value)})

    def places(self):
        """{table: [orchestrators that have it]}, and what each says of the others."""
        at = {table: [] for table in self.tables}
        for each in self.orchestrators:
            if not each.alive:
                continue
            for record in each.status():
                if record["state"] != "Elsewhere" and record["table"] in at and record.get("topic"):
                    at[record["table"]].append(each.name)
        return at

    def settle(self, what, limit):
        """Until each table is at one orchestrator, and each has its share. Changes go on meanwhile."""
        began = time.monotonic()
        living = [each.name for each in self.orchestrators if each.alive]
        while True:
            self.change(20)
            at = self.places()
            fair = len(self.tables) // len(living)
            counts = {name: sum(places == [name] for places in at.values()) for name in living}
            if all(len(places) == 1 for places in at.values()) and min(counts.values()) >= fair:
                took = time.monotonic() - began
                print(f"{what}: {counts} after {took:.1f} s", flush=True)
                return
            if time.monotonic() - began > limit:
                raise SystemExit(f"{what}: not within {limit} s: {at}")

    def wrong(self):
        """The first table that does not hold the model's rows."""
        catalog = lake_readers.open_catalog(f"{self.folder}/catalog.db", "iceberg_catalog")
        for table in self.tables:
            try:
                rows = catalog.load_table(("shared", table)).scan().to_arrow().to_pylist()
            except Exception as error:  # pylint: disable=broad-exception-caught  # not made yet
                if self.model[table]:
                    return f"{table}: {type(error).__name__} {error}"
                continue
            key = lambda row: row["id"]
            want = sorted(self.model[table].values(), key=key)
            if sorted(rows, key=key) != want:
                return f"{table}: has {sorted(rows, key=key)}, not {want}"
        return None

    def compare(self, what):
        deadline = time.monotonic() + 60
        while wrong := self.wrong():
            if time.monotonic() > deadline:
                raise SystemExit(f"{what}: {wrong}")
            time.sleep(0.3)
        print(f"{what}: {len(self.tables)} tables have their rows", flush=True)

    def check_owners(self):
        """Who does not have a table says who has it."""
        deadline = time.monotonic() + 30
        while True:
            at = self.places()
            wrong = [(each.name, record["table"], record["reason"]) for each in self.orchestrators if each.alive
                     for record in each.status() if record["state"] == "Elsewhere"
                     and record["reason"] != f"orchestrator {at[record['table']][0] if at[record['table']] else '?'} has it"]
            if not wrong:
                return self.check_wait()
            if time.monotonic() > deadline:
                raise SystemExit(f"who has what: {wrong[:3]}")
            time.sleep(0.5)

    def check_wait(self):
        """`cdc wait` says nothing of tables that it cannot know: without names it passes them over, a named one is not caught up."""
        for each in self.orchestrators:
            if not each.alive:
                continue
            away = [record["table"] for record in each.status() if record["state"] == "Elsewhere"]
            wait = lambda *arguments, config=each.config: subprocess.run(
                [str(self.bin / "cdc"), "wait", *arguments, "--config", str(config)], capture_output=True, text=True, check=False)
            here = wait("--timeout", "60s")
            if here.returncode or f"{len(away)} tables are at other orchestrators" not in here.stderr:
                raise SystemExit(f"cdc wait at {each.name}: {here.returncode} {here.stderr}")
            named = wait(away[0], "--timeout", "1s")
            if named.returncode != 1 or f"{away[0]} is Elsewhere: orchestrator " not in named.stderr:
                raise SystemExit(f"cdc wait {away[0]} at {each.name}: {named.returncode} {named.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--tables", type=int, default=12)
    parser.add_argument("--orchestrators", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    world = World(options)
    first, *others = world.orchestrators
    try:
        for table in world.tables:  # each topic exists before the first orchestrator looks
            row = {"id": 99, "v": "first"}
            world.model[table][99] = row
        subprocess.run([str(world.bin / "cdc"), "produce", "--bootstrap-servers", world.kafka, "--file", "-"], check=True, text=True,
                       stdout=subprocess.DEVNULL,
                       input="\n".join(world.event(table, 99, rows[99], None) for table, rows in world.model.items()))
        first.start()
        world.settle("one alone", 60)
        world.compare("one alone")
        for each in others:
            each.start()
        world.settle("all of them", 90)
        world.check_owners()
        others[0].kill()
        world.settle("one killed", TAKEN_OVER_IN)
        world.compare("one killed")
        first.stop()
        world.settle("one stopped", TAKEN_OVER_IN)
        first.start()
        others[0].start()
        world.settle("both back", 90)
        world.check_owners()
        world.compare("at the end")
        print("OK")
    except BaseException:
        print(f"kept: {world.folder}", file=sys.stderr)
        raise
    else:
        for each in world.orchestrators:
            each.stop()
        shutil.rmtree(world.folder)
    finally:
        for each in world.orchestrators:
            if each.alive:
                each.kill()


if __name__ == "__main__":
    main()
