"""A PostgreSQL of one test: a cluster in a temporary folder, reachable through a unix socket only."""
import os
import pathlib
import shutil
import subprocess
import tempfile

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
SETTINGS = "SET client_min_messages = warning; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD';\n"


class LocalPostgres:
    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cdc-postgres-", dir="/tmp"))
        if os.getuid() == 0:
            shutil.chown(self.folder, "nobody")
        self._run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o",
                  f"-k {self.folder} -c listen_addresses= -c fsync=off -c max_wal_size=4GB", "start")
        self.dsn = f"host={self.folder} user=postgres dbname=postgres"
        return self

    def __exit__(self, *_):
        self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program, *arguments):
        command = [BIN / program, *arguments]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        # pg_ctl's server would keep a pipe open.
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", check=False)
        if done.returncode:
            raise RuntimeError(f"{program}: exit {done.returncode}; see {self.folder}/log")

    def sql(self, script, schema="public"):
        """Runs a script in one session; what it prints. The first error ends it."""
        done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", self.dsn], text=True, capture_output=True, check=False,
                              input=SETTINGS + f"SET search_path = {schema}, public;\n" + script)
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr.strip()[:2000]}")
        return done.stdout
