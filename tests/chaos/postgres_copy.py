#!/usr/bin/env python3
"""Tables of a real PostgreSQL, through Debezium and Kafka, into another schema by the PostgreSQL sink: equal types, equal rows.

  postgres_copy.py --bin build/release/bin [--seconds 20] [--seed N] [--start] [--keep]

Needs `scripts/stack up postgres kafka connect` at the ports of its environment; --start brings them up, and down afterwards
what did not run. Random transactions on three tables (every type that Debezium sends exactly; a composite key; a key that moves),
with large values that updates leave alone, columns that are added, and TRUNCATE. Workers are killed meanwhile; half the rounds
restart the target's sessions, too. In the end PostgreSQL itself compares source and copy: EXCEPT ALL in both directions, and the
types of all columns. Exit 0: equal; 1: not, with the rows.
"""
import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from pipeline_run import Failed, Pipeline  # noqa: E402
from real_source import DSN, KAFKA, Connector, sql  # noqa: E402

# Column, type, values that Debezium's default modes send exactly: it sends timetz in UTC, and numeric without its last zeros.
TYPED = [
    ("b", "boolean", "r() < 0.5"), ("si", "smallint", "(r() * 60000 - 30000)::int"), ("i", "integer", "(r() * 4e9 - 2e9)::int8"),
    ("bi", "bigint", "(r() * 1.8e19 - 9e18)::numeric::int8"), ("f", "real", "r()::real * 1e30"), ("d", "double precision", "r() * 1e300 - 1e299"),
    ("n", "numeric(12,2)", "(r() * 1e9)::numeric(12,2)"), ("nn", "numeric", "trim_scale((r() * 1e12)::numeric / 7)"), ("c", "char(7)", "left(md5(r()::text), 5)"),
    ("v", "varchar(40)", "md5(r()::text)"), ("t", "text", "repeat(E'täg\\t\\n\\\\', (r() * 9)::int)"), ("ba", "bytea", "decode(md5(r()::text), 'hex')"),
    ("u", "uuid", "md5(r()::text)::uuid"), ("j", "json", "format('{\"a\":  %s}', r())::json"), ("jb", "jsonb", "jsonb_build_object('k', r())"),
    ("x", "xml", "format('<a b=\"%s\"/>', r())::xml"), ("da", "date", "date '0001-01-01' + (r() * 3e6)::int"), ("ti", "time", "time '00:00' + r() * interval '23 h'"),
    ("ts", "timestamp", "timestamp '0001-01-01' + r() * interval '9000 years'"), ("tz", "timestamptz", "timestamptz '1900-01-01' + r() * interval '400 years'"),
    ("tt", "timetz", "timetz '00:00+00' + r() * interval '20 h'"), ("ip", "inet", "('10.0.0.' || (r() * 255)::int || '/24')::inet"),
    ("cd", "cidr", "'2001:db8::/32'"), ("ma", "macaddr", "'08:00:2b:01:02:03'"), ("bits", "bit(11)", "((r() * 2047)::int)::bit(11)"),
    ("ra", "int4range", "int4range((r() * 9)::int, 10)"), ("ia", "integer[]", "array[(r() * 9)::int, null, -1]"), ("ta", "text[]", "array['a,b', '\"', md5(r()::text)]"),
    ("o", "oid", "(r() * 4e9)::int8::oid"), ("tv", "tsvector", "to_tsvector('simple', md5(r()::text))"),
]
COPY = "copied"


