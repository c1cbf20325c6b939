"""The broker, the topic that every peer reads, and what a right table holds in the end."""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STACK_DIR = os.path.join(ROOT, "build/peers/stack")
PORT = "20092"


class Broker:
    """CDC_BENCH_KAFKA=HOST:PORT, or one that scripts/stack starts; close() stops it if it was started here."""

    def __init__(self):
        self.bootstrap = os.environ.get("CDC_BENCH_KAFKA", f"127.0.0.1:{PORT}")
        self.env = {**os.environ, "CDC_STACK_DIR": STACK_DIR, "CDC_KAFKA_PORT": PORT}
        self.started = "CDC_BENCH_KAFKA" not in os.environ and not self._stack("status", "kafka")
        if self.started and not self._stack("up", "kafka"):
            sys.exit("the broker could not be started: scripts/stack up kafka")

    def _stack(self, *words):
        return subprocess.run([os.path.join(ROOT, "scripts/stack"), *words], env=self.env, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def close(self):
        if self.started:
            self._stack("down", "kafka")

    def kcat(self, *words):
        done = subprocess.run(["kcat", "-b", self.bootstrap, *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"kcat {' '.join(words)}: {done.stderr[-500:]}")
        return done.stdout

    def end_offset(self, topic):
        """Records of the topic's one partition; 0: there is no such topic."""
        topics = {t["topic"] for t in json.loads(self.kcat("-L", "-J", "-m", "10"))["topics"]}
        return int(self.kcat("-Q", "-t", f"{topic}:0:-1").split()[-1]) if topic in topics else 0


class Corpus:
    """Change events as JSON lines, and the rows that the source held after them (CSV as PostgreSQL writes it).

    It is repeated whole: the last event of every key is the same again, so the final rows are too.
    """

    def __init__(self, work):
        self.events = os.environ.get("CDC_BENCH_CORPUS", os.path.join(ROOT, "build/bench/students.jsonl"))
        self.final = os.environ.get("CDC_BENCH_FINAL", os.path.join(ROOT, "build/bench/students_final_state.csv.gz"))
        for path, variable in ((self.events, "CDC_BENCH_CORPUS"), (self.final, "CDC_BENCH_FINAL")):
            if not os.path.exists(path):
                sys.exit(f"the corpus is not at {path}: set {variable}")
        self.records, self.tombstones = self._counted(os.path.join(work, "corpus.json"))

    def _counted(self, notes):
        """Its lines, and how many of them are tombstones: counted once, noted for the next run."""
        stamp = [os.path.getsize(self.events), os.path.getmtime(self.events)]
        if os.path.exists(notes):
            with open(notes, encoding="utf-8") as file:
                noted = json.load(file)
            if noted["stamp"] == stamp:
                return noted["counts"]
        records = tombstones = 0
        with open(self.events, encoding="utf-8") as file:
            for line in file:
                records += 1
                tombstones += '"value":null' in line
        with open(notes, "w", encoding="utf-8") as file:
            json.dump({"stamp": stamp, "counts": [records, tombstones]}, file)
        return records, tombstones

    def repeats(self, at_least):
        return max(1, -(-at_least // self.records))


def produce(broker, program, corpus, topic, records):
    """Fills the topic once; one of another length is an error."""
    found = broker.end_offset(topic)
    if found == 0:
        subprocess.run([program, "--bootstrap", broker.bootstrap, "--topic", topic, "--file", corpus.events, "--records",
                        str(records)], check=True, stdout=subprocess.DEVNULL)
        found = broker.end_offset(topic)
    if found != records:
        sys.exit(f"topic {topic} has {found} records, not {records}: delete it")
