"""The Flink of `scripts/stack up flink elasticsearch` does what a job of it needs: rows from Kafka into Iceberg, each once, over
a savepoint, and a running sum into Elasticsearch.

A job begins at the offset that it is told, commits, stops with a savepoint, and another one goes on from there after more
records came. pyiceberg counts the rows. Then: the jobs have their names in Flink's own list, status tells of a task manager
that died, `up` starts only that one again, `down` leaves no process.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from confluent_kafka import Producer
from pyiceberg.catalog import load_catalog
from secured_broker import free_ports

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 90
TOPIC = "flink_stack"
NEEDED = ("kafka", "minio", "catalog", "elasticsearch", "flink")


def request(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    made = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(made, timeout=30) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        raise SystemExit(f"{method} {url}: {refused.code} {refused.read().decode()[-1500:]}") from refused


def wait_until(what, condition):
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {SECONDS} s: {what}")
        time.sleep(0.1)
    return found


def expect(true, what):
    if not true:
        raise SystemExit(f"wrong: {what}")
    print(f"right: {what}", flush=True)


class Stack:
    """The components on ports of their own; Kafka's and Flink's take the ports that follow too."""

    def __init__(self, folder):
        first = free_ports(40)[0]
        self.kafka, self.minio, self.catalog, self.flink, self.search = first, first + 4, first + 8, first + 12, first + 24
        self.environment = {**os.environ, "CDC_STACK_DIR": str(folder), "CDC_KAFKA_PORT": str(self.kafka), "CDC_MINIO_PORT": str(self.minio),
                            "CDC_CATALOG_PORT": str(self.catalog), "CDC_FLINK_PORT": str(self.flink),
                            "CDC_ELASTICSEARCH_PORT": str(self.search), "CDC_ELASTICSEARCH_TRANSPORT": str(self.search + 1)}
        self.rest, self.gateway = f"http://127.0.0.1:{self.flink}", f"http://127.0.0.1:{self.flink + 1}/v1"

    def run(self, *arguments, check=True):
        done = subprocess.run([ROOT / "scripts/stack", *arguments], env=self.environment, stdout=subprocess.PIPE, text=True, check=False)
        if check and done.returncode:
            raise SystemExit(f"scripts/stack {' '.join(arguments)} ended with {done.returncode}")
        return done

    def parts(self):
        return {part["component"]: part for part in json.loads(self.run("status", "--json", "flink", check=False).stdout)}


class Session:
    def __init__(self, gateway, properties):
        self.url = f"{gateway}/sessions/" + request("POST", f"{gateway}/sessions", {"properties": properties})["sessionHandle"]

    def run(self, statement):
        """The id of the job, where the statement starts one."""
        operation = f"{self.url}/operations/" + request("POST", f"{self.url}/statements", {"statement": statement})["operationHandle"]
        ended = {"FINISHED", "ERROR", "CANCELED"}
        wait_until(statement, lambda: request("GET", f"{operation}/status")["status"] in ended)
        return request("GET", f"{operation}/result/0?rowFormat=JSON").get("jobID")


def has_ended(pid):
    """A zombie has: nobody reaps in some containers."""
    try:
        return "\nState:\tZ" in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True


def task_managers(stack):
    return [entry["id"] for entry in request("GET", f"{stack.rest}/taskmanagers")["taskmanagers"]]


def create_source(stack, session, group, offset):
    session.run(f"""CREATE TEMPORARY TABLE numbers (id BIGINT, name STRING) WITH ('connector'='kafka', 'topic'='{TOPIC}',
        'properties.bootstrap.servers'='127.0.0.1:{stack.kafka}', 'properties.group.id'='{group}', 'format'='json',
        'scan.startup.mode'='specific-offsets', 'scan.startup.specific-offsets'='partition:0,offset:{offset}')""")


def start_job(stack, name, offset, savepoint=None):
    properties = {"pipeline.name": name, "execution.checkpointing.interval": "1s"}
    if savepoint:
        properties["execution.state-recovery.path"] = savepoint
    session = Session(stack.gateway, properties)
    session.run(f"""CREATE CATALOG lake WITH ('type'='iceberg', 'catalog-type'='rest', 'uri'='http://127.0.0.1:{stack.catalog}',
        'io-impl'='org.apache.iceberg.aws.s3.S3FileIO', 's3.endpoint'='http://127.0.0.1:{stack.minio}', 's3.path-style-access'='true',
        's3.access-key-id'='admin', 's3.secret-access-key'='password', 'client.region'='us-east-1')""")
    session.run("CREATE DATABASE IF NOT EXISTS lake.db")
    session.run("CREATE TABLE IF NOT EXISTS lake.db.numbers (id BIGINT, name STRING)")
    create_source(stack, session, name, offset)
    job = session.run("INSERT INTO lake.db.numbers SELECT id, name FROM numbers")
    wait_until(f"{name} is RUNNING", lambda: job_state(stack, job) == "RUNNING")
    return job


def job_state(stack, job):
    return request("GET", f"{stack.rest}/jobs/{job}")["state"]


def stop_job(stack, job):
    trigger = request("POST", f"{stack.rest}/jobs/{job}/stop", {"drain": False})["request-id"]
    answer = {}

    def done():
        answer.update(request("GET", f"{stack.rest}/jobs/{job}/savepoints/{trigger}"))
        return answer["status"]["id"] == "COMPLETED"

    wait_until("the savepoint is written", done)
    wait_until("the job has FINISHED", lambda: job_state(stack, job) == "FINISHED")
    return answer["operation"]["location"]


def produce(stack, first, last):
    producer = Producer({"bootstrap.servers": f"127.0.0.1:{stack.kafka}"})
    for number in range(first, last):
        producer.produce(TOPIC, json.dumps({"id": number, "name": f"n{number}"}))
    left = producer.flush(30)
    expect(left == 0, f"records {first} to {last - 1} are in Kafka")


def read_ids(stack):
    catalog = load_catalog("lake", **{"type": "rest", "uri": f"http://127.0.0.1:{stack.catalog}", "s3.endpoint": f"http://127.0.0.1:{stack.minio}",
                                      "s3.access-key-id": "admin", "s3.secret-access-key": "password", "s3.region": "us-east-1"})
    return sorted(catalog.load_table("db.numbers").scan().to_arrow().column("id").to_pylist())


def rows_once(stack):
    produce(stack, 0, 200)
    job = start_job(stack, "public.numbers", 50)
    wait_until("150 rows are in the table", lambda: len(read_ids(stack)) >= 150)
    savepoint = stop_job(stack, job)
    expect(read_ids(stack) == list(range(50, 200)), "a job that begins at offset 50 has brought each record from there, once")
    produce(stack, 200, 300)
    job = start_job(stack, "public.numbers", 50, savepoint)
    wait_until("250 rows are in the table", lambda: len(read_ids(stack)) >= 250)
    stop_job(stack, job)
    expect(read_ids(stack) == list(range(50, 300)), "a job that goes on from the savepoint has brought the others, once")
    listed = request("GET", f"{stack.rest}/jobs/overview")["jobs"]
    expect({entry["name"] for entry in listed} == {"public.numbers"} and len(listed) == 2, "both jobs have the table's name in Flink's list")


def sums(stack):
    answer = request("POST", f"http://127.0.0.1:{stack.search}/sums/_search?size=100", {})
    return {entry["_source"]["digit"]: entry["_source"]["total"] for entry in answer["hits"]["hits"]}


def running_sums(stack):
    # Made first, and answered when its shard is there: a search in an index that is just being made gets 503.
    request("PUT", f"http://127.0.0.1:{stack.search}/sums", {})
    session = Session(stack.gateway, {"pipeline.name": "sums", "execution.checkpointing.interval": "1s"})
    create_source(stack, session, "sums", 0)
    session.run(f"""CREATE TEMPORARY TABLE sums (digit BIGINT, total BIGINT, PRIMARY KEY (digit) NOT ENFORCED) WITH (
        'connector'='elasticsearch-7', 'hosts'='http://127.0.0.1:{stack.search}', 'index'='sums')""")
    job = session.run("INSERT INTO sums SELECT MOD(id, 10), SUM(id) FROM numbers GROUP BY MOD(id, 10)")
    for end in (300, 320):
        if end > 300:
            produce(stack, 300, end)
        wanted = {digit: sum(range(digit, end, 10)) for digit in range(10)}
        wait_until(f"the sums of 0 to {end - 1} are in Elasticsearch", lambda wanted=wanted: sums(stack) == wanted)
        print(f"right: the sums of 0 to {end - 1} are in Elasticsearch", flush=True)
    stop_job(stack, job)


def parts_die_and_end(stack):
    before = stack.parts()
    expect({part["state"] for part in before.values()} == {"running"} and len(before) == 3, "status shows three parts that run")
    old = task_managers(stack)
    os.kill(before["flink_tasks"]["pid"], signal.SIGKILL)
    wait_until("the task manager has ended", lambda: stack.parts()["flink_tasks"]["state"] == "stopped")
    expect(stack.run("status", "flink", check=False).returncode == 1, "status ends with 1 when the task manager is dead")
    stack.run("up", "flink")
    after = stack.parts()
    expect(after["flink"]["pid"] == before["flink"]["pid"] and after["flink_tasks"]["pid"] != before["flink_tasks"]["pid"],
           "up starts the task manager again, and leaves the job manager alone")
    expect(set(task_managers(stack)) - set(old), "the job manager knows the new task manager when up ends")
    stack.run("down", "flink")
    expect(all(has_ended(part["pid"]) for part in after.values()), "down leaves no process")


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cdc-flink-"))
    stack = Stack(folder)
    try:
        stack.run("up", *NEEDED)
        rows_once(stack)
        running_sums(stack)
        parts_die_and_end(stack)
    except BaseException:
        print(f"logs: {folder}", file=sys.stderr)
        raise
    finally:
        stack.run("down", *NEEDED, check=False)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
