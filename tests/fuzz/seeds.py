#!/usr/bin/env python3
"""First inputs of the fuzz targets, from the fixtures and from files that pyarrow and pyiceberg write.

  seeds.py FOLDER      writes FOLDER/<target>/<number>

The same fixtures give the same inputs, but for the random ids in what pyiceberg writes.
"""
import glob
import gzip
import json
import pathlib
import re
import struct
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "tests/data"
# Of all captured events those that differ in form; more of them would only make the first round longer.
MOST_EVENTS = 150
LARGEST = 20_000


class Seeds:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.seen = {}

    def add(self, target, content):
        content = content.encode() if isinstance(content, str) else content
        seen = self.seen.setdefault(target, set())
        if content in seen:
            return
        place = self.folder / target
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{len(seen):04}").write_bytes(content)
        seen.add(content)


def form(text):
    """What two events of one form have in common: the text without its values."""
    return re.sub(r'"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d+(?:\.\d+)?', "", text)[:4000]


def events(seeds):
    forms = set()
    for name in ("noschema_precise.jsonl", "schema_precise.jsonl"):
        for line in (DATA / "fixtures" / name).read_text().splitlines():
            record = json.loads(line)
            if form(line) in forms or len(forms) > MOST_EVENTS:
                continue
            forms.add(form(line))
            if len(line) < 4000:
                seeds.add("record_line", line)
            for header in record["headers"] or []:
                seeds.add("event_key", header[1] or "")
            if record["key"]:
                seeds.add("event_key", record["key"])
            if record["value"] and len(record["value"]) < LARGEST:
                seeds.add("event", record["value"])
                schema = json.loads(record["value"]).get("schema")
                if schema:
                    seeds.add("connect_schema", json.dumps(schema, separators=(",", ":")))


def values(seeds):
    """Every kind of PostgreSQL's types, as it is sent in each of the connector's modes."""
    # DecimalHandling, TimePrecision, BinaryHandling in lib/contract/connector.h, as value's first byte says them.
    modes = {"default": 0, "string": 1, "double": 2, "microseconds": 3 * 3, "nanoseconds": 3 * 4, "iso": 3 * 5, "unknown": 0}
    for path in sorted(DATA.glob("types/*_plain.json.gz")):
        capture = json.load(gzip.open(path))
        mode = bytes([next((v for k, v in modes.items() if path.name.startswith(k)), 0) + 72])
        count = {}
        for _, value in capture["events"]:
            after = (json.loads(value) if value else {}).get("after") or {}
            for column, cell in after.items():
                kind = capture["kinds"].get(column)
                if not kind or cell is None or count.get(kind, 0) >= 2:
                    continue
                count[kind] = count.get(kind, 0) + 1
                seeds.add("value", mode + kind.encode() + b"\n" + json.dumps(cell, ensure_ascii=False).encode())
                if isinstance(cell, (str, int)):
                    seeds.add("event_time", json.dumps(cell))
    for text in ("2024-02-29T13:14:15.123456Z", "-0044-03-15", "+10000-01-01", "13:14:15+03:00", "2024-01-01T00:00:00-12:30"):
        seeds.add("event_time", json.dumps(text))


def configurations(seeds):
    for pattern in ("tables.toml", "tests/data/tables/*.toml", "docker/**/*.toml", "scripts/**/*.toml", "docs/**/*.toml"):
        for path in sorted(ROOT.glob(pattern)):
            seeds.add("config", path.read_bytes())
    for path in sorted(glob.glob(str(DATA / "cases/*.json"))):
        seeds.add("config", "[kafka]\nbootstrap_servers = \"k:1\"\n[source]\ntopic_prefix = \"p\"\n[catalog]\nuri = \"c.db\"\n"
                            "warehouse = \"w\"\n" + json.load(open(path, encoding="utf-8"))["tables_toml"])
    text = (ROOT / "README.md").read_text() + (ROOT / "docs/operating.md").read_text()
    for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        seeds.add("config", block)
    expressions = (ROOT / "tests/component/expression/expressions.txt").read_text().splitlines()
    for line in expressions[::4]:
        seeds.add("expression", line.split("\t")[0].split("=>")[0].strip())
    for text in ("a + b * m", "case when f then t else upper(t) end", "coalesce(t, 'x') || lower(t)", "cast(b as numeric(38,10)) / 3",
                 "at between timestamp '2020-01-01' and now()", "t in ('a', 'b') and not f", "md5(t)", "substring(t from 2 for 3)",
                 "extract(year from at)", "round(m, 1) % 7", "date_trunc('hour', at)"):
        seeds.add("expression", text)


