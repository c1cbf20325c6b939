#!/usr/bin/env python3
"""Plays the cases of tests/data/cases through an embedded Kafka and the programs, and compares the rows.

  play_cases.py --bin build/release/bin [CASE.json|FOLDER…] [-k TEXT] [-j N] [--part I/N] [--keep] [--list]

Without a name: all of tests/data/cases. --part 2/4: the second quarter of them. A case is described in
tests/data/cases/README.md. Prints a line for each; exit 0: all hold, 1: some do not, 64: bad arguments.
"""
import argparse
import concurrent.futures
import gzip
import json
import pathlib
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from case_check import Judge, Outcome, brief  # noqa: E402
from pipeline_run import Failed, Pipeline, embedded_broker, read_rows, table_names  # noqa: E402

CASES = pathlib.Path(__file__).resolve().parents[1] / "data" / "cases"
local = threading.local()


def load(path):
    raw = path.read_bytes()
    return json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)


def case_paths(names):
    for path in map(pathlib.Path, names):
        yield from (sorted(p for p in path.rglob("*") if p.name.endswith((".json", ".json.gz"))) if path.is_dir() else [path])


def on_the_wire(case, part):
    """Text goes as it is; [schema's name, payload] gets that schema around it; other JSON is written as text."""
    if part is None or isinstance(part, str):
        return part
    if isinstance(part, list):
        part = {"schema": case["schemas"][part[0]], "payload": part[1]}
    return json.dumps(part, ensure_ascii=False, separators=(",", ":"))


def record(case, event):
    line = {"topic": event["topic"], "key": on_the_wire(case, event.get("key")), "value": on_the_wire(case, event.get("value"))}
    if event.get("partition") is not None:
        line["partition"] = event["partition"]
    if event.get("headers") is not None:
        line["headers"] = [[name, on_the_wire(case, value)] for name, value in event["headers"]]
    return line


def topics_of(case):
    return {e["topic"] for step in case["steps"] for e in step["events"]} | set(case.get("topics", {}))


def duckdb():
    from lake_readers import duckdb_connection  # pylint: disable=import-outside-toplevel
    if not hasattr(local, "connection"):
        local.connection = duckdb_connection()
    return local.connection


def letters_of(pipeline, case, sent, table):
    """(reason, the event as it was sent) of each dead letter."""
    found = []
    for letter in pipeline.letters(table):
        several = case.get("topics", {}).get(letter.topic, 1) > 1
        there = [r for r in sent if r["topic"] == letter.topic and (not several or r.get("partition") == letter.partition)]
        found.append((letter.reason, there[letter.offset] if letter.offset < len(there) else None))
    return found


def outcome_of(pipeline, case, sent, name):
    entry = case["expect"][name].get("entry", name)
    state = pipeline.status().get(entry)
    if state is None:
        raise Failed(f"cdc status does not show {entry}")
    outcome = Outcome(state["state"], state.get("reason") or "", letters_of(pipeline, case, sent, entry))
    catalog = pipeline.catalog()
    if name not in table_names(catalog):
        return outcome
    table = catalog.load_table(("lake", name))
    outcome.columns = [field.name for field in table.schema().fields]
    outcome.readers = read_rows(table, duckdb())
    for find in case["expect"][name].get("finds", []):
        outcome.finds[find["column"], find["value"]] = find_rows(table, find["column"], find["value"])
    return outcome


def find_rows(table, column, value):
    """How many rows each reader finds by equality: bounds in the metadata must not hide them."""
    from pyiceberg.expressions import EqualTo, Reference  # pylint: disable=import-outside-toplevel
    quoted = '"' + column.replace('"', '""') + '"'
    place = table.metadata_location.removeprefix("file://")
    count = duckdb().execute(f"SELECT count(*) FROM iceberg_scan(?) WHERE {quoted} = ?", [place, value]).fetchone()[0]
    return {"pyiceberg": table.scan(row_filter=EqualTo(Reference(column), value)).to_arrow().num_rows, "duckdb": count}


def play(programs, servers, case, folder):
    pipeline = Pipeline(programs, servers, folder, f"case-{case['name']}")
    tables, sent = case["tables_toml"], []
    for step in case["steps"]:
        tables = step.get("tables_toml", tables)
        pipeline.configure(case["prefix"], tables, case.get("source_toml", ""), case.get("defaults_toml", ""))
        if step.get("lose_state"):
            shutil.rmtree(folder / "state", ignore_errors=True)
        records = [record(case, event) for event in step["events"]]
        if records:
            pipeline.produce(records)
        sent += records
        pipeline.drain()
    for name in case["expect"]:
        Judge(case, name).check(outcome_of(pipeline, case, sent, name))


def run_one(args, servers, case, home):
    started, verdict = time.monotonic(), "PASS"
    try:
        play(args.bin, servers, case, home / case["name"])
    except Failed as error:
        verdict = f"FAIL {error}"
    except Exception as error:  # pylint: disable=broad-except  # a reader that cannot read the table, too
        verdict = f"FAIL {type(error).__name__}: {brief(str(error), 300)}"
    # One write: lines of cases that run at once do not mix.
    sys.stdout.write(f"{verdict[:4]} {case['name']} ({time.monotonic() - started:.1f} s){': ' * (verdict != 'PASS')}{verdict[5:]}\n")
    sys.stdout.flush()
    return verdict == "PASS"


def choose(args, parser):
    """The cases to play; two of one topic would disturb each other."""
    cases, owners = [], {}
    for path in case_paths(args.cases or [CASES]):
        try:
            case = load(path)
        except (OSError, ValueError) as error:
            parser.error(f"{path}: {error}")
        for topic in topics_of(case):
            if owners.setdefault(topic, case["name"]) != case["name"]:
                parser.error(f"{path}: topic {topic} is also that of case {owners[topic]}")
        cases.append(case)
    part, parts = (int(n) for n in args.part.split("/"))
    return [c for i, c in enumerate(cases) if i % parts == part - 1 and args.k in c["name"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.error = lambda message: (print(message, file=sys.stderr), sys.exit(64))
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--bin", default="build/release/bin", type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("-k", default="", metavar="TEXT", help="only cases whose name contains it")
    parser.add_argument("-j", default=1, type=int, metavar="N", help="cases at once")
    parser.add_argument("--part", default="1/1", metavar="I/N")
    parser.add_argument("--keep", action="store_true", help="keep the folders, and say where")
    parser.add_argument("--list", action="store_true", help="only names and what each is about")
    args = parser.parse_args()
    cases = choose(args, parser)
    if args.list:
        print("\n".join(f"{case['name']}: {case['about']}" for case in cases))
        return 0
    if not cases:
        parser.error("no case")
    home = pathlib.Path(tempfile.mkdtemp(prefix="cdc-cases-"))
    topics = [f"{topic}:{count}" for case in cases for topic, count in case.get("topics", {}).items()]
    try:
        with embedded_broker(args.bin, home / "broker.log", topics) as servers, \
                concurrent.futures.ThreadPoolExecutor(args.j) as pool:
            good = list(pool.map(lambda case: run_one(args, servers, case, home), cases))
    finally:
        if args.keep:
            print(f"folders: {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)
    failed = [case["name"] for case, ok in zip(cases, good) if not ok]
    print(f"{sum(good)} of {len(good)} cases hold{'; not: ' * bool(failed)}{', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
