"""How long an idle table's change takes to become visible: produced, worker started, snapshot committed."""
import json
import os
import sqlite3
import subprocess
import tempfile
import time

import loads
import measured


def pointer(catalog):
    return catalog.execute("SELECT metadata_location FROM iceberg_tables").fetchone()[0]


def one_change(worker, produce, topic, number):
    """Seconds from the acknowledged record to the moved catalog pointer, and to the worker's end."""
    catalog = sqlite3.connect(f"file:{worker.folder}/catalog.db?mode=ro", uri=True)
    before = pointer(catalog)
    subprocess.run([*produce, "--topic", topic, "--changes", "1", "--updates", "0", "--deletes", "0", "--skip",
                    str(1000 + number)], check=True, stdout=subprocess.DEVNULL)
    started = time.monotonic()
    process = subprocess.Popen([worker.program, "--config", os.path.join(worker.folder, "tables.toml"), "--table",
                                "students", "--drain"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while pointer(catalog) == before:
        time.sleep(0.001)
        if time.monotonic() - started > 30:
            raise SystemExit("the change was not committed within 30 s")
    visible = time.monotonic() - started
    if process.wait() != 0:
        raise SystemExit(f"the worker ended with {process.returncode}")
    catalog.close()
    return visible, time.monotonic() - started


def measure(programs, producer, bootstrap, work, runs):
    prefix = f"bench-cold-{int(time.time())}"
    topic = f"{prefix}.public.students"
    produce = [producer, "--bootstrap", bootstrap]
    with tempfile.TemporaryDirectory(prefix="cdc-bench-", dir=work) as folder:
        worker = measured.Worker(programs, os.path.join(folder, "now"), bootstrap, loads.LOADS["students"])
        worker.prefix = prefix
        subprocess.run([*produce, "--topic", topic, "--snapshot", "1000"], check=True, stdout=subprocess.DEVNULL)
        worker.fresh(None)
        worker.drain()
        times = [one_change(worker, produce, topic, number) for number in range(runs)]
    visible = sorted(seconds * 1000 for seconds, _ in times)
    whole = [seconds * 1000 for _, seconds in times]
    yield "cold.visible", visible, "ms"
    yield "cold.worst", [visible[-1]], "ms"
    yield "cold.whole_run", whole, "ms"
