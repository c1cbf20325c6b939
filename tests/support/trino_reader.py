"""Trino as one more reader: its REST protocol, at CDC_TRINO_URL (default http://127.0.0.1:8080), catalog `iceberg`."""
import base64
import datetime as dt
import json
import os
import time
import urllib.request
from decimal import Decimal

from pg_text import EPOCH, comparable_float, comparable_text, micros_of_time, micros_of_timestamp


def query(sql):
    """-> ([(name, Trino type)], rows as JSON values)"""
    url = os.environ.get("CDC_TRINO_URL", "http://127.0.0.1:8080")
    request = urllib.request.Request(url + "/v1/statement", data=sql.encode(), method="POST",
                                     headers={"X-Trino-User": "verify", "X-Trino-Catalog": "iceberg", "X-Trino-Time-Zone": "UTC",
                                              "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"})
    columns, rows = [], []
    while True:
        with urllib.request.urlopen(request, timeout=120) as answer:
            page = json.load(answer)
        if "error" in page:
            raise RuntimeError(page["error"]["message"])
        columns = [(c["name"], c["type"]) for c in page.get("columns", [])] or columns
        rows += page.get("data", [])
        if "nextUri" not in page:
            return columns, rows
        request = urllib.request.Request(page["nextUri"], headers={"X-Trino-User": "verify"})
        if not page.get("data"):
            time.sleep(0.02)  # the protocol's long poll returns early while a query is queued


def read_with_trino(table, kinds):
    """{column: [comparable values]} as lake_readers.py gives them."""
    name_space, name = table.name()[-2:]
    columns, rows = query(f'SELECT * FROM iceberg."{name_space}"."{name}"')
    # Trino writes names in lower case.
    own = {field.name.lower(): field.name for field in table.schema().fields}
    return {own[c]: [_comparable(row[i], kind, kinds.get(own[c])) for row in rows] for i, (c, kind) in enumerate(columns)}


def _comparable(value, kind, how):
    if value is None:
        return None
    if kind.startswith("array("):
        return tuple(_comparable(item, kind[len("array("):-1], how) for item in value)
    name = kind.split("(")[0]
    if name == "decimal":
        return Decimal(value)
    if name in ("real", "double"):
        return comparable_float(float(value), 32 if name == "real" else 64)
    if name == "date":
        return (dt.date.fromisoformat(value) - EPOCH).days
    if name == "time":
        return micros_of_time(value)[0]
    if name == "timestamp":
        return micros_of_timestamp(value.replace(" UTC", "Z"))
    if name == "varbinary":
        return base64.b64decode(value)
    return comparable_text(value, how) if name in ("varchar", "char") else value
