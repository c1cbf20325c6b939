#!/usr/bin/env python3
"""Cuts captured events at the scenario's TRUNCATE into files that `cdc produce` can send.

  split_events.py EVENTS.jsonl OUT_FOLDER TABLE...

Writes OUT_FOLDER/before/TABLE.jsonl and OUT_FOLDER/after/TABLE.jsonl and prints one line per table:
TABLE TOPIC RECORDS_BEFORE RECORDS_IN_ALL
"""
import json
import os
import sys


def main():
    events, out, tables = sys.argv[1], sys.argv[2], sys.argv[3:]
    records = {table: [] for table in tables}
    truncated_at = None
    with open(events, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            table = record["topic"].rsplit(".", 1)[-1]
            value = json.loads(record["value"]) if record["value"] else None
            change = (value or {}).get("payload", value) or {}
            source = change.get("source") or {}
            lsn = source.get("lsn")
            if change.get("op") == "t":
                truncated_at = lsn if truncated_at is None else min(truncated_at, lsn)
            if table in records:
                # The scenario's incremental snapshot comes after its TRUNCATE and has no position of its own.
                late = source.get("snapshot") == "incremental"
                records[table].append((float("inf") if late else lsn, record["topic"], line))
    if truncated_at is None:
        sys.exit(f"{events} has no TRUNCATE")
    for part in ("before", "after"):
        os.makedirs(os.path.join(out, part), exist_ok=True)
    for table, rows in records.items():
        if not rows:
            sys.exit(f"{events} has no events of {table}")
        # A tombstone has no LSN: it belongs to the record before it.
        cut = next((i for i, (lsn, _, _) in enumerate(rows) if lsn is not None and lsn >= truncated_at), len(rows))
        for part, lines in (("before", rows[:cut]), ("after", rows[cut:])):
            with open(os.path.join(out, part, table + ".jsonl"), "w", encoding="utf-8") as file:
                file.writelines(line for _, _, line in lines)
        print(table, rows[0][1], cut, len(rows))


main()
