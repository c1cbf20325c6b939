#!/usr/bin/env python3
"""Plays the alert rules with promtool, and looks for every metric that rules and dashboard name in what an orchestrator serves.

  monitoring.py [--bin build/release/bin]

promtool is taken out of Debian's package prometheus, which is not installed: its service would start.
"""
import argparse
import glob
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "docker", "monitoring")


def promtool(folder):
    subprocess.run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", "prometheus"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["dpkg", "-x", glob.glob(os.path.join(folder, "prometheus_*.deb"))[0], folder], check=True)
    return os.path.join(folder, "usr", "bin", "promtool")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def served_metrics(bin_dir, folder):
    """Names of what an orchestrator with one table serves, labels aside."""
    port = free_port()
    with open(os.path.join(folder, "tables.toml"), "w", encoding="utf-8") as file:
        file.write(f"""[kafka]
bootstrap_servers = "127.0.0.1:1"
[source]
topic_prefix = "p"
[catalog]
uri = "catalog.db"
warehouse = "warehouse"
namespace = "n"
[orchestrator]
state_dir = "state"
listen = "127.0.0.1:{port}"
[tables.orders]
""")
    process = subprocess.Popen([os.path.join(bin_dir, "cdc-orchestrator"), "--config", "tables.toml"], cwd=folder,
                               stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                    return set(re.findall(r"^# TYPE (\S+)", answer.read().decode(), re.M))
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.1)
    finally:
        process.terminate()
        process.wait()


def named_metrics():
    with open(os.path.join(FOLDER, "alerts.yml"), encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(FOLDER, "grafana", "cdc.json"), encoding="utf-8") as file:
        for panel in json.load(file)["panels"]:
            text += "".join("\n" + target["expr"] for target in panel["targets"])
    return set(re.findall(r"\bcdc_[a-z_]+\b", text))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tool = promtool(folder)
        for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"], ["check", "config", "--syntax-only", "prometheus.yml"]):
            subprocess.run([tool, *command], cwd=FOLDER, check=True)
        # Slots and a silent source are told only where there is a source to ask.
        optional = {"cdc_source_ok", "cdc_source_wal_held_bytes"}
        missing = named_metrics() - served_metrics(os.path.abspath(options.bin), folder) - optional
        if missing:
            sys.exit(f"no orchestrator serves {', '.join(sorted(missing))}")
    print("every alert fires when it should, and every metric that is named is served")


if __name__ == "__main__":
    main()
