"""What a peer's processes take, all together: CPU seconds, memory, from launch until it is done."""
import ctypes
import os
import resource
import signal
import subprocess
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.2
PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def descendants(root):
    """Process ids below `root`, itself not among them."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parent = int(stat_fields(name)[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
    found, queue = [], list(children.get(root, []))
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def stat_fields(pid):
    """proc(5): the fields of stat from the third (state) on; the name before them may hold spaces."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rsplit(")", 1)[1].split()


def cpu_seconds(pid):
    """User and system time of a process and of the children that it has waited for."""
    return sum(int(field) for field in stat_fields(pid)[11:15]) / TICK


def pss_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)


def machine_cpu_seconds():
    """What all processes of the machine have used, interrupts included (proc(5): the first line of stat)."""
    with open("/proc/stat", encoding="utf-8") as file:
        user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICK


class Processes:
    """Starts a peer's processes, watches them and stops them.

    CPU is exact: of those that ended as the kernel reports it when they are waited for, of the living as /proc says. Whoever
    measures must start no other processes meanwhile. Memory is the largest sum of the proportional set sizes (pages that
    several share count once) of all that live at the same time, looked at five times a second.
    """

    def __init__(self):
        # Descendants whose parent has ended become our children: they are still counted, and stopped.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._reap_orphans()
        self.running = []
        self.peak_bytes = 0
        self.ended = threading.Event()
        self.reaped_before = self._reaped()
        self.machine_before = machine_cpu_seconds()
        self.launched = time.monotonic()
        self.ready_at = self.cpu_at_ready = None
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def spawn(self, command, log, env=None):
        """In a session of its own, so that Ctrl-C reaches only us; output to the file `log`."""
        with open(log, "w", encoding="utf-8") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                       env={**os.environ, **(env or {})}, start_new_session=True)
        self.running.append(process)
        return process

    def ready(self):
        """From here on it works on events: what came before is what a launch costs."""
        self.ready_at = time.monotonic() - self.launched
        self.cpu_at_ready = self.cpu()

    def cpu(self):
        live = 0.0
        for pid in descendants(os.getpid()):
            try:
                live += cpu_seconds(pid)
            except OSError:
                continue
        return live + self._reaped() - self.reaped_before

    def used(self):
        """Call it when the peer is done, before stop()."""
        seconds, cpu = time.monotonic() - self.launched, self.cpu()
        machine = machine_cpu_seconds() - self.machine_before
        self.ended.set()
        self.watcher.join()
        return {"seconds": seconds, "cpu_seconds": cpu, "others_cores": (machine - cpu) / seconds,
                "peak_pss_bytes": self.peak_bytes, "seconds_running": seconds - (self.ready_at or 0),
                "cpu_running": cpu - (self.cpu_at_ready or 0)}

    def stop(self, grace_seconds=10):
        """SIGTERM to each and to its descendants, the last started first, then SIGKILL."""
        self.ended.set()
        for process in reversed(self.running):
            if process.poll() is None:
                for pid in [process.pid, *descendants(process.pid)]:
                    self._signal(pid, signal.SIGTERM)
            try:
                process.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                pass
        for pid in descendants(os.getpid()):
            self._signal(pid, signal.SIGKILL)
        for process in self.running:
            process.wait()
        self.running = []

    @staticmethod
    def _reap_orphans():
        """Waits for what other steps have left behind: it must not be counted in this run."""
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            pass

    @staticmethod
    def _signal(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    @staticmethod
    def _reaped():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def _watch(self):
        while not self.ended.wait(SAMPLE_SECONDS):
            memory = 0
            for pid in descendants(os.getpid()):
                try:
                    memory += pss_bytes(pid)
                except OSError:
                    continue
            self.peak_bytes = max(self.peak_bytes, memory)