class Load:
    def __init__(self, dice, schema):
        self.dice, self.schema, self.columns = dice, schema, [c for c in TYPED]
        self.extra = self.serial = 0

    def make(self):
        columns = ", ".join(f"{n} {t}" for n, t, _ in self.columns)
        sql(f"CREATE SCHEMA {self.schema}; CREATE FUNCTION {self.schema}.r() RETURNS float8 VOLATILE LANGUAGE sql AS 'SELECT random()';")
        sql(f"""CREATE TABLE typed (id bigint PRIMARY KEY, {columns}, doc text);
CREATE TABLE pairs (a int, b text, n int, doc text, PRIMARY KEY (b, a));
CREATE TABLE moving (id int PRIMARY KEY, n int, doc text);""", self.schema)

    def value(self, expression):
        return "NULL" if self.dice.random() < 0.1 else f"({expression})"

    def transaction(self):
        d = self.dice
        lines = ["BEGIN;"]
        for _ in range(d.randint(1, 12)):
            key, kind = d.randint(1, 300), d.random()
            doc = "repeat(md5(r()::text), 300)"
            names, values = [c[0] for c in self.columns], [self.value(c[2]) for c in self.columns]
            if kind < 0.3:
                changes = ", ".join(f"{n} = excluded.{n}" for n in names + ["doc"])
                lines.append(f"INSERT INTO typed (id, {', '.join(names)}, doc) VALUES ({key}, {', '.join(values)}, {doc}) ON CONFLICT (id) DO UPDATE SET {changes};")
            elif kind < 0.5:
                some = d.sample(range(len(names)), 3)
                lines.append(f"UPDATE typed SET {', '.join(f'{names[i]} = {values[i]}' for i in some)} WHERE id % 50 = {key % 50};")
            elif kind < 0.6:
                lines.append(f"DELETE FROM typed WHERE id = {key};")
            elif kind < 0.75:
                lines.append(f"INSERT INTO pairs VALUES ({key % 9}, 'k{key}', {key}, {doc}) ON CONFLICT (b, a) DO UPDATE SET n = excluded.n + 1;")
            elif kind < 0.8:
                lines.append(f"DELETE FROM pairs WHERE a = {key % 9} AND n % 3 = 0;")
            elif kind < 0.9:
                self.serial += 1
                lines.append(f"INSERT INTO moving VALUES ({self.serial}, {key}, {doc});")
            elif kind < 0.99:
                # Keys stay apart: they are below a million by the rest of the division.
                lines.append(f"UPDATE moving SET id = id + 1000000, n = n + 1 WHERE n % 20 = {key % 20} AND id < 2000000000;")
            else:
                lines.append("TRUNCATE pairs;")
        return "\n".join(lines + ["ROLLBACK;" if d.random() < 0.1 else "COMMIT;"])

    def run(self, count):
        sql("SET client_min_messages = error;\n" + "\n".join(self.transaction() for _ in range(count)), self.schema)

    def add_column(self):
        self.extra += 1
        _, kind, expression = self.dice.choice(TYPED)
        self.columns.append((f"x{self.extra}", kind, expression))
        sql(f"ALTER TABLE typed ADD COLUMN x{self.extra} {kind};", self.schema)


def start_orchestrator(pipeline):
    log = open(pipeline.folder / "orchestrator.log", "ab")  # pylint: disable=consider-using-with
    return subprocess.Popen([f"{pipeline.programs}/cdc-orchestrator", "--config", str(pipeline.config)], stdin=subprocess.DEVNULL,
                            stdout=log, stderr=log, start_new_session=True)


def kill_workers(pipeline):
    """kill -9 of every worker of this run's tables; how many."""
    return subprocess.run(["pkill", "-9", "-f", f"jobs/upsert.*{pipeline.config}"], check=False).returncode == 0


