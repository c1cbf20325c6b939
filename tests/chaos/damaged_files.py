#!/usr/bin/env python3
"""Damages every file of state_dir and the catalog in every way, and judges what the next run makes of it.

  damaged_files.py --bin build/release/bin [--rounds 3] [--files PATTERN] [--short SECONDS] [--seed N]

Two tables, a catalog and an orchestrator's files, at two moments: after runs that ended in order, and after runs that were
killed between a commit and the index that follows it. Each file is, one at a time,
  bit        changed in one bit                      page     zeroed in one page of 4096 bytes
  cut        truncated anywhere                      empty    truncated to nothing
  older      as it was some commits ago              gone     deleted
  swapped    exchanged with the other table's        other    replaced by random bytes of the same length
and more events wait in Kafka. The next run must end with 0 (or with 75, and the one after it with 0) and the model's rows, read
by pyiceberg and DuckDB; or with 78 and a reason, and the table is as it was. A change that only the damaged file could have
completed may be a dead letter. --rounds: so many places for each. Exit 0: all of it was so.
"""
import collections
import fnmatch
import json
import pathlib
import shutil
import sys
import time

from crash_points import benches
from fault_bench import Wrong, arguments, run_driver

PAGE = 4096
LETTERS_BEFORE = 0  # that the orchestrator has counted: the scene is made by workers run by hand
TABLES = ("t00", "t01")
# The row of a key change whose second half comes later, and lacks a value that did not change.
MOVED = {"id": 1001, "v": "kept elsewhere", "n": 1}
UNCHANGED = "__debezium_unavailable_value"
# Files without which a place of before a key change is not known any more: `moved` itself, and what ties it to the index.
KNOW_MORE = ("moved", "keys.idx", "files", "commit.journal", "catalog.db")
KILL = "before 1 create state/index/t#/files"  # committed; the index has not followed


class Scene:
    """The folder at one moment, which comes back before each try."""

    def __init__(self, bench, killed):
        self.bench, self.killed = bench, killed
        self.saved, self.older = bench.folder.with_suffix(".saved"), bench.folder.with_suffix(".older")
        self.value = bench.source
        self.value.truncates = False  # no row outlives one, and the half of a key change waits for its other half
        for _ in range(2):
            self.load(150)
        for table in TABLES:
            self.send(table, "c", None, dict(MOVED, id=1000))
            # Becomes a dead letter, and its key is noted: the row in the table is out of date from then on.
            some = next(iter(self.value.rows[table]))
            self.send(table, "u", None, {"id": some, "v": "x", "n": "no number"})
        self.drain()
        shutil.copytree(bench.folder, self.older)
        for _ in range(3):
            self.load(60)
        for table in TABLES:
            header = [["__debezium.newkey", json.dumps({"id": 1001})]]
            self.send(table, "d", dict(MOVED, id=1000), None, header)
        self.drain()
        self.orchestrate("making the scene")
        if killed:
            self.bench.produce(40)
            for table in TABLES:
                ended = bench.drain(table, fault=KILL)
                if not ended.killed:
                    raise Wrong(f"the run that was to be killed at '{KILL}' ended with {ended.code}: {ended.reason}")
        shutil.copytree(bench.folder, self.saved)
        # What the folder holds now; and what waits for it.
        self.before = {t: dict(self.value.rows[t]) for t in TABLES}
        self.bench.produce(80)
        for table in TABLES:
            self.send(table, "c", None, dict(MOVED, v=UNCHANGED), [["__debezium.oldkey", json.dumps({"id": 1000})]])
        for rows in self.value.rows.values():
            rows[1001] = MOVED

    def load(self, changes):
        self.bench.produce(changes)
        self.drain()

    def drain(self):
        for table in TABLES:
            self.bench.must_drain("making the scene", table)

    def send(self, table, op, before, after, headers=None):
        self.value.lsn += 8
        key = (after or before)["id"]
        event = {"before": before, "after": after, "op": op, "ts_ms": 1,
                 "source": {"schema": "public", "table": table, "ts_ms": 1, "lsn": self.value.lsn}}
        path = self.bench.folder.with_suffix(".event")
        path.write_text(json.dumps({"topic": f"{self.bench.prefix}.public.{table}", "headers": headers, "key": json.dumps({"id": key}),
                                    "value": json.dumps(event)}) + "\n")
        if self.bench.run("cdc", "produce", "--file", path).code:
            raise Wrong("cdc produce")

    def restore(self):
        shutil.rmtree(self.bench.folder)
        shutil.copytree(self.saved, self.bench.folder)

    def files(self):
        root = self.saved
        return sorted(p.relative_to(root) for p in [*root.glob("catalog.db*"), *(root / "state").rglob("*")]
                      if p.is_file() and "logs" not in p.parts)

    def orchestrate(self, what):
        ended = self.bench.run("cdc-orchestrator", "--drain")
        if ended.code not in (0, 1, 75, 78) or (ended.code > 1 and not ended.reason.strip()):
            raise Wrong(f"{what}: cdc-orchestrator --drain: exit {ended.code}: {ended.reason}")
        return ended


