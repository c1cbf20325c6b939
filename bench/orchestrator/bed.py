"""A folder with an orchestrator in it: configuration, ledger, process, and what it costs. Standard library only."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TICKS = os.sysconf("SC_CLK_TCK")


def commit():
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    return f"{model}, {os.cpu_count()} cores"


def say(name, value, unit, **more):
    """One figure, one line."""
    figure = {"name": name, "value": round(value, 3), "unit": unit, **more}
    figure |= {"commit": commit(), "machine": machine(), "load": round(os.getloadavg()[0], 2)}
    print(json.dumps(figure), flush=True)


def table(number):
    return f"t{number:05d}"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Bed:
    """`limits`: lines of [orchestrator]; `defaults`: of [defaults]; `rest`: further sections."""

    def __init__(self, folder, bin_folder, bootstrap, tables, limits="", defaults="", rest="", prefix="p", workers=None):
        self.folder, self.bin, self.prefix = folder, bin_folder, prefix
        self.state = os.path.join(folder, "state")
        os.makedirs(os.path.join(folder, "jobs"))
        # The orchestrator takes its workers from the folder beside itself.
        self.program = os.path.join(folder, "cdc-orchestrator")
        os.link(os.path.join(bin_folder, "cdc-orchestrator"), self.program)
        for name, target in (workers or {"upsert": os.path.join(bin_folder, "jobs", "upsert")}).items():
            os.symlink(os.path.abspath(target), os.path.join(folder, "jobs", name))
        if "[catalog]" not in rest:
            rest = '[catalog]\nuri = "catalog.db"\nwarehouse = "warehouse"\nnamespace = "bench"\n' + rest
        self.config = os.path.join(folder, "tables.toml")
        self.bootstrap = bootstrap
        self.text = (f'[source]\ntopic_prefix = "{prefix}"\n{rest}[orchestrator]\nlisten = ""\n{limits}'
                     f'[defaults]\n{defaults}' + "".join(f"[tables.{name}]\n" for name in tables))
        self.write_config(bootstrap)
        self.process = None

    def write_config(self, bootstrap):
        with open(self.config, "w") as out:
            out.write(f'[kafka]\nbootstrap_servers = "{bootstrap}"\n{self.text}')

    def write_ledger(self, next_offsets):
        """As an orchestrator leaves it whose workers have read everything."""
        self.write_config("127.0.0.1:1")  # nobody is there, nothing happens
        self.start()
        self.await_answer()
        self.stop()
        self.write_config(self.bootstrap)
        with sqlite3.connect(os.path.join(self.state, "ledger.db")) as ledger:
            ledger.execute("UPDATE tables SET state='Idle', due_ms=0, last_exit='0'")
            ledger.executemany("UPDATE tables SET next_offsets=?, topic=? WHERE name=?",
                               [(json.dumps({"0": end}), f"{self.prefix}.public.{t}", t) for t, end in next_offsets.items()])
        ledger.close()

    def start(self):
        """Returns the moment of the launch."""
        self.out = open(os.path.join(self.folder, "out"), "wb")
        begun = time.monotonic()
        self.process = subprocess.Popen([self.program, "--config", self.config], stdin=subprocess.DEVNULL,
                                        stdout=self.out, stderr=self.out)
        return begun

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def ask(self, request):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(os.path.join(self.state, "control.sock"))
            control.sendall((json.dumps(request) + "\n").encode())
            answer = b""
            while chunk := control.recv(1 << 20):
                answer += chunk
        return answer

    def await_answer(self, patience=60):
        """Until an operator's words are heard."""
        return self.until(lambda: self.ask({"command": "trigger", "table": "nobody"}), patience)

    def until(self, condition, patience, pause=0.002):
        """What `condition` says once it is true; an error of the system is a no."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit("the orchestrator ended:\n" + self.log()[-2000:])
            try:
                if found := condition():
                    return found
            except OSError:
                pass
            time.sleep(pause)
        raise SystemExit(f"waited {patience} s for nothing:\n" + self.log()[-2000:])

    def log(self):
        with open(os.path.join(self.folder, "out"), errors="replace") as file:
            return file.read()

    def memory(self):
        """Resident MB: all, and without mapped files (the programs' own text, SQLite's shared memory)."""
        sizes = {}
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                name, _, value = line.partition(":")
                sizes[name] = value
        return int(sizes["VmRSS"].split()[0]) / 1024, int(sizes["RssAnon"].split()[0]) / 1024

    def cpu(self):
        """Seconds used so far, user and system."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
