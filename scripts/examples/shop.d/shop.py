"""A shop's tables as PostgreSQL has them, and as two lakes have them by independent readers."""
import collections
import datetime
import decimal
import json
import os
import subprocess
import sys
import time

# The tests' own readers: delta-rs and DuckDB, pyiceberg and DuckDB.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../tests/support"))
import delta_reader  # noqa: E402  pylint: disable=wrong-import-position
import lake_readers  # noqa: E402  pylint: disable=wrong-import-position

UTC = datetime.timezone.utc
PIPELINES = ("delta", "iceberg")
# What the lakes must hold, by PostgreSQL itself. Moments in microseconds since 1970, decimals as text.
MICROS = "(extract(epoch FROM {0}) * 1000000)::bigint AS {0}"
SOURCE = {
    "customers": f"""SELECT customer_id, email, concat_ws(' ', first_name, last_name) AS full_name,
        concat_ws(', ', city, state, country) AS location, customer_tier, lifetime_value::float8, {MICROS.format('registration_date')},
        is_active, NULL::integer AS total_orders FROM customers""",
    "orders": f"""SELECT order_id, customer_id, product_id, quantity, total_amount::text, order_status, {MICROS.format('ordered_at')}
        FROM orders""",
    "products": f"""SELECT product_id, sku, product_name, category, price::text, weight_kg, {MICROS.format('created_at')} FROM products""",
    "inventory": f"SELECT product_id, warehouse, on_hand, {MICROS.format('restocked_at')} FROM inventory",
}
# Columns that tell of the event, which the source's tables do not have.
OF_THE_EVENT = {
    "customers": ("_ingestion_timestamp", "_source_system", "_cdc_operation", "_pipeline_id", "_processed_timestamp",
                  "_event_timestamp_ms", "_source_lsn", "_kafka_timestamp"),
    "orders": ("_cdc_operation", "_source_lsn", "_ingestion_timestamp"),
}
# Those that are the same in both lakes: they come from the event, not from the worker.
SAME_IN_BOTH = ("_source_system", "_cdc_operation", "_event_timestamp_ms", "_source_lsn", "_kafka_timestamp")
TIMES_LIMIT = 90  # seconds until both lakes must have what the source has


def plain(value):
    if isinstance(value, datetime.datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (zoned - datetime.datetime(1970, 1, 1, tzinfo=UTC)) // datetime.timedelta(microseconds=1)
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, float) and value.is_integer():  # JSON of PostgreSQL: 617, of Python: 617.0
        return int(value)
    return value


def canonical(row):
    return json.dumps({name: plain(value) for name, value in row.items()}, sort_keys=True)


class Shop:
    """The source database, the folder of a run, and the programs."""

    def __init__(self, run, programs, dsn):
        self.run, self.programs, self.dsn = run, programs, dsn

    def sql(self, *statements):
        """Each in a transaction of its own. \\return what they print."""
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.dsn]
        for statement in ("SET timezone = 'UTC'", *statements):
            command += ["-c", statement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout

    def source_rows(self, table):
        return [json.loads(line) for line in self.sql(f"SELECT to_json(r) FROM ({SOURCE[table]}) r").splitlines()]

    def folder(self, table):
        return f"{self.run}/delta/{table}"

    def iceberg_table(self, table):
        catalog = lake_readers.open_catalog(f"{self.run}/iceberg/catalog.db", "iceberg")
        return catalog.load_table(("analytics", "customers_analytics" if table == "customers" else table))

    def lake_rows(self, table):
        """{reader: rows}; both readers of a lake read the same table."""
        iceberg = self.iceberg_table(table)
        return {
            "delta, delta-rs": delta_reader.rows_by_delta_rs(self.folder(table)),
            "delta, DuckDB": delta_reader.rows_by_duckdb(self.folder(table)),
            "iceberg, pyiceberg": iceberg.scan().to_arrow().to_pylist(),
            "iceberg, DuckDB": lake_readers.scan_with_duckdb(lake_readers.duckdb_connection(), iceberg).to_pylist(),
        }

    def config(self, pipeline):
        return f"{self.run}/checkpoints/kafka-to-{pipeline}/tables.toml"

    def workers(self, pipeline):
        """Processes of the pipeline's workers."""
        status = subprocess.run([f"{self.programs}/cdc", "status", "--json", "--config", self.config(pipeline)],
                                capture_output=True, text=True, check=False)
        return [table["pid"] for table in json.loads(status.stdout) if table.get("pid")]


def wait(what, condition):
    """Until `condition` gives no difference. \\return nothing; the last difference is the error."""
    deadline = time.monotonic() + TIMES_LIMIT
    while difference := condition():
        if time.monotonic() > deadline:
            sys.exit(f"{what}: not within {TIMES_LIMIT} s: {difference}")
        time.sleep(0.2)


def difference_of(shop, table):
    """None: every reader sees PostgreSQL's rows. The source does not change meanwhile."""
    want = collections.Counter(canonical(row) for row in shop.source_rows(table))
    columns = json.loads(next(iter(want))).keys() if want else ()
    try:
        read = shop.lake_rows(table)
    except Exception as error:  # pylint: disable=broad-exception-caught  # not made yet
        return f"{type(error).__name__}: {str(error)[:300]}"
    for reader, rows in read.items():
        have = collections.Counter(canonical({name: row.get(name) for name in columns}) for row in rows)
        if have != want:
            return f"{table} by {reader}: lacks {list((want - have).elements())[:2]}, has {list((have - want).elements())[:2]}"
    return None


def check_event_columns(shop, table):
    """Columns that tell of the event are whole, and the same in both lakes."""
    read = shop.lake_rows(table)
    lakes = {}
    for reader, rows in read.items():
        lake = reader.split(",")[0]
        for row in rows:
            empty = [name for name in OF_THE_EVENT.get(table, OF_THE_EVENT["orders"]) if row[name] is None]
            if empty:
                sys.exit(f"{table} by {reader}: {empty} empty in {row}")
            if row["_cdc_operation"] not in ("READ", "INSERT", "UPDATE") or row["_source_lsn"] <= 0:
                sys.exit(f"{table} by {reader}: {row['_cdc_operation']} at {row['_source_lsn']}")
            if table == "customers" and (row["_pipeline_id"], row["_source_system"]) != (f"postgres_to_{lake}", "postgres_cdc"):
                sys.exit(f"{table} by {reader}: {row['_pipeline_id']}, {row['_source_system']}")
        own = ("_pipeline_id", "_ingestion_timestamp", "_processed_timestamp")
        lakes[reader] = collections.Counter(canonical({n: v for n, v in row.items() if n not in own}) for row in rows)
    first, *others = lakes.items()
    for reader, rows in others:
        if rows != first[1]:
            sys.exit(f"{table}: {reader} and {first[0]} differ: {list((rows - first[1]).elements())[:1]} {list((first[1] - rows).elements())[:1]}")
