#!/usr/bin/env python3
"""Independent readers of Delta tables: delta-rs for rows and for the change data feed, DuckDB for rows.

  delta_reader.py rows FOLDER     rows as JSON, one list; exit 1: delta-rs and DuckDB do not read the same
  delta_reader.py feed FOLDER     replays the change data feed from version 0: the table at every version must come out
  delta_reader.py types FOLDER    columns and their types as JSON
  delta_reader.py changes FOLDER VERSION    the feed of one version as JSON
"""
import collections
import datetime
import decimal
import glob
import json
import os
import sys
import uuid

import deltalake
import duckdb
import duckdb_extension_delta
import pyarrow as pa

FEED = ("_change_type", "_commit_version", "_commit_timestamp")


def plain(value):
    """As JSON has it, the same from both readers."""
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, datetime.datetime):
        text = value.astimezone(datetime.timezone.utc).isoformat() if value.tzinfo else value.isoformat()
        return text
    if isinstance(value, (datetime.date, datetime.time, uuid.UUID)):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def canonical(row):
    return json.dumps({name: plain(value) for name, value in row.items()}, sort_keys=True)


def storage_options(folder):
    if not folder.startswith("s3"):
        return None
    return {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"], "AWS_ALLOW_HTTP": "true", "AWS_REGION": os.environ.get("AWS_REGION", "us-east-1"),
            "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"], "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"]}


def open_table(folder, version=None):
    return deltalake.DeltaTable(folder, version=version, storage_options=storage_options(folder))


def without_views(kind):
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(without_views(kind.value_type))
    return pa.string() if pa.types.is_string_view(kind) else pa.binary() if pa.types.is_binary_view(kind) else kind


def arrow_by_delta_rs(folder, version=None):
    result = deltalake.QueryBuilder().register("t", open_table(folder, version)).execute("SELECT * FROM t")
    table = pa.table(result.read_all())
    return table.cast(pa.schema([(field.name, without_views(field.type)) for field in table.schema]))


def rows_by_delta_rs(folder, version=None):
    return arrow_by_delta_rs(folder, version).to_pylist()


def arrow_by_duckdb(folder):
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    base = os.path.dirname(duckdb_extension_delta.__file__)
    connection.execute(f"LOAD '{glob.glob(base + '/extensions/*/delta.duckdb_extension')[0]}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection.execute("SELECT * FROM delta_scan(?)", [folder]).to_arrow_table()


def rows_by_duckdb(folder):
    return arrow_by_duckdb(folder).to_pylist()


def show_rows(folder):
    rows = rows_by_delta_rs(folder)
    if not folder.startswith("s3"):
        ours, theirs = (collections.Counter(map(canonical, r)) for r in (rows, rows_by_duckdb(folder)))
        if ours != theirs:
            sys.exit(f"delta-rs and DuckDB differ: {list((ours - theirs).items())[:3]} against {list((theirs - ours).items())[:3]}")
    print(json.dumps([json.loads(canonical(row)) for row in rows]))


def read_feed(folder, first=0):
    return pa.table(open_table(folder).load_cdf(starting_version=first).read_all()).to_pylist()


def apply_version(changes, state, version):
    """Applies one version's changes to a multiset of rows."""
    before = collections.Counter()
    after = collections.Counter()
    for change in changes:
        row = canonical({name: value for name, value in change.items() if name not in FEED})
        kind = change["_change_type"]
        if kind in ("delete", "update_preimage"):
            before[row] += 1
        elif kind in ("insert", "update_postimage"):
            after[row] += 1
        else:
            sys.exit(f"version {version}: change type {kind}")
    kinds = collections.Counter(change["_change_type"] for change in changes)
    if kinds["update_preimage"] != kinds["update_postimage"]:
        sys.exit(f"version {version}: {kinds['update_preimage']} pre-images and {kinds['update_postimage']} post-images")
    updates = lambda kind: collections.Counter(canonical({n: v for n, v in c.items() if n not in FEED}) for c in changes if c["_change_type"] == kind)
    idle = updates("update_preimage") & updates("update_postimage")
    if idle:
        sys.exit(f"version {version}: an update changes nothing: {list(idle)[:2]}")
    missing = before - state
    if missing:
        sys.exit(f"version {version}: takes away rows that the table did not have: {list(missing)[:2]}")
    return state - before + after


def check_feed(folder):
    by_version = collections.defaultdict(list)
    for change in read_feed(folder):
        by_version[change["_commit_version"]].append(change)
    state = collections.Counter()
    newest = open_table(folder).version()
    for version in range(newest + 1):
        state = apply_version(by_version[version], state, version)
        have = collections.Counter(map(canonical, rows_by_delta_rs(folder, version)))
        # Columns that were added later are in the feed of before as nulls.
        strip = lambda rows: collections.Counter({json.dumps({k: v for k, v in json.loads(r).items() if v is not None}, sort_keys=True): n for r, n in rows.items()})
        if strip(state) != strip(have):
            lost, more = strip(have) - strip(state), strip(state) - strip(have)
            sys.exit(f"version {version}: the feed leads to another table: lacks {list(lost)[:2]}, has {list(more)[:2]}")
    print(json.dumps({"versions": newest + 1, "changes": sum(map(len, by_version.values()))}))


def show_changes(folder, version):
    changes = [c for c in read_feed(folder, int(version)) if c["_commit_version"] == int(version)]
    print(json.dumps(sorted(([c["_change_type"], json.loads(canonical({n: v for n, v in c.items() if n not in FEED}))] for c in changes),
                            key=json.dumps)))


def show_types(folder):
    schema = json.loads(open_table(folder).schema().to_json())
    print(json.dumps({f["name"]: f["type"] if isinstance(f["type"], str) else f"array<{f['type']['elementType']}>" for f in schema["fields"]}))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"rows": show_rows, "feed": check_feed, "types": show_types, "changes": show_changes}[command](*arguments)
