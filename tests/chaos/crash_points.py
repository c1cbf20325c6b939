#!/usr/bin/env python3
"""Kills worker and orchestrator at every I/O that they do, at its first, second and third time, and judges the tables.

  crash_points.py --bin build/release/bin [--scenario NAME,…] [--point PATTERN] [--short SECONDS] [--seed N] [--list]

A point is an operation and what it is done to: "rename state/index/t00/keys.idx", "postgres COMMIT" (tests/faults). Runs without
faults say which there are; a scenario then kills the program before, in the middle of (a write), or after each of them, lets
the next run go to its end, and compares the table with a model by pyiceberg and DuckDB, or psql.
  load          a worker that drains a topic into an Iceberg table
  maintenance   compaction and expiry of that table, by `cdc maintain`
  rewrite       a table that is written anew because a column changed its type at the source
  postgres      a worker that drains a topic into a PostgreSQL table
  zombies       a worker that is stopped at a point while another machine's takes its table, and then goes on; postgres-zombies too
  orchestrator  the orchestrator, with tables.toml changed under it
--short: as many kills of each scenario as fit, chosen by the seed, the first time of each point before the others.
Exit 0: every table was right. The seed repeats what was chosen.
"""
import collections
import contextlib
import fnmatch
import pathlib
import sys
import tempfile
import time

from fault_bench import Bench, LocalPostgres, Wrong, arguments, changes_something, points_of, run_driver
from pipeline_run import embedded_broker

TIMES = (1, 2, 3)


class Scenario:
    """What is done again and again, and killed."""

    name = "load"
    program = "upsert"
    learning_runs = 4
    hows = ("before", "after")

    def __init__(self, make, rng):
        self.make, self.rng = make, rng
        self.bench = self.fresh()

    def fresh(self):
        bench = self.make(self.name)
        bench.produce(60)
        bench.must_drain("the first load")
        return bench

    def prepare(self, commits=1):
        r"""\param commits that the run makes at least, where it loads"""
        self.bench.produce(self.rng.randrange(3, 400), polls=commits + (commits > 1))

    def act(self, **faults):
        return self.bench.drain(**faults)

    def settle(self, what):
        self.bench.must_drain(what)

    def judge(self, what):
        self.bench.judge(what)

    def points(self):
        """{point: times} of several runs; a table's first run among them."""
        found = {}
        log = self.bench.folder.with_suffix(".points")
        for run in range(self.learning_runs):
            self.prepare(max(TIMES) if run == self.learning_runs - 1 else 1)
            log.unlink(missing_ok=True)
            ended = self.act(log=log)
            if ended.code:
                raise Wrong(f"{self.name} without faults: exit {ended.code}: {ended.reason}")
            for point, times in points_of(log).items():
                found[point] = max(times, found.get(point, 0))
        self.judge("runs without faults")
        return {point: times for point, times in found.items() if changes_something(point)}


class FirstLoad(Scenario):
    """The run that makes the table: each needs a new one."""

    name = "first"
    learning_runs = 2

    def fresh(self):
        return self.make(self.name)

    def prepare(self, commits=1):
        self.bench = self.fresh()
        self.bench.produce(40, polls=commits + (commits > 1))


class Maintenance(Scenario):
    name = "maintenance"

    def prepare(self, commits=1):
        for _ in range(4):
            self.bench.produce(self.rng.randrange(20, 150))
            self.bench.must_drain("a load before maintenance")

    def act(self, **faults):
        return self.bench.run("cdc", "maintain", "t00", only=self.program, **faults)

    def settle(self, what):
        super().settle(what)
        again = self.act()
        if again.code:
            raise Wrong(f"after {what}: cdc maintain: exit {again.code}: {again.reason}")


class Rewrite(FirstLoad):
    """`n` becomes text at the source: rows of before keep their numbers as text."""

    name = "rewrite"

    def prepare(self, commits=1):
        self.bench = self.fresh()
        self.bench.produce(200, value=lambda event: with_schema(event, "int64"))
        self.bench.must_drain("a load before the rewrite")
        rows = self.bench.source.rows["t00"]
        for row in rows.values():
            row["n"] = None if row["n"] is None else str(row["n"])
        self.bench.produce(3, value=lambda event: with_schema(event, "string"))
        for row in rows.values():
            row["n"] = None if row["n"] is None else str(row["n"])


def with_schema(event, kind):
    """The event as a converter with schemas sends it, `n` being of that type."""
    fields = [{"type": "int64", "optional": False, "field": "id"}, {"type": "string", "optional": True, "field": "v"},
              {"type": kind, "optional": True, "field": "n"}]
    images = [{"type": "struct", "optional": True, "field": name, "fields": fields} for name in ("before", "after")]
    for name in ("before", "after"):
        row = event.get(name)
        if row and row["n"] is not None:
            row["n"] = str(row["n"]) if kind == "string" else row["n"]
    return {"schema": {"type": "struct", "optional": False, "fields": images + [
        {"type": "string", "optional": False, "field": "op"}, {"type": "int64", "optional": True, "field": "ts_ms"}]}, "payload": event}


class Postgres(Scenario):
    name = "postgres"


