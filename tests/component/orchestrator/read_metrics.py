#!/usr/bin/env python3
"""Reads /metrics as a strict Prometheus server would (text format 0.0.4) and prints its samples.

  read_metrics.py URL [SAMPLE…]   exit 1 when a line breaks the format, or a SAMPLE ('name{label="value"}') is missing
"""
import math
import re
import sys
import urllib.request

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)$")
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


class Broken(Exception):
    pass


class Reader:
    def __init__(self):
        self.types, self.helps, self.samples, self.closed, self.family = {}, set(), {}, set(), None

    def enter(self, name, line):
        """All lines of a metric stand together."""
        if name == self.family:
            return
        if name in self.closed:
            raise Broken(f"{name} comes a second time: {line}")
        if self.family:
            self.closed.add(self.family)
        self.family = name

    def comment(self, line):
        match = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line)
        if not match:
            raise Broken(f"neither HELP nor TYPE: {line}")
        word, name, rest = match.groups()
        self.enter(name, line)
        seen = self.helps if word == "HELP" else self.types
        if name in seen:
            raise Broken(f"a second {word}: {line}")
        if any(key[0] == name for key in self.samples):
            raise Broken(f"{word} after the samples: {line}")
        if word == "HELP":
            self.helps.add(name)
        elif rest in TYPES:
            self.types[name] = rest
        else:
            raise Broken(f"no such type: {line}")

    def sample(self, line):
        match = SAMPLE.match(line)
        if not match:
            raise Broken(f"not a sample: {line}")
        name, labels = match[1], re.findall(LABEL, match[2] or "")
        self.enter(name, line)
        if name not in self.types or name not in self.helps:
            raise Broken(f"without TYPE and HELP: {line}")
        if len({label for label, _ in labels}) != len(labels):
            raise Broken(f"a label twice: {line}")
        value = float(match[match.lastindex])
        if math.isnan(value) or self.types[name] == "counter" and value < 0:
            raise Broken(f"no such value: {line}")
        if (self.types[name] == "counter") != name.endswith("_total"):
            raise Broken(f"counters, and they alone, end in _total: {line}")
        key = (name, tuple(sorted(labels)))
        if key in self.samples:
            raise Broken(f"a second sample: {line}")
        self.samples[key] = value

    def read(self, text):
        if not text.endswith("\n"):
            raise Broken("the last line has no line feed")
        for line in text[:-1].split("\n"):
            (self.comment if line.startswith("#") else self.sample)(line)


def main():
    url, wanted = sys.argv[1], sys.argv[2:]
    with urllib.request.urlopen(url, timeout=10) as answer:
        kind, text = answer.headers["Content-Type"], answer.read().decode("utf-8")
    reader = Reader()
    try:
        reader.read(text)
    except (Broken, ValueError) as problem:
        sys.exit(f"broken: {problem}")
    if not kind.startswith("text/plain; version=0.0.4"):
        sys.exit(f"Content-Type: {kind}")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    missing = [w for w in wanted if not any(line.startswith(w + " ") for line in lines)]
    print("\n".join(lines))
    if missing:
        sys.exit(f"missing: {missing}")


if __name__ == "__main__":
    main()
