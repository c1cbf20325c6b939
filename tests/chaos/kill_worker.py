#!/usr/bin/env python3
"""Kills a worker with SIGKILL at random moments of draining a topic, starts it again each time, and compares the table.

  kill_worker.py --bin build/release/bin --bootstrap 127.0.0.1:9092 --topic-prefix university-server --table students \
      --columns 'gpa=numeric(3,2),birth_date=date' --expected FOLDER [--kills 20] [--seed N]

The topic must be filled already (cdc produce) and FOLDER hold public.<table>.csv and, beside it, exceptions.json. Exit 0:
every row is right after every kill was survived. The seed is printed; the same seed repeats the same moments.
"""
import argparse
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time


def configuration(args, folder):
    lines = [
        "[kafka]", f'bootstrap_servers = "{args.bootstrap}"',
        "[source]", f'topic_prefix = "{args.topic_prefix}"',
        "[catalog]", 'uri = "data/catalog.db"', 'warehouse = "data/warehouse"', 'namespace = "university"',
        "[orchestrator]", 'state_dir = "state"', 'listen = ""',
        f'[tables."{args.table}"]', f'memory = "{args.memory}"', f'[tables."{args.table}".columns]',
    ]
    for column in filter(None, args.columns.split(";")):
        name, words = column.split("=", 1)
        lines.append(f'"{name}" = "{words}"')
    path = folder / "tables.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def second_thread_state(pid):
    """Of the worker's thread that commits behind a backlog, as in proc(5): R, S, D …; None: it has none yet."""
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            name, rest = task.read_text().split("(", 1)[1].rsplit(") ", 1)
        except (OSError, IndexError):
            continue
        if name == "commit":
            return rest[0]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic-prefix", default="university-server")
    parser.add_argument("--table", default="students")
    parser.add_argument("--columns", default="", help="name=type;name=type for events without a schema")
    parser.add_argument("--memory", default="64MB", help="small, so that there are many commits to be killed in")
    parser.add_argument("--expected", required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--longest", type=float, default=1.0, help="seconds a run may live before it is killed")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = parser.parse_args()
    print(f"seed {args.seed}")
    moments = random.Random(args.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cdc-kill-"))
    config = configuration(args, folder)
    command = [f"{args.bin}/jobs/upsert", "--config", str(config), "--table", args.table, "--drain"]
    kills = with_second = at_work = 0
    log = open(folder / "worker.log", "ab")
    while True:
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        if kills < args.kills:
            time.sleep(moments.uniform(0.005, args.longest))
            if run.poll() is None:
                second = second_thread_state(run.pid)
                with_second += second is not None
                at_work += second in ("R", "D")
                run.send_signal(signal.SIGKILL)
                run.wait()
                kills += 1
                continue
        report = json.loads(run.communicate()[0].splitlines()[-1])
        if report["exit"] != 0:
            print(f"FAIL exit {report['exit']}: {report.get('reason')}; see {folder}")
            return 1
        if kills >= args.kills or report["from"] == report["to"]:
            break
    print(f"killed {kills} times: {with_second} with a second thread for commits, {at_work} while it was at work; last run "
          f"{report}")
    here = pathlib.Path(__file__).resolve().parent.parent
    judged = subprocess.run([sys.executable, str(here / "support/verify_tables.py"), "--catalog",
                             str(folder / "data/catalog.db"), "--namespace", "university", "--expected", args.expected,
                             "--tables", args.table])
    print(("PASS" if judged.returncode == 0 else "FAIL") + f" {folder}")
    return judged.returncode


if __name__ == "__main__":
    sys.exit(main())
