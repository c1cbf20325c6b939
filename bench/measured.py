"""One worker process: configured, run, and what it took."""
import functools
import json
import os
import shutil
import subprocess
import threading
import time

CONFIG = """
[kafka]
bootstrap_servers = "{bootstrap}"
group_id = "cdc-bench"
[source]
topic_prefix = "{prefix}"
schemas = ["public"]
[catalog]
type = "sqlite"
uri = "catalog.db"
name = "iceberg_catalog"
warehouse = "warehouse"
namespace = "university"
[orchestrator]
state_dir = "state"
idle_timeout = "60s"
[defaults]
commit_interval = "1s"
[tables.students]
memory = "{memory}"
[tables.students.columns]
{columns}
"""


class Worker:
    """jobs/upsert with a table of its own in `folder`."""

    def __init__(self, programs, folder, bootstrap, load):
        self.program = os.path.join(programs, "jobs/upsert")
        self.folder, self.bootstrap, self.load = folder, bootstrap, load
        self.prefix = "bench"

    def fresh(self, base):
        """An empty table, or a copy of the folder `base`."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if base:
            shutil.copytree(base, self.folder)
            return
        os.makedirs(self.folder)
        columns = "\n".join(f'{name} = "{words}"' for name, words in self.load.columns.items())
        with open(os.path.join(self.folder, "tables.toml"), "w", encoding="utf-8") as file:
            file.write(CONFIG.format(bootstrap=self.bootstrap, prefix=self.prefix, memory=self.load.memory,
                                     columns=columns))

    def drain(self):
        """Runs to the topic's end. What it took, all threads together."""
        command = [self.program, "--config", os.path.join(self.folder, "tables.toml"), "--table", "students", "--drain"]
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        memory = Memory(process.pid)
        output, errors = [], []
        reader = threading.Thread(target=lambda: errors.extend(process.stderr), daemon=True)
        reader.start()
        output.extend(process.stdout)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        memory.stop()
        if process.returncode != 0:
            raise SystemExit(f"the worker ended with {process.returncode}: {''.join(errors)[-2000:]}")
        report = json.loads(output[-1])
        cpu = usage.ru_utime + usage.ru_stime
        files = [os.path.getsize(os.path.join(d, f)) for d, _, names in os.walk(os.path.join(self.folder, "warehouse"))
                 for f in names if f.endswith(".parquet")]
        return {
            "events": report["events"], "seconds": seconds, "cpu_seconds": cpu,
            "events_per_second": report["events"] / seconds, "cpu_per_million": cpu * 1e6 / report["events"],
            "user_per_million": usage.ru_utime * 1e6 / report["events"],
            "peak_anonymous_mb": memory.anonymous / 2**20,
            "peak_less_index_mb": memory.less_index / 2**20,
            "parquet_mb": sum(files) / 2**20, "parquet_files": len(files),
            "dead_letters": report["dead_letters"],
        }


class Memory:
    """The highest resident memory of a process, looked at 50 times a second: anonymous, and all but the mapped key
    index, which is the page cache's. What is resident of other files (programs, libraries) is looked at less often: it
    hardly changes, and looking takes the kernel long."""

    EVERY = 25

    def __init__(self, pid):
        self.anonymous = self.less_index = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, args=(pid,), daemon=True)
        self.thread.start()

    def watch(self, pid):
        other_files, looks = 0, 0
        while not self.ended.wait(0.02):
            try:
                if looks % self.EVERY == 0:
                    other_files = resident_files(pid, but="/state/index/")
                looks += 1
                with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                    lines = [line for line in file if line.startswith("RssAnon:")]
            except OSError:
                return
            if lines:
                anonymous = int(lines[0].split()[1]) * 1024
                self.anonymous = max(self.anonymous, anonymous)
                self.less_index = max(self.less_index, anonymous + other_files)

    def stop(self):
        self.ended.set()
        self.thread.join()


def resident_files(pid, but):
    """Resident bytes of mapped files that do not have `but` in their path, less what was written to by the process:
    that is anonymous."""
    total, counts = 0, False
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if not words[0].endswith(":"):
                counts = len(words) > 5 and words[5].startswith("/") and but not in words[5]
            elif counts and words[0] in ("Rss:", "Anonymous:"):
                total += int(words[1]) * 1024 * (1 if words[0] == "Rss:" else -1)
    return total


UNITS = {
    "events_per_second": "events/s", "cpu_per_million": "CPU s per million events",
    "user_per_million": "user CPU s per million events", "seconds": "s", "peak_anonymous_mb": "MiB",
    "peak_less_index_mb": "MiB", "parquet_mb": "MiB", "parquet_files": "files", "dead_letters": "events",
}


def figures(results):
    return {name: ([result[name] for result in results], unit) for name, unit in UNITS.items()}


@functools.cache
def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{models[0]}, {len(models)} cores"


def commit(root):
    def git(*words):
        return subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "lib", "jobs")
    return git("rev-parse", "--short", "HEAD") + ("+changes" if changed else "")


def build(root, folder, *targets):
    """Release programs of this checkout, below `folder`."""
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["cmake", "-S", root, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCDC_BENCH=ON",
                    "-DCDC_TESTS=OFF"], **quiet)
    subprocess.run(["ninja", "-C", folder, *targets], **quiet)