def compare(schema):
    """Lines that say what differs between source and copy; PostgreSQL compares."""
    lines = []
    shape = ("SELECT string_agg(attname || ' ' || replace(format_type(atttypid, atttypmod), ', ', ','), ', ' ORDER BY attname) FROM pg_attribute "
             "WHERE attrelid = '{}'::regclass AND attnum > 0 AND NOT attisdropped;")
    for table in ("typed", "pairs", "moving"):
        source, copy = f"{schema}.{table}", f"{schema}_{COPY}.{table}"
        types = [sql(shape.format(name)).strip() for name in (source, copy)]
        if types[0] != types[1]:
            columns = [set(each.split(", ")) for each in types]
            lines.append(f"{table}: columns differ: source {columns[0] - columns[1]}, copy {columns[1] - columns[0]}")
            continue
        names = sql(f"SELECT string_agg(quote_ident(attname) || '::text', ', ' ORDER BY attname) FROM pg_attribute WHERE attrelid = '{source}'::regclass "
                    "AND attnum > 0 AND NOT attisdropped;").strip()
        for a, b, what in ((source, copy, "missing in the copy"), (copy, source, "only in the copy")):
            rows = sql(f"SELECT left(r::text, 300) FROM (SELECT {names} FROM {a} EXCEPT ALL SELECT {names} FROM {b}) r LIMIT 5;").strip()
            if rows:
                lines.append(f"{table}: {what}:\n  " + rows.replace("\n", "\n  "))
        count = sql(f"SELECT count(*) FROM {source};").strip()
        print(f"{table}: {count} rows, {types[0].count(',') + 1} columns", flush=True)
    return lines


def run(args, folder):
    dice = random.Random(args.seed)
    name = f"p{args.seed}_{int(time.time()) % 10_000_000}"
    load, pipeline, connector = Load(dice, name), Pipeline(args.bin, KAFKA, folder, name), Connector(name, name)
    pipeline.configure(name, "[tables.typed]\n[tables.pairs]\n[tables.moving]", f'schemas = ["{name}"]\ndsn = "{DSN}"',
                       'sink = "copy"\nmetadata_columns = []\n'
                       f'[sinks.copy]\ntype = "postgres"\ndsn = "{DSN}"\nschema = "{name}_{COPY}"')
    orchestrator = None
    kills = 0
    try:
        load.make()
        load.run(60)
        connector.register()
        connector.wait_streaming()
        orchestrator = start_orchestrator(pipeline)
        until = time.monotonic() + args.seconds
        while time.monotonic() < until:
            load.run(dice.randint(1, 15))
            if dice.random() < 0.1:
                load.add_column()
            if dice.random() < 0.3:
                kills += kill_workers(pipeline)
            if dice.random() < 0.1:
                sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cdc' AND query LIKE '%{name}_{COPY}%';")
        # A column that no change has shown yet is not in the copy.
        sql("INSERT INTO typed (id) VALUES (0) ON CONFLICT DO NOTHING; DELETE FROM typed WHERE id = 0;", name)
        connector.wait_sent()
        orchestrator.terminate()
        orchestrator.wait(60)
        orchestrator = None
        pipeline.drain()
        lines = [f"{table}: Held: {state['reason']}" for table, state in pipeline.status().items() if state["state"] == "Held"]
        lines += [f"{table}: {state['dead_letters']} dead letters" for table, state in pipeline.status().items() if state["dead_letters"]]
        lines += compare(name)
        print(f"{kills} times workers were killed, {load.extra} columns added", flush=True)
        return lines
    finally:
        if orchestrator is not None:
            orchestrator.kill()
            orchestrator.wait()
        if not args.keep:
            connector.remove()
            sql(f"SET client_min_messages = error; DROP SCHEMA IF EXISTS {name} CASCADE; DROP SCHEMA IF EXISTS {name}_{COPY} CASCADE;")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 20))
    parser.add_argument("--start", action="store_true", help="start the stack, and stop it afterwards")
    parser.add_argument("--keep", action="store_true", help="keep folder, tables, topics and connector")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    components = ["postgres", "kafka", "connect"]
    running = subprocess.run([ROOT / "scripts/stack", "status", *components], capture_output=True, check=False).returncode == 0
    if args.start and not running:
        subprocess.run([ROOT / "scripts/stack", "up", *components], check=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cdc-copy-"))
    try:
        problems = run(args, folder)
    except Failed as error:
        problems = [str(error)]
    finally:
        if args.start and not running:
            subprocess.run([ROOT / "scripts/stack", "down", *components], check=False)
    for line in problems:
        print(f"FAIL {line}")
    if not problems and not args.keep:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'FAIL' if problems else 'PASS'} seed {args.seed}" + (f"; folder {folder}" if problems else ""))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
