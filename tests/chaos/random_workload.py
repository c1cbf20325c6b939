#!/usr/bin/env python3
"""Random schema, random concurrent transactions, the whole native stack: every table must end equal to PostgreSQL.

  random_workload.py --bin build/release/bin [--tables 30] [--seconds 600] [--clients 4] [--readers pyiceberg,duckdb,trino]
      [--kill-workers N] [--pause minio,catalog] [--catalog rest|sqlite] [--seed N]

Needs `scripts/stack up` (with trino for that reader) and takes its ports from the same environment. Its tables live in a
schema of their own, `random`, in a topic namespace that the connector is told of by a second registration of its own.
--pause stops each named component for 30 s (SIGSTOP) once during the load. Exit 0: all equal.
"""
import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import random_schema

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORT = {"postgres": "5432", "kafka": "9092", "connect": "8083", "minio": "9000", "catalog": "8182", "trino": "8080"}
PORT = {k: os.environ.get(f"CDC_{k.upper()}_PORT", v) for k, v in PORT.items()}
DSN = f"host=127.0.0.1 port={PORT['postgres']} user=postgres dbname=sourcedb"
PATIENCE = 180


def psql(script, check=True):
    return subprocess.run(["psql", "-X", "-q", "-At", "-v", f"ON_ERROR_STOP={int(check)}", DSN], input=script, text=True,
                          capture_output=True, check=check).stdout


def connect(method, path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT['connect']}{path}", method=method,
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def register(run):
    """The project's connector over the schema of this run."""
    text = (ROOT / "scripts/connector/university-server.json").read_text()
    for key, value in {"CDC_SOURCE_HOST": "127.0.0.1", "CDC_SOURCE_PORT": PORT["postgres"], "CDC_SOURCE_DATABASE": "sourcedb",
                       "CDC_SOURCE_USER": "postgres", "CDC_SOURCE_PASSWORD": "", "CDC_SLOT_NAME": run,
                       "CDC_STACK_SCHEMAS": "true", "CDC_SNAPSHOT_MODE": "initial"}.items():
        text = text.replace("${" + key + "}", value)
    config = json.loads(text) | {"topic.prefix": run, "schema.include.list": run, "publication.name": run}
    connect("PUT", f"/connectors/{run}/config", config)
    wait("the connector's slot", 60, lambda: psql(f"SELECT active FROM pg_replication_slots WHERE slot_name = '{run}'").strip() == "t")


def wait(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"FAIL {what}: not within {seconds} s")
        time.sleep(0.5)


def configuration(args, run, folder):
    catalog = (f'type = "rest"\nuri = "http://127.0.0.1:{PORT["catalog"]}"\n' if args.catalog == "rest" else
               'uri = "catalog.db"\nwarehouse = "s3://warehouse/' + run + '"\n')
    path = folder / "tables.toml"
    path.write_text(f"""[kafka]
bootstrap_servers = "127.0.0.1:{PORT['kafka']}"
[source]
topic_prefix = "{run}"
schemas = ["{run}"]
[catalog]
{catalog}namespace = "{run}"
[storage]
endpoint = "http://127.0.0.1:{PORT['minio']}"
access_key_id = "admin"
secret_access_key = "password"
[orchestrator]
state_dir = "state"
rate_limit = "{args.rate_limit}"
idle_timeout = "{args.idle_timeout}"
max_jobs = {args.max_jobs}
listen = ""
[defaults]
discover = true
""")
    return path


def load(args, run, tables, seed, until):
    """One client: transactions until `until`; what fails is a rollback."""
    r = random.Random(seed)
    session = subprocess.Popen(["psql", "-X", "-q", DSN], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, text=True)
    session.stdin.write(f"SET search_path = {run};\nSET lock_timeout = '2s';\nSET timezone = 'UTC';\n")
    while time.monotonic() < until:
        session.stdin.write("\n".join(random_schema.transaction(r, tables)) + "\n")
        session.stdin.flush()
        time.sleep(r.choice([0.002, 0.01, 0.05, 0.3]))
    session.stdin.close()
    session.wait()


