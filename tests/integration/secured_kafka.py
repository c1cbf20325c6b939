#!/usr/bin/env python3
"""Tables through a Kafka 4 that demands TLS, passwords or certificates, and gives no right that is not granted.

  secured_kafka.py --bin build/release/bin [--only NAME …] [--keep]

Starts a broker of its own (secured_broker.py; jars of `scripts/stack up kafka`). By SCRAM-SHA-256, SCRAM-SHA-512, PLAIN and client
certificates a topic with a bad message becomes a table, its dead letter and its offset hints, with the rights that docs/configuration.md lists;
pyiceberg and DuckDB compare. Then each right is left out, or a password is wrong: what goes on goes on, and what does not says why.
No password may be in any output or in the state folder. Exit 0: all as it must be; 1: not, with what differs.
"""
import argparse
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from lake_readers import duckdb_connection  # noqa: E402
from pipeline_run import NAMESPACE, Failed, Pipeline, read_rows  # noqa: E402
from secured_broker import make_authority, make_certificate, secured_broker  # noqa: E402

TABLE = "people"
ROWS = [{"id": "1", "name": "Adi"}, {"id": "3", "name": "Citra Dewi"}]
BAD = b"{no json"


def events():
    def event(op, before, after, lsn):
        source = {"version": "3.7.0.Final", "connector": "postgresql", "name": "shop", "ts_ms": 1700000000000 + lsn, "snapshot": "false",
                  "db": "shop", "schema": "public", "table": TABLE, "txId": lsn, "lsn": lsn}
        key = {"id": (after or before)["id"]}
        value = {"before": before, "after": after, "source": source, "op": op, "ts_ms": source["ts_ms"]}
        return json.dumps(key).encode(), json.dumps(value).encode()

    def row(number, name):
        return {"id": number, "name": name}
    return [event("c", None, row(1, "Adi"), 1), event("c", None, row(2, "Budi"), 2), event("c", None, row(3, "Citra"), 3),
            (b'{"id": 9}', BAD), event("u", row(3, "Citra"), row(3, "Citra Dewi"), 4), event("d", row(2, "Budi"), None, 5)]


def check(condition, what):
    if not condition:
        raise Failed(what)


