"""The worker of this project: jobs/upsert --drain."""
import os
import sqlite3
import sys

from peer import Peer

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import loads
import measured


class Ours(Peer):
    name = "ours"

    def prepare(self):
        self.version = self.bench.commit
        if not self.bench.programs:
            self.bench.programs = os.path.join(self.bench.root, "build/bench/here/bin")
            measured.build(self.bench.root, os.path.join(self.bench.root, "build/bench/here"), "job_upsert",
                           "bench_produce")

    def configure(self):
        worker = measured.Worker(self.bench.programs, self.folder, self.bench.bootstrap, loads.LOADS["students"])
        worker.prefix = self.bench.prefix
        worker.fresh(None)
        self.command = [worker.program, "--config", os.path.join(self.folder, "tables.toml"), "--table", "students", "--drain"]

    def launch(self):
        self.process = self.processes.spawn(self.command, self.log("worker"))
        self.processes.ready()

    def wait(self, deadline):
        return self.until("upsert", lambda: self.process.poll() == 0, deadline, self.process, self.log("worker"))

    def metadata(self):
        catalog = sqlite3.connect(f"file:{self.folder}/catalog.db?mode=ro", uri=True)
        try:
            row = catalog.execute("SELECT metadata_location FROM iceberg_tables").fetchone()
        except sqlite3.OperationalError:
            row = None
        catalog.close()
        return row[0].removeprefix("file://") if row else None