class Zombies(Scenario):
    """The run that stops is believed dead: another machine's worker takes the table, then the first goes on."""

    name = "zombies"
    hows = ("stop",)

    def act(self, fault="", **faults):
        if not fault:
            return super().act(**faults)
        taken = []

        def take_over():
            self.bench.produce(self.rng.randrange(3, 60))
            other = self.bench.drain(config=self.bench.elsewhere())
            if other.code not in (0, 75):  # 75: a transaction of the first stands in its way
                raise Wrong(f"the other worker, while the first stood at '{fault}': exit {other.code}: {other.reason}")
            taken.append(other.code == 0)

        ended = self.bench.stopped_drain(fault, take_over)
        if ended is None:
            return super().act()
        if ended.code not in (0, 75):
            raise Wrong(f"the zombie that stood at '{fault}': exit {ended.code}: {ended.reason}")
        if taken == [True]:  # all events are in the table, whatever the zombie did
            self.judge(f"the zombie that stood at '{fault}' and ended with {ended.code}")
        ended.killed = True
        return ended


class PostgresZombies(Zombies):
    name = "postgres-zombies"


class Orchestrator(Scenario):
    """Drains all tables; each time tables.toml has changed."""

    name = "orchestrator"
    program = "cdc-orchestrator"
    learning_runs = 2
    changes = 0

    def prepare(self, commits=1):
        super().prepare()
        Orchestrator.changes += 1
        text = self.bench.config.read_text().split("# change")[0]
        self.bench.config.write_text(f"{text}# change {Orchestrator.changes}\n")

    def act(self, **faults):
        ended = self.bench.run("cdc-orchestrator", "--drain", only=self.program, **faults)
        if ended.code == 1 and faults.get("fault"):
            ended.code = 0  # the fault made a table's run fail; settle() says whether for good
        return ended

    def settle(self, what):
        for _ in range(3):
            ended = self.bench.run("cdc-orchestrator", "--drain")
            if ended.code == 0:
                break
        if ended.code:
            raise Wrong(f"after {what}: cdc-orchestrator --drain: exit {ended.code}: {ended.log[-600:]}")
        status = self.bench.run("cdc", "status", "--json")
        if status.code not in (0, 1):
            raise Wrong(f"after {what}: cdc status: exit {status.code}: {status.log}")

    def judge(self, what):
        for table in self.bench.source.rows:
            self.bench.judge(what, table)


SCENARIOS = {cls.name: cls for cls in (FirstLoad, Scenario, Maintenance, Rewrite, Postgres, Zombies, PostgresZombies, Orchestrator)}
SETTINGS = {"rewrite": 'on_type_change = "rewrite"\n', "maintenance": 'target_file_size = "1MB"\n'}


@contextlib.contextmanager
def benches(args, names, rng):
    """Gives a function that makes a bench for a scenario of that name."""
    with tempfile.TemporaryDirectory(prefix="cdc-faults-") as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        servers = stack.enter_context(embedded_broker(args.bin, folder / "broker.log"))
        target = stack.enter_context(LocalPostgres()).dsn if any(name.startswith("postgres") for name in names) else ""
        number = iter(range(1 << 30))
        yield lambda name: Bench(
            args.bin, args.bin.resolve().parent / "tests/libcdc_io_faults.so", folder / f"{name}{next(number)}", servers,
            rng.randrange(1 << 30), settings=SETTINGS.get(name, ""), tables={"orchestrator": 3, "damage": 2}.get(name, 1),
            target=target if name.startswith("postgres") else "")


def kills_of(points, hows_of_all, rng, short):
    """[(how, time, point)], each point's first time before the second ones."""
    kills = []
    for time_ in TIMES:
        some = []
        for point, times in points.items():
            if time_ > times:
                continue
            hows = [*hows_of_all, *(["tear"] if "before" in hows_of_all and point.startswith("write ") else [])]
            some += [(how, time_, point) for how in ([rng.choice(hows)] if short else hows)]
        if short:
            rng.shuffle(some)
        kills += some
    return kills


def play(scenario, args, rng):
    points = {point: times for point, times in scenario.points().items() if fnmatch.fnmatch(point, args.point)}
    kills = kills_of(points, scenario.hows, rng, args.short > 0)
    if args.list:
        print("\n".join(f"{scenario.name}: {point} ({times})" for point, times in points.items()))
        return
    end = time.monotonic() + (args.short or 1e9)
    done = collections.Counter()
    for how, time_, point in kills:
        if time.monotonic() > end:
            break
        what = f"{how} time {time_} of '{point}' in {scenario.name}"
        scenario.prepare(time_)
        ended = scenario.act(fault=f"{how} {time_} {point}")
        killed = ended.killed or "ended by signal 9" in ended.log or ended.code == 137 or "signal 9" in ended.reason
        if not killed and ended.code:
            # The program that was killed may have been another one's child.
            killed = scenario.name == "maintenance"
            if not killed:
                raise Wrong(f"{what}: exit {ended.code}: {ended.reason}")
        done["killed" if killed else "not reached"] += 1
        scenario.settle(what)
        scenario.judge(what)
    print(f"{scenario.name}: {len(points)} points, {len(kills)} kills planned, {done['killed']} done, "
          f"{done['not reached']} whose point this run did not pass; every table was right", flush=True)


def play_all(args, rng, one):
    """`one(scenario, args, rng)` for each of args.scenario, on the servers that they need."""
    names = args.scenario.split(",")
    with benches(args, names, rng) as make:
        for name in names:
            one(SCENARIOS[name](make, rng), args, rng)


def main():
    parser = arguments(__doc__, "for each scenario; default: all kills")
    parser.add_argument("--scenario", default=",".join(SCENARIOS))
    parser.add_argument("--point", default="*", help="only points that match, e.g. 'postgres *'")
    parser.add_argument("--list", action="store_true", help="only print the points and how often a run passes them")
    args = parser.parse_args()
    return run_driver(args, lambda rng: play_all(args, rng, play))


if __name__ == "__main__":
    sys.exit(main())