class Case:
    """One user with a topic, a configuration and rights of its own."""

    def __init__(self, run, name, mechanism="SCRAM-SHA-512"):
        self.run, self.broker, self.name = run, run.broker, name
        self.user = run.plain_user if mechanism == "PLAIN" else f"user-{name}"
        self.topic = f"{name}.public.{TABLE}"
        self.letters = f"{self.topic}.dlq"
        self.password = run.plain_password if mechanism == "PLAIN" else run.secret()
        servers = self.broker.tls if mechanism == "mTLS" else self.broker.sasl
        self.pipeline = Pipeline(run.programs, servers, run.folder / name, f"cdc-{name}")
        self.hints = f"cdc-{name}.{TABLE}"
        self.properties = {"ssl.ca.location": str(self.broker.folder / "authority.pem")}
        if mechanism == "mTLS":
            make_certificate(self.broker.folder, "authority", self.user, self.password)
            self.properties |= {"security.protocol": "ssl", "ssl.certificate.location": str(self.broker.folder / f"{self.user}.pem"),
                                "ssl.key.location": str(self.broker.folder / f"{self.user}.key"), "ssl.key.password": "${CDC_TEST_PASSWORD}"}
        else:
            self.properties |= {"security.protocol": "sasl_ssl", "sasl.mechanism": mechanism, "sasl.username": self.user,
                                "sasl.password": "${CDC_TEST_PASSWORD}"}
            if mechanism != "PLAIN":
                self.broker.add_scram_user(self.user, self.password, [mechanism])
        self.write()
        self.broker.make_topic(self.topic)
        self.broker.send(self.topic, events())

    def write(self, defaults=""):
        properties = "".join(f"{json.dumps(k)} = {json.dumps(v)}\n" for k, v in self.properties.items())
        self.pipeline.configure(self.name, f"[tables.{TABLE}]\n[kafka.properties]\n{properties}", defaults=defaults)

    def grant(self, *rights):
        self.broker.grant(self.user, *rights)

    def grant_all(self, *but):
        rights = {f"READ topic {self.topic}", f"READ group {self.hints}", f"CREATE topic {self.letters}", f"WRITE topic {self.letters}",
                  f"READ topic {self.letters}"}
        self.grant(*sorted(rights - set(but)))

    def sign_in(self, password=None):
        os.environ["CDC_TEST_PASSWORD"] = password or self.password

    def drain(self):
        self.sign_in()
        self.pipeline.drain(timeout=90)
        return self.pipeline.status()[TABLE]

    def worker(self):
        """Its exit code, report and log."""
        done = self.pipeline.run("jobs/upsert", "--table", TABLE, "--drain", timeout=120)
        (self.pipeline.folder / "worker.log").write_text(done.stdout + done.stderr)
        return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr

    def check_rows(self):
        table = self.pipeline.catalog().load_table(f"{NAMESPACE}.{TABLE}")
        for reader, rows in read_rows(table, duckdb_connection()):
            rows = sorted(({c: row[c] for c in ("id", "name")} for row in rows), key=lambda row: row["id"])
            check(rows == ROWS, f"{reader} shows {rows}, must be {ROWS}")

    def check_letter(self):
        values = self.broker.values(self.letters)
        check(values == [BAD], f"{self.letters} has {values}, must be {[BAD]}")

    def logs(self):
        files = [p for p in self.pipeline.folder.rglob("*.log") if p.is_file()]
        return "\n".join(p.read_text(errors="replace") for p in files)


def everything(case):
    """With all rights: rows, a dead letter, hints, and the dead letter read back."""
    case.grant_all()
    status = case.drain()
    check(status["state"] == "Idle" and status["dead_letters"] == 1, f"status is {status}")
    case.check_rows()
    case.check_letter()
    check(case.broker.group_offset(case.hints, case.topic) == len(events()), "the offset hint is not there")
    letters = case.pipeline.letters(TABLE)
    check(len(letters) == 1, f"cdc dlq show: {letters}")


def without_group(case):
    """The hints are refused: a warning, once a run."""
    case.grant_all(f"READ group {case.hints}")
    started = time.monotonic()
    check(case.drain()["state"] == "Idle", "not Idle")
    check(time.monotonic() - started < 20, "the worker waited for its hints")
    case.check_rows()
    warning = f"READ on group {case.hints}"
    check(case.logs().count(warning) in (1, 2), f"'{warning}' is {case.logs().count(warning)} times in the logs")  # worker's, orchestrator's copy


def without_read(case):
    """The topic is seen but may not be read: held, naming the right."""
    case.grant_all(f"READ topic {case.topic}")
    case.grant(f"DESCRIBE topic {case.topic}")
    status = case.drain()
    check(status["state"] == "Held" and f"READ on topic {case.topic}" in status["reason"], f"status is {status}")


def without_describe(case):
    """The topic is not even seen: the worker says which rights it needs."""
    case.grant_all(f"READ topic {case.topic}")
    case.sign_in()
    code, report, _ = case.worker()
    check(code == 78 and f"DESCRIBE and READ on topic {case.topic}" in report["reason"], f"exit {code}: {report['reason']}")


def existing_letters(case):
    """Somebody else made the dead-letter topic: it is used without the right to create any."""
    case.broker.make_topic(case.letters)
    case.grant_all(f"CREATE topic {case.letters}")
    check(case.drain()["state"] == "Idle", "not Idle")
    case.check_rows()
    case.check_letter()