def damage(scene, file, kind, rng):
    r"""\\return whether it could be done"""
    path = scene.bench.folder / file
    content = bytearray(path.read_bytes())
    if kind == "gone":
        path.unlink()
        return True
    if kind == "older":
        old = scene.older / file
        if not old.is_file() or old.read_bytes() == content:
            return False
        shutil.copyfile(old, path)
        return True
    if kind == "swapped":
        other = pathlib.Path(str(path).replace("t00", "\0").replace("t01", "t00").replace("\0", "t01"))
        if other == path or not other.is_file():
            return False
        path.write_bytes(other.read_bytes())
        other.write_bytes(content)
        return True
    if not content:
        return False
    if kind == "bit":
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif kind == "page":
        at = rng.randrange(len(content) // PAGE + 1) * PAGE
        content[at:at + PAGE] = bytes(len(content[at:at + PAGE]))
    elif kind == "other":
        content[:] = rng.randbytes(len(content))
    else:
        del content[0 if kind == "empty" else rng.randrange(len(content)):]
    path.write_bytes(content)
    return True


KINDS = ("bit", "page", "cut", "empty", "older", "gone", "swapped", "other")


def judge(scene, table, what, may_be_lost):
    r"""\param may_be_lost whether the file could have held what only it knew, and something became a dead letter"""
    try:
        scene.bench.judge(what, table)
        return "right"
    except Wrong:
        if not may_be_lost:
            raise
        # The half of the key change that needs what was in the file: reported, not guessed.
        rows = scene.value.rows[table]
        moved = rows.pop(1001)
        try:
            scene.bench.judge(what, table)
        finally:
            rows[1001] = moved
        return "dead letter"


def check_held(scene, table, what):
    """A table that is Held is as it was: what its readers see, unless the catalog itself is what is damaged."""
    wanted = sorted((r["id"], r["v"], str(r["n"])) for r in scene.before[table].values())
    try:
        found = scene.bench.found(table)
    except Exception:  # pylint: disable=broad-exception-caught
        return
    for reader, rows in found:
        if sorted((i, v, str(n)) for i, v, n in rows) != wanted:
            raise Wrong(f"{what}: {table} is Held, and {reader} reads other rows than before")


def run_table(scene, table, what, file, dead_before):
    codes = []
    for _ in range(3):
        ended = scene.bench.drain(table)
        codes.append(ended.code)
        if ended.code != 75:
            break
    if ended.code == 0:
        letters = ended.report.get("dead_letters", 0) or dead_before
        return judge(scene, table, what, letters and file.name.startswith(KNOW_MORE)), ""
    if ended.code in (75, 78) and ended.reason.strip():
        check_held(scene, table, what)
        return "Held" if ended.code == 78 else "waits", ended.reason
    raise Wrong(f"{what}: {table}: exits {codes}: {ended.reason}")


def try_one(scene, file, kind, args, rng, outcomes):
    scene.restore()
    if not damage(scene, file, kind, rng):
        return
    what = f"{kind} of {file}{' beside a killed run' if scene.killed else ''}"
    dead = {}
    if "index" not in file.parts:
        scene.orchestrate(what)
        status = scene.bench.run("cdc", "status", "--json")
        if status.code not in (0, 1):
            raise Wrong(f"{what}: cdc status: exit {status.code}: {status.log}")
        dead = {t["table"]: t["dead_letters"] for t in json.loads(status.stdout or "[]")}
    for table in TABLES:
        outcome, reason = run_table(scene, table, what, file, dead.get(table, 0) > LETTERS_BEFORE)
        outcomes[outcome] += 1
        if reason:
            outcomes.setdefault("reasons", {}).setdefault(f"{file.name}: {kind}", reason[:200])
        if args.verbose:
            print(f"{what}: {table}: {outcome} {reason[:150]}", flush=True)


def check_sound(scene):
    """Without damage: everything is right, the change that needs its old row included."""
    for orchestrated in (False, True):
        scene.restore()
        if orchestrated:
            scene.orchestrate("no damage")
        for table in TABLES:
            scene.bench.must_drain("no damage", table)
            scene.bench.judge("no damage", table)


def play(scene, args, rng):
    check_sound(scene)
    tries = [(file, kind) for file in scene.files() if fnmatch.fnmatch(str(file), args.files) for kind in KINDS
             for _ in range(args.rounds if kind in ("bit", "page", "cut") else 1)]
    if args.short:
        rng.shuffle(tries)
    end = time.monotonic() + (args.short or 1e9)
    outcomes, done = collections.Counter(), 0
    reasons = outcomes["reasons"] = {}
    for file, kind in tries:
        if time.monotonic() > end:
            break
        try_one(scene, file, kind, args, rng, outcomes)
        done += 1
    del outcomes["reasons"]
    print(f"{'killed' if scene.killed else 'in order'}: {len(scene.files())} files, {done} of {len(tries)} tries; tables were "
          f"{', '.join(f'{name}: {count}' for name, count in sorted(outcomes.items()))}", flush=True)
    for where, reason in sorted(reasons.items()):
        print(f"  {where}: {reason}")


def play_both(args, rng):
    """The files are damaged after orderly runs, and beside one that was killed."""
    with benches(args, ["damage"], rng) as make:
        for killed in (False, True):
            play(Scene(make("damage"), killed), args, rng)


def main():
    parser = arguments(__doc__, "for each of the two moments; default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", default="*", help="pattern of their paths, e.g. 'state/index/*'")
    parser.add_argument("--verbose", action="store_true", help="a line for each table of each try")
    args = parser.parse_args()
    return run_driver(args, lambda rng: play_both(args, rng))


if __name__ == "__main__":
    sys.exit(main())