def status(args, config):
    done = subprocess.run([f"{args.bin}/cdc", "status", "--json", "--config", str(config)], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.stdout.strip() else []


def disturb(args, config, r, until):
    """Kills and pauses at random moments of the load. -> what was done"""
    done = []
    span = max(0.0, until - time.monotonic())
    events = [(time.monotonic() + span * r.uniform(0.1, 0.9), "kill") for _ in range(args.kill_workers)]
    events += [(time.monotonic() + span * r.uniform(0.1, 0.5), c) for c in args.pause.split(",") if c]
    for at, what in sorted(events):
        time.sleep(max(0.0, at - time.monotonic()))
        if what == "kill":
            pids = [t["pid"] for t in status(args, config) if t.get("pid")]
            if pids:
                try:
                    os.kill(r.choice(pids), signal.SIGKILL)
                    done.append("killed a worker")
                except ProcessLookupError:
                    pass
            continue
        stack = json.loads(subprocess.run([ROOT / "scripts/stack", "status", "--json"], capture_output=True, text=True, check=False).stdout)
        pid = next(c["pid"] for c in stack if c["component"] == what)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(30)
        os.kill(pid, signal.SIGCONT)
        done.append(f"paused {what} for 30 s")
    return done


def compare(args, run, folder, tables):
    subprocess.run([sys.executable, ROOT / "tests/support/dump_source.py", "--dsn", DSN, "--schema", run, "--out", folder / "source"], check=True)
    rules = {t.name: {"kinds": t.kinds()} for t in tables}
    (folder / "exceptions.json").write_text(json.dumps(rules))
    catalog = f"http://127.0.0.1:{PORT['catalog']}" if args.catalog == "rest" else str(folder / "catalog.db")
    command = [sys.executable, ROOT / "tests/support/verify_tables.py", "--catalog", catalog, "--namespace", run, "--expected",
               folder / "source", "--exceptions", folder / "exceptions.json", "--reader", args.readers]
    if args.catalog == "sqlite":
        command += ["--name", "iceberg_catalog"]
    else:
        command += ["--name", ""]
    environment = os.environ | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{PORT['minio']}", "AWS_REGION": "us-east-1",
                                "AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": "password",
                                "CDC_TRINO_URL": f"http://127.0.0.1:{PORT['trino']}"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def settle(args, run, config, folder, tables):
    """Until everything sent is in Kafka and in the lake; then the comparison, which may take some tries."""
    lsn = psql("SELECT pg_current_wal_lsn()").strip()
    # The connector confirms what it has sent when something follows it: a message that it leaves out.
    wait("the connector has sent everything", PATIENCE, lambda: psql(
        f"SELECT 1 FROM pg_logical_emit_message(true, 'cdc_stack', ''); "
        f"SELECT confirmed_flush_lsn >= '{lsn}' FROM pg_replication_slots WHERE slot_name = '{run}'").split() == ["1", "t"])
    started = time.monotonic()
    while True:
        busy = [t for t in status(args, config) if t["lag"] != 0 or t["state"] not in ("Idle", "Running")]
        if not busy:
            result = compare(args, run, folder, tables)
            if result.returncode == 0 or time.monotonic() - started > PATIENCE:
                return result
        elif time.monotonic() - started > PATIENCE:
            raise SystemExit(f"FAIL not caught up: {busy}")
        time.sleep(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--tables", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--readers", default="pyiceberg,duckdb")
    parser.add_argument("--without", default="", help="types to leave out, e.g. time (Spark has none)")
    parser.add_argument("--catalog", choices=["rest", "sqlite"], default="rest")
    parser.add_argument("--rate-limit", default="5s")
    parser.add_argument("--idle-timeout", default="5s")
    parser.add_argument("--max-jobs", type=int, default=8)
    parser.add_argument("--kill-workers", type=int, default=0)
    parser.add_argument("--pause", default="", help="components to stop for 30 s during the load: minio,catalog")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 20))
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    run = f"random_{args.seed}_{int(time.time()) % 100000}"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cdc-random-"))
    print(f"seed {args.seed}, schema {run}, folder {folder}", flush=True)
    tables, ddl = random_schema.make_tables(args.seed, args.tables, [w for w in args.without.split(",") if w])
    psql(f"CREATE SCHEMA {run}; SET search_path = {run};\n" + "\n".join(ddl))
    config = configuration(args, run, folder)
    log = open(folder / "orchestrator.log", "ab")
    orchestrator = None
    try:
        register(run)
        orchestrator = subprocess.Popen([f"{args.bin}/cdc-orchestrator", "--config", str(config)], stderr=log, stdout=log)
        until = time.monotonic() + args.seconds
        clients = [threading.Thread(target=load, args=(args, run, tables, args.seed * 1000 + i, until)) for i in range(args.clients)]
        for client in clients:
            client.start()
        done = disturb(args, config, random.Random(args.seed), until)
        for client in clients:
            client.join()
        print(f"{psql('SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables').strip()} row changes; {done}", flush=True)
        result = settle(args, run, config, folder, tables)
        print(result.stdout[-6000:], result.stderr[-2000:])
        held = [t for t in status(args, config) if t["state"] == "Held"]
        dead = sum(t.get("dead_letters") or 0 for t in status(args, config))
        print(f"held: {held}, dead letters: {dead}")
        failed = result.returncode != 0 or held or dead
    finally:
        if orchestrator:
            orchestrator.terminate()
            orchestrator.wait(60)
        if not args.keep:
            remove(run)
    print("FAIL" if failed else "PASS", folder)
    return 1 if failed else 0


def remove(run):
    try:
        connect("DELETE", f"/connectors/{run}")
    except OSError:
        pass
    wait("the slot's end", 30, lambda: psql(f"SELECT active FROM pg_replication_slots WHERE slot_name = '{run}'").strip() != "t")
    psql(f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{run}'; DROP SCHEMA {run} CASCADE; "
         f"DROP PUBLICATION IF EXISTS {run};")


if __name__ == "__main__":
    sys.exit(main())
