#!/usr/bin/env python3
"""Makes the n-th I/O of worker and orchestrator fail, for every n, and judges how the run ended and the tables.

  io_errors.py --bin build/release/bin [--scenario NAME,…] [--errors EIO,ENOSPC,full] [--short SECONDS] [--seed N]

The calls are those of tests/faults: open, read, write, sync, truncate, rename, link, delete, allocate and map of files below
the table's folder, and what is sent to Kafka, PostgreSQL and other processes. EIO and ENOSPC fail one call; `full` fails the
n-th and every later one with ENOSPC, as a full disk does. Scenarios are those of crash_points.py. For each n the run must
  end by itself, with 0, or with 75 and a reason; if with 0, the table has the model's rows;
and the next run, without a fault, ends with 0 and the model's rows, read by pyiceberg and DuckDB, or psql.
--short: as many as fit, chosen by the seed. Exit 0: all of it was so.
"""
import collections
import errno
import sys
import time

from crash_points import play_all
from fault_bench import Wrong, arguments, run_driver

FAULTS = {"EIO": f"fail {errno.EIO}", "ENOSPC": f"fail {errno.ENOSPC}", "full": f"stay {errno.ENOSPC}"}
DEFAULT_SCENARIOS = "first,load,maintenance,postgres,orchestrator"


def io_count(scenario):
    """How many calls a run makes: the most of some."""
    most = 0
    for _ in range(3):
        scenario.prepare()
        log = scenario.bench.folder.with_suffix(".points")
        log.unlink(missing_ok=True)
        ended = scenario.act(log=log)
        if ended.code:
            raise Wrong(f"{scenario.name} without faults: exit {ended.code}: {ended.reason}")
        most = max(most, len(log.read_text(errors="replace").splitlines()))
    return most


def check_end(scenario, ended, what):
    # A disk is mended without anybody changing a setting: 75, never 78. `cdc maintain` and a drain of all tables say 1 for it.
    good = (0, 1, 75) if scenario.name in ("maintenance", "orchestrator") else (0, 75)
    if ended.code not in good:
        raise Wrong(f"{what}: exit {ended.code}: {ended.reason}")
    if ended.code and not ended.reason.strip():
        raise Wrong(f"{what}: exit {ended.code} without a reason")


def play(scenario, args, rng):
    count = io_count(scenario)
    tries = [(n, kind) for kind in args.errors.split(",") for n in range(1, count + 1)]
    planned = len(tries)
    if args.short:
        rng.shuffle(tries)
    end = time.monotonic() + (args.short or 1e9)
    codes = collections.Counter()
    for n, kind in tries:
        if time.monotonic() > end:
            break
        what = f"{kind} at I/O {n} of {scenario.name}"
        scenario.prepare()
        ended = scenario.act(fault=f"{FAULTS[kind]} {n} *")
        check_end(scenario, ended, what)
        codes[ended.code] += 1
        if args.verbose:
            print(what, ended.code, ended.reason[-150:] if ended.code else "", flush=True)
        if ended.code == 0 and scenario.name != "orchestrator":
            scenario.judge(what)
        scenario.settle(what)
        scenario.judge(what)
    print(f"{scenario.name}: {count} I/Os, {sum(codes.values())} of {planned} faults; runs ended with "
          f"{', '.join(f'{code}: {n}' for code, n in sorted(codes.items()))}; every table was right", flush=True)


def main():
    parser = arguments(__doc__)
    parser.add_argument("--scenario", default=DEFAULT_SCENARIOS)
    parser.add_argument("--errors", default=",".join(FAULTS))
    parser.add_argument("--verbose", action="store_true", help="a line for each")
    args = parser.parse_args()
    return run_driver(args, lambda rng: play_all(args, rng, play))


if __name__ == "__main__":
    sys.exit(main())