def without_create(case):
    """There is no dead-letter topic, nor the right to make it: held, until somebody makes it."""
    case.grant_all(f"CREATE topic {case.letters}")
    status = case.drain()
    check(status["state"] == "Held" and f"CREATE and WRITE on topic {case.letters}" in status["reason"], f"status is {status}")
    check(case.letters not in case.broker.topics(), f"{case.letters} was made")


def without_write(case):
    """The dead-letter topic may be seen, not written to: held."""
    case.broker.make_topic(case.letters)
    case.grant_all(f"CREATE topic {case.letters}", f"WRITE topic {case.letters}")
    status = case.drain()
    check(status["state"] == "Held" and f"WRITE on topic {case.letters}" in status["reason"], f"status is {status}")


def wrong_password(case):
    case.grant_all()
    case.sign_in(case.run.secret())
    code, report, _ = case.worker()
    check(code == 78 and "uthentication" in report["reason"], f"exit {code}: {report['reason']}")
    log = case.pipeline.folder / "orchestrator.log"
    with open(log, "wb") as out, subprocess.Popen([f"{case.run.programs}/cdc-orchestrator", "--config", str(case.pipeline.config)],
                                                  stdin=subprocess.DEVNULL, stdout=out, stderr=out) as orchestrator:
        try:
            deadline = time.monotonic() + 30
            while "uthentication" not in log.read_text(errors="replace"):
                check(time.monotonic() < deadline, f"the orchestrator says nothing of authentication: {log.read_text()[-600:]}")
                time.sleep(0.1)
        finally:
            orchestrator.terminate()
            orchestrator.wait(30)


def wrong_certificate(case):
    """A certificate of an authority that the broker does not know."""
    make_authority(case.broker.folder, "stranger")
    make_certificate(case.broker.folder, "stranger", case.user, case.password)
    case.grant_all()
    case.sign_in()
    code, report, _ = case.worker()
    check(code in (75, 78) and "SSL" in report["reason"], f"exit {code}: {report['reason']}")


CASES = [("scram256", "SCRAM-SHA-256", everything), ("scram512", "SCRAM-SHA-512", everything), ("plain", "PLAIN", everything),
         ("mtls", "mTLS", everything)] + [(check_of.__name__.replace("_", "-"), "SCRAM-SHA-512", check_of) for check_of in (
             without_group, without_read, without_describe, existing_letters, without_create, without_write, wrong_password)] + [
                 ("wrong-certificate", "mTLS", wrong_certificate)]


class Run:
    def __init__(self, programs, folder):
        self.programs, self.folder, self.broker = programs, folder, None
        self.secrets = []
        self.plain_user, self.plain_password = "user-plain", self.secret()

    def secret(self):
        self.secrets.append("pw-" + secrets.token_hex(12))
        return self.secrets[-1]

    def find_secrets(self, folder):
        """Files below a folder that have any password in them."""
        found = []
        for path in folder.rglob("*"):
            if path.is_file() and any(secret.encode() in path.read_bytes() for secret in self.secrets):
                found.append(str(path.relative_to(folder)))
        return found

    def play(self, name, mechanism, play):
        started = time.monotonic()
        try:
            case = Case(self, name, mechanism)
            play(case)
            found = self.find_secrets(case.pipeline.folder)
            check(not found, f"a password is in {found}")
        except (Failed, RuntimeError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            print(f"{name}: FAILED: {error}", flush=True)
            return False
        print(f"{name}: as it must be ({time.monotonic() - started:.1f} s)", flush=True)
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--only", nargs="+", choices=[name for name, _, _ in CASES])
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="secured-kafka-"))
    run = Run(pathlib.Path(args.bin).resolve(), folder)
    wrong = 0
    with secured_broker(folder / "kafka", {run.plain_user: run.plain_password}) as run.broker:
        for name, mechanism, play in CASES:
            if not args.only or name in args.only:
                wrong += not run.play(name, mechanism, play)
    if args.keep or wrong:
        print(f"left in {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