def controls(seeds):
    for text in ('{"command":"status"}', '{"command":"trigger","table":"a"}', '{"command":"lend","table":"a","by":"cdc reset"}',
                 '{"error":"not_found","message":"m","hint":"h"}', '{"ok":true,"body":[]}', '{"type":"ready"}', '{"message":"stop"}',
                 '{"type":"progress","next":{"0":5},"lag":3,"caught_up":true,"events":1,"rows":1}', '{"type":"exiting","next":{"0":7}}',
                 '{"type":"go"}', '{"command":"stop"}', '{"table":"t","run":"r","exit":0,"from":{"0":1},"to":{"0":2},"seconds":1.5}',
                 '[{"table":"a","state":"Idle","lag":null,"next_offsets":{"0":1},"rows":1,"pid":null}]',
                 '{"pid":1,"uptime_ms":5,"workers":1,"max_jobs":2,"kafka":"ok","source":"ok","level":"ok","reasons":[],"tables":[]}'):
        seeds.add("control", text)
    for text in ('{"0":5}', '{"t":{"0":5,"12":9223372036854775807}}', '{"t":{"0":[5,"0123456789abcdef"]}}', '{"0":"5-9,12"}',
                 '{"applied":{"0":[1,2,0,3,4,5,6,1]},"displaced":[["0123456789abcdef0123456789abcdef",7,true]]}', '{"0":-1}'):
        seeds.add("snapshot_value", text)
    for text in ("/jobs/a%2Fb/events?limit=5&state=Held", "/v1/jobs?filter=%C3%BC&sort=need&offset=3", "127.0.0.1:8081", "[::1]:80",
                 "localhost", "cdc.example.", json.dumps({"c": {"info": {"name": "c", "config": {
                     "topic.prefix": "prefix", "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
                     "slot.name": "s"}}, "status": {"name": "c", "connector": {"state": "RUNNING"}, "tasks": [
                         {"id": 0, "state": "FAILED", "trace": "java.lang.X: y\n\tat z"}]}}})):
        seeds.add("http_request", text)


def state_files(seeds):
    def number(v):
        return struct.pack("<Q", v)

    def text(v):
        return number(len(v)) + v.encode()

    def intent(magic, changes):
        return (magic + text("8f14e45f-ceea-467f-a9f0-0a1b2c3d4e5f") + number(7) + number(5) + number(6) + number(0) + number(1) +
                number(3) + text("/w/data/a.parquet") + number(2) + text("/w/data/a.parquet") + text("/w/metadata/m.avro") +
                number(changes) + b"k" * 24 * changes)
    seeds.add("journal", intent(b"cdcjrnl3", 2))
    seeds.add("journal", intent(b"cdcjrnl4", 0))
    seeds.add("file_numbers", "123456789 0 0\n1\t/w/data/a.parquet\n2\t\n2\t/w/data/b.parquet\n")
    seeds.add("file_numbers", "123456789 77 2\n1\t/w/data/a.parquet\n7\t/w/data/c.parquet\n")
    columns = {"columns": [{"name": "a", "kind": kind, "precision": 10, "scale": 2, "element": 5, "source_type": "x"} for kind in range(14)]}
    seeds.add("state_file", "0" + json.dumps(columns))
    seeds.add("state_file", b"1" + b"h" * 32)
    seeds.add("state_file", "2" + json.dumps({"reason": "column 'a': _ is not a date", "count": 3, "counted": {"0": 5, "1": 9}}))
    for at in (0, 8, 16, 100, 1024, 4096, 5000, 40000):
        seeds.add("key_index", struct.pack("<IB", at, 1))
    seeds.add("key_index", struct.pack("<IBIB", 64, 255, 1100, 7) + b"\x18")


def answers(seeds, metadata):
    table = json.loads(metadata)
    seeds.add("rest_answer", json.dumps({"metadata-location": "/w/m.json", "metadata": table, "config": {"s3.access-key-id": "a"},
                                         "storage-credentials": [{"prefix": "s3://bucket", "config": {
                                             "s3.access-key-id": "k", "s3.session-token": "t", "s3.session-token-expires-at-ms":
                                             "1700000001000"}}]}))
    for text in ('{"defaults":{"prefix":"p","header.X-A":"1"},"overrides":{"uri":"http://o/"},"endpoints":["GET /v1/{prefix}/namespaces"],'
                 '"idempotency-key-lifetime":"PT30M"}', '{"access_token":"abc","token_type":"bearer","expires_in":3600}',
                 '{"error":"invalid_client","error_description":"no"}', '{"error":{"message":"why","type":"CommitFailedException","code":409}}',
                 "<html>502</html>", '{"storage-credentials":[{"prefix":"s3://b","config":{"k":"v"}}]}', "P1DT1.5S"):
        seeds.add("rest_answer", text)
    for text in ("<Error><Code>SlowDown</Code><Message>m &amp; &#x41;</Message></Error>",
                 '<?xml version="1.0"?><ListBucketResult xmlns="x"><Contents><Key>a/b</Key><Size>5</Size><LastModified>'
                 "2024-01-01T00:00:00.000Z</LastModified></Contents><IsTruncated>true</IsTruncated></ListBucketResult>",
                 "<a><!-- c --><![CDATA[<x>]]><b/></a>", "<CompleteMultipartUploadResult><ETag>&quot;e&quot;</ETag></CompleteMultipartUploadResult>"):
        seeds.add("s3_answer", text)


