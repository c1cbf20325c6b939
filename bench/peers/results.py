"""Figures of a run, and the table of all peers."""
import json
import os

import lake
import spark

ROWS = {
    "complete": "the whole topic is in the table (1: yes)",
    "events_per_second": "events/s from launch",
    "events_per_second_running": "events/s, once running",
    "launch_seconds": "launch until running, s",
    "cpu_per_million": "CPU s per million events",
    "cpu_per_million_running": "CPU s per million, once running",
    "peak_pss_mb": "peak memory (PSS), MiB",
    "others_cores": "cores that others kept busy meanwhile (the broker too)",
    "data_files": "data files",
    "position_delete_files": "position delete files",
    "equality_delete_files": "equality delete files",
    "live_mb": "live files, MiB",
    "folder_mb": "table's folder, MiB",
    "snapshots": "snapshots",
    "scan_ms": "DuckDB full scan, ms",
    "point_ms": "DuckDB point query, ms",
    "spark_scan_ms": "Spark full scan, ms",
    "spark_point_ms": "Spark point query, ms",
    "rows": "rows in the table",
    "rows_wrong": "keys that are wrong",
}


def taken(used, events):
    """What the processes took; rates only when all `events` are in the table."""
    figures = {"complete": (int(events > 0), "1: yes"), "seconds": (used["seconds"], "s"),
               "cpu_seconds": (used["cpu_seconds"], "CPU s"), "others_cores": (used["others_cores"], "cores"),
               "launch_seconds": (used["seconds"] - used["seconds_running"], "s"),
               "peak_pss_mb": (used["peak_pss_bytes"] / 2**20, "MiB")}
    if events:
        figures |= {"events_per_second": (events / used["seconds"], "events/s"),
                    "events_per_second_running": (events / used["seconds_running"], "events/s"),
                    "cpu_per_million": (used["cpu_seconds"] * 1e6 / events, "CPU s per million events"),
                    "cpu_per_million_running": (used["cpu_running"] * 1e6 / events, "CPU s per million events")}
    return figures


def found(peer, bench):
    """The table as others see it. DuckDB's times are missing where it took longer than --read-limit; Spark then reads the
    rows that DuckDB compares."""
    metadata = peer.metadata()
    if metadata is None:
        return {}
    figures = lake.files(metadata)
    times = lake.judge(bench.read_limit, "read", metadata)
    rows = lake.judge(bench.read_limit, "compare", metadata, bench.final, peer.view) if times else None
    copy = None if rows else os.path.join(peer.folder, "rows.parquet")
    times = {**(times or {}), **spark.read(metadata, bench, copy)}
    rows = rows or lake.judge(300, "compare", copy, bench.final, peer.view)
    figures |= {name: (value, "ms") for name, value in times.items()}
    return figures | {name: (value, "keys" if name.startswith("keys") else "rows") for name, value in rows.items()}


def stored(paths):
    """(peer, figure, value) of JSON lines that were kept; the last of a name counts."""
    lines = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                _, peer, figure = row["name"].split(".")
                lines[peer, figure] = row["value"]
    return [(peer, figure, value) for (peer, figure), value in lines.items()]


def number(value):
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 or float(value).is_integer() else f"{value:.2f}"


def table(lines):
    peers = list(dict.fromkeys(peer for peer, _, _ in lines))
    values = {(peer, figure): value for peer, figure, value in lines}
    text = ["| | " + " | ".join(peers) + " |", "|---" * (len(peers) + 1) + "|"]
    for figure, label in ROWS.items():
        if any((peer, figure) in values for peer in peers):
            text.append(f"| {label} | " + " | ".join(number(values.get((peer, figure))) for peer in peers) + " |")
    return "\n".join(text)
