"""What bench/peers/run asks of each system that it measures."""
import os
import shutil
import time

from usage import Processes


class Failed(Exception):
    """The peer could not do the work; the message says where its log is."""


class Peer:
    """One run: prepare() → start() → wait() → used() → stop(); afterwards the table is at metadata().

    `bench` has: root (of the checkout), work (a folder), bootstrap, topic, prefix (of the topic), records (its end offset),
    rows_appended (its records that are not tombstones).
    """

    name = ""
    version = ""
    # A query on {table} with the columns of the source, for a peer that writes them in another form.
    view = "SELECT * FROM {table}"

    def __init__(self, bench):
        self.bench = bench
        self.folder = os.path.join(bench.work, self.name)
        self.processes = None

    def prepare(self):
        """Downloads and compiles what is not there yet. Not measured."""

    def start(self):
        """Launches it on an empty table; the clock runs."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.configure()
        self.processes = Processes()
        self.launch()

    def configure(self):
        """Writes its files into self.folder, which is empty. Not measured."""

    def launch(self):
        raise NotImplementedError

    def wait(self, deadline):
        """True when the topic's end is in the table, False when time.monotonic() has passed `deadline`. Raises Failed."""
        raise NotImplementedError

    def metadata(self):
        """Path of the table's present metadata file; None while there is none."""
        raise NotImplementedError

    def stop(self):
        if self.processes:
            self.processes.stop()

    def log(self, name):
        return os.path.join(self.folder, f"{name}.log")

    def until(self, what, condition, deadline, process, log):
        """Polls condition() twenty times a second: True; False at the deadline. Raises Failed when `process` has ended badly."""
        while time.monotonic() < deadline:
            if condition():
                return True
            if process is not None and process.poll() not in (None, 0):
                raise Failed(f"{self.name}: {what}: the process ended with {process.returncode}; see {log}")
            time.sleep(0.05)
        return False