def table_files(seeds):
    """Files of a small table as pyiceberg writes them, and Parquet files in several encodings."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyiceberg.catalog.sql import SqlCatalog
    rows = sample_rows(pa)
    with tempfile.TemporaryDirectory() as folder:
        catalog = SqlCatalog("c", uri=f"sqlite:///{folder}/c.db", warehouse=f"file://{folder}/w")
        catalog.create_namespace("n")
        # pyiceberg gives ids of its own.
        plain = pa.table({name: rows[name].to_pylist() for name in ("id", "text", "amount", "list", "flag", "d")})
        table = catalog.create_table("n.t", schema=plain.schema)
        for _ in range(3):
            table.append(plain)
        table.delete("id < 3")
        metadata = ""
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.name.endswith(".metadata.json"):
                metadata = path.read_text()
                seeds.add("table_metadata", metadata)
            elif path.suffix == ".avro":
                seeds.add("manifest_list" if path.name.startswith("snap-") else "manifest", path.read_bytes())
            elif path.suffix == ".parquet":
                seeds.add("data_file", path.read_bytes())
        answers(seeds, metadata)
        for schema in json.loads(metadata)["schemas"]:
            seeds.add("table_schema", json.dumps(schema))
        for codec in ("NONE", "SNAPPY", "ZSTD", "GZIP"):
            for more in ({}, {"use_dictionary": False, "column_encoding": {"id": "DELTA_BINARY_PACKED", "text": "DELTA_BYTE_ARRAY"}},
                         {"data_page_version": "2.0", "write_page_index": True}):
                pq.write_table(rows, f"{folder}/x.parquet", compression=codec, **more)
                seeds.add("data_file", pathlib.Path(f"{folder}/x.parquet").read_bytes())
        deletes = pa.table({"file_path": pa.array(["/w/a", "/w/a", "/w/b"]), "pos": pa.array([1, 5, 0], pa.int64())}, schema=pa.schema([
            pa.field("file_path", pa.string(), False, {"PARQUET:field_id": "2147483546"}),
            pa.field("pos", pa.int64(), False, {"PARQUET:field_id": "2147483545"})]))
        for codec in ("NONE", "ZSTD"):
            pq.write_table(deletes, f"{folder}/d.parquet", compression=codec)
            seeds.add("delete_file", pathlib.Path(f"{folder}/d.parquet").read_bytes())


def sample_rows(pa):
    """Columns by the field ids that the target data_file projects."""
    def field(name, type_, number):
        return pa.field(name, type_, True, {"PARQUET:field_id": str(number)})
    element = pa.field("element", pa.string(), True, {"PARQUET:field_id": "5"})
    import decimal
    columns = {
        "id": (pa.int64(), 1, list(range(20))), "text": (pa.string(), 2, ["a" * (n % 5) if n % 4 else None for n in range(20)]),
        "amount": (pa.decimal128(20, 2), 3, [decimal.Decimal(n) / 4 for n in range(20)]),
        "list": (pa.list_(element), 4, [None if n % 3 == 0 else ["x"] * (n % 3) for n in range(20)]),
        "flag": (pa.bool_(), 6, [n % 2 == 0 for n in range(20)]), "at": (pa.timestamp("us", "UTC"), 7, list(range(20))),
        "u": (pa.binary(16), 8, [bytes([n] * 16) for n in range(20)]), "d": (pa.float64(), 9, [n / 7 for n in range(20)])}
    schema = pa.schema([field(name, kind, number) for name, (kind, number, _) in columns.items()])
    return pa.table([pa.array(cells, kind) for kind, _, cells in columns.values()], schema=schema)


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    seeds = Seeds(sys.argv[1])
    for make in (events, values, configurations, controls, state_files, table_files):
        make(seeds)
    print({target: len(found) for target, found in sorted(seeds.seen.items())})


if __name__ == "__main__":
    main()
