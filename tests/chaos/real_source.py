"""Real PostgreSQL, Debezium and Kafka of `scripts/stack up postgres kafka connect`, at the ports that its environment names."""
import json
import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORT = {name: os.environ.get(f"CDC_{name.upper()}_PORT", port)
        for name, port in {"postgres": "5432", "kafka": "9092", "connect": "8083"}.items()}
KAFKA = f"127.0.0.1:{PORT['kafka']}"
DSN = f"host=127.0.0.1 port={PORT['postgres']} user=postgres dbname=sourcedb"
SETTINGS = ("SET client_min_messages = warning; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; "
            "SET bytea_output = 'hex'; SET extra_float_digits = 1;\n")


def sql(script, schema=None):
    """Runs a script in one session; what it prints. The first error ends it."""
    path = f"SET search_path = {schema}, public;\n" if schema else ""
    done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", DSN], input=SETTINGS + path + script, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"psql: {done.stderr.strip()[:2000]}")
    return done.stdout


def rows(table, schema):
    """[{column: PostgreSQL's text}] of a table, in one moment."""
    names = json.loads(sql(f"SELECT json_agg(attname ORDER BY attnum) FROM pg_attribute WHERE attrelid = '{quoted(table)}'::regclass "
                           "AND attnum > 0 AND NOT attisdropped;", schema))
    columns = ", ".join(f"{quoted(n)}::text AS {quoted(n)}" for n in names)
    return json.loads(sql(f"SELECT coalesce(json_agg(r), '[]') FROM (SELECT {columns} FROM {quoted(table)}) r;", schema))


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def wait(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def connect(method, path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT['connect']}{path}", method=method,
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    for attempt in range(60):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            if error.code not in (409, 404, 500) or attempt == 59:  # 409: a rebalance is going on
                raise RuntimeError(f"{method} {path}: {error.code} {error.read()[:500]}") from error
            time.sleep(0.25)
    return None


class Connector:
    """A connector of this run's own over one schema of the source."""

    def __init__(self, name, schema, schemas_on=True, **settings):
        self.name, self.schema = name, schema
        text = (ROOT / "scripts/connector/university-server.json").read_text()
        for key, value in {"CDC_SOURCE_HOST": "127.0.0.1", "CDC_SOURCE_PORT": PORT["postgres"], "CDC_SOURCE_DATABASE": "sourcedb",
                           "CDC_SOURCE_USER": "postgres", "CDC_SOURCE_PASSWORD": "", "CDC_SLOT_NAME": name,
                           "CDC_STACK_SCHEMAS": str(schemas_on).lower(), "CDC_SNAPSHOT_MODE": "initial"}.items():
            text = text.replace("${" + key + "}", value)
        self.config = json.loads(text) | {"topic.prefix": name, "schema.include.list": schema, "publication.name": name,
                                          "publication.autocreate.mode": "filtered", "poll.interval.ms": "20",
                                          "heartbeat.interval.ms": "500"} | settings

    def register(self):
        connect("PUT", f"/connectors/{self.name}/config", self.config)

    def wait_streaming(self):
        """Past its snapshot: its slot is active, and its offset speaks of no snapshot."""
        wait(f"the slot of {self.name}", 60, lambda: sql(
            f"SELECT active FROM pg_replication_slots WHERE slot_name = '{self.name}';").strip() == "t" or self._failed())
        self.wait_sent()

    def _failed(self):
        status = connect("GET", f"/connectors/{self.name}/status")
        for task in status["tasks"]:
            if task["state"] == "FAILED":
                raise RuntimeError(f"connector {self.name}: {task['trace'][:3000]}")
        return False

    def wait_sent(self):
        """Until all that was committed before is in Kafka: the connector confirms it once something follows."""
        at = sql("SELECT pg_logical_emit_message(false, 'cdc_stack', ''); SELECT pg_current_wal_lsn();").split()[-1]
        wait(f"what {self.name} sends", 90, lambda: sql(
            "SELECT pg_logical_emit_message(false, 'cdc_stack', '') IS NULL; "
            f"SELECT confirmed_flush_lsn >= '{at}' FROM pg_replication_slots WHERE slot_name = '{self.name}';"
            ).split()[-1:] == ["t"] or self._failed())

    def remove(self):
        try:
            connect("DELETE", f"/connectors/{self.name}")
        except (OSError, RuntimeError):
            pass
        wait("the slot's end", 30, lambda: sql(
            f"SELECT active FROM pg_replication_slots WHERE slot_name = '{self.name}';").strip() != "t")
        sql(f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{self.name}'; "
            f"DROP PUBLICATION IF EXISTS {self.name};")


def consume(topic, count=0):
    """Records of a topic by Kafka's own console consumer: [{"key", "value", "headers"}], None where there is none.

    The first `count`; without it all, which takes some seconds of silence.
    """
    cache = pathlib.Path(os.environ.get("CDC_CACHE_DIR") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "cdc")
    jars = next(cache.glob("kafka-*/")) / "*"
    properties = {"print.key": "true", "print.headers": "true", "key.separator": "\x02", "headers.separator": "\x03",
                  "line.separator": "\x04", "null.literal": "\x05"}
    command = ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", str(jars),
               "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", KAFKA, "--topic", topic, "--from-beginning",
               "--timeout-ms", "8000"] + (["--max-messages", str(count)] if count else [])
    for name, value in properties.items():
        command += ["--formatter-property", f"{name}={value}"]
    out = subprocess.run(command, capture_output=True, check=False).stdout.decode()
    found = []
    for line in out.split("\x04")[:-1]:
        headers, key, value = line.split("\x02", 2)
        pairs = [] if headers == "NO_HEADERS" else [h.split(":", 1) for h in headers.split("\x03")]
        text = lambda part: None if part == "\x05" else part
        found.append({"key": text(key), "value": text(value), "headers": pairs})
    return found
