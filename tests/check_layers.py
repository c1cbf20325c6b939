#!/usr/bin/env python3
"""Checks what may include what, and the size of files.

  check_layers.py [ROOT]      exit 0: all rules hold; 1: they do not, one line each
  check_layers.py --self-test the rules catch what they are for

- A room includes only rooms above it in the list of the top CMakeLists.txt; orchestrator, jobs and cli never each other.
- lib/iceberg knows nothing of Kafka; the worker knows neither Kafka nor a store, the source no store, and a sink only its own; lib/event nothing of I/O (only lib/core, lib/rows, lib/contract).
- A foreign library's header is included in its own room only, and in no public header of that room.
- No file is longer than 400 lines.
"""
import os
import re
import sys
import tempfile

MAX_LINES = 400
SOURCE = (".h", ".cc")
PAGE = (".js", ".mjs", ".css", ".html")  # of the web page and its tests; no includes
FOREIGN_FOLDERS = ("uplot", "node_modules")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# Prefix of a foreign header -> rooms that may include it.
FOREIGN = {
    "rdkafka": ["lib/kafka"], "librdkafka/": ["lib/kafka"], "sqlite3.h": ["lib/sqlite"], "libpq-fe.h": ["lib/postgres"],
    "postgresql/": ["lib/postgres"], "arrow/": ["lib/parquet", "lib/delta"], "parquet/": ["lib/parquet", "lib/delta"], "spdlog/": ["lib/log"],
    "toml++/": ["lib/config"], "toml.hpp": ["lib/config"], "xxhash.h": ["lib/core"], "sodium": ["lib/core"], "boost/process": ["orchestrator"],
    "boost/asio": ["orchestrator"], "boost/beast": ["orchestrator"], "CLI/": ["cli", "orchestrator", "jobs"], "simdjson": [],
    "curl/": ["lib/http"], "openssl/": ["lib/s3"], "zlib.h": ["lib/iceberg", "lib/delta", "cli"],
    "zstd.h": ["lib/parquet", "lib/iceberg"], "snappy": ["lib/iceberg"],
}
# Rooms that never include each other, whatever their order.
APART = [("orchestrator", "jobs"), ("orchestrator", "cli"), ("cli", "jobs")]
ONLY = {"lib/event": {"lib/core", "lib/rows", "lib/contract", "lib/event"}}
LAKE = {"lib/storage", "lib/s3", "lib/iceberg", "lib/rest", "lib/lake", "lib/parquet", "lib/index", "lib/delta"}
NEVER = {
    "lib/iceberg": {"lib/kafka", "lib/event", "lib/postgres"},
    "lib/change": {"lib/event", "lib/kafka", "lib/config"},
    "jobs/worker": LAKE | {"lib/postgres", "lib/config", "lib/kafka", "lib/event"},
    "jobs/source": LAKE | {"lib/postgres", "lib/config"},
    "jobs/sink/lake": {"jobs/source", "lib/kafka", "lib/postgres", "lib/config"},
    "jobs/sink/iceberg": {"jobs/source", "lib/kafka", "lib/postgres", "lib/config", "lib/delta"},
    "jobs/sink/delta": {"jobs/source", "lib/kafka", "lib/postgres", "lib/config", "lib/rest", "jobs/sink/iceberg"},
    "jobs/sink/postgres": LAKE | {"jobs/source", "lib/kafka", "lib/config", "jobs/sink/lake", "jobs/sink/iceberg", "jobs/sink/delta"},
}
# A header ending so is seen by its own room only, so foreign names may stand in it.
INTERNAL = "_internal.h"


def room_order(root):
    """The rooms of set(CDC_ROOMS …) in the top CMakeLists.txt, upper first."""
    with open(os.path.join(root, "CMakeLists.txt"), encoding="utf-8") as file:
        match = re.search(r"set\(CDC_ROOMS\s([^)\"]*?)(?:CACHE\b[^)]*)?\)", file.read())
    return match[1].split() if match else []


def room_of(path, order):
    """Longest room that `path` lies in; None outside all."""
    found = [r for r in order if path.startswith(r + "/")]
    return max(found, key=len) if found else None


def top(room):
    return room.split("/")[0]


def check_room_include(path, line, room, target, order):
    where = f"{path}:{line}"
    if room == target:
        return None
    for a, b in APART:
        if {top(room), top(target)} == {a, b}:
            return f"{where}: {top(room)} must not include {top(target)}"
    if room in ONLY and target not in ONLY[room]:
        return f"{where}: {room} may include {', '.join(sorted(ONLY[room] - {room}))} only, not {target}"
    if target in NEVER.get(room, ()):
        return f"{where}: {room} must not include {target}"
    if order.index(target) > order.index(room):
        return f"{where}: {room} must not include {target}, which is below it in CMakeLists.txt"
    return None


def check_foreign_include(path, line, room, header):
    for prefix, rooms in FOREIGN.items():
        if not header.startswith(prefix):
            continue
        if not any(room == r or room.startswith(r + "/") for r in rooms):
            return f"{path}:{line}: <{header}> belongs in {' or '.join(rooms) or 'no room'} only"
        if path.endswith(".h") and not path.endswith(INTERNAL) and room.startswith("lib/"):
            return f"{path}:{line}: <{header}> in a public header: other rooms would see it (name it *{INTERNAL}?)"
    return None


def check_file(root, path, order):
    problems = []
    room = room_of(path, order)
    with open(os.path.join(root, path), encoding="utf-8") as file:
        lines = file.read().splitlines()
    if len(lines) > MAX_LINES:
        problems.append(f"{path}: {len(lines)} lines, more than {MAX_LINES}: split it")
    for number, text in enumerate(lines, 1):
        match = INCLUDE.match(text) if path.endswith(SOURCE) else None
        if not match or room is None:
            continue
        target = room_of(match[2], order)
        if target:
            problem = check_room_include(path, number, room, target, order)
            if not problem and target != room and match[2].endswith(INTERNAL):
                problem = f"{path}:{number}: {match[2]} is internal to {target}"
        else:
            problem = check_foreign_include(path, number, room, match[2])
        if problem:
            problems.append(problem)
    return problems


def check_tree(root):
    order = room_order(root)
    if not order:
        return ["CMakeLists.txt: no list of rooms found"]
    problems = []
    for folder in ("lib", "jobs", "orchestrator", "cli", "tests", "bench"):
        for base, folders, names in os.walk(os.path.join(root, folder)):
            folders[:] = [f for f in folders if f not in FOREIGN_FOLDERS]
            for name in sorted(names):
                if name.endswith(SOURCE + PAGE):
                    problems += check_file(root, os.path.relpath(os.path.join(base, name), root), order)
    return problems


def self_test():
    cases = {  # file -> (content, part of the expected problem; None: allowed)
        "lib/core/a.cc": ('#include "lib/kafka/consumer.h"', "below it"),
        "lib/core/b.cc": ('#include <xxhash.h>', None),
        "lib/rows/a.cc": ('#include <sodium.h>', "belongs in lib/core"),
        "lib/kafka/a.cc": ('#include <librdkafka/rdkafka.h>\n#include "lib/core/a.h"', None),
        "lib/kafka/a.h": ('#include <librdkafka/rdkafka.h>', "public header"),
        "lib/kafka/a_internal.h": ('#include <librdkafka/rdkafka.h>', None),
        "lib/iceberg/a.cc": ('#include "lib/kafka/consumer.h"', "must not include lib/kafka"),
        "lib/event/a.cc": ('#include "lib/sqlite/database.h"', "only, not lib/sqlite"),
        "lib/event/b.cc": ('  #  include "lib/rows/batch.h"', None),
        "orchestrator/a.cc": ('#include "jobs/worker/loop.h"', "must not include jobs"),
        "orchestrator/b.cc": ('#include <boost/asio/io_context.hpp>', None),
        "orchestrator/c.cc": ('#include <boost/beast/http.hpp>', None),
        "cli/a_http.cc": ('#include <boost/beast/http.hpp>', "belongs in orchestrator"),
        "jobs/worker/a.cc": ('#include "orchestrator/ledger.h"', "must not include orchestrator"),
        "jobs/worker/b.cc": ('#include <parquet/file_writer.h>', "belongs in lib/parquet"),
        "jobs/sink/iceberg/c.cc": ('#include "lib/parquet/bounds_internal.h"', "is internal to lib/parquet"),
        "jobs/worker/e.cc": ('#include "lib/iceberg/catalog.h"', "must not include lib/iceberg"),
        "jobs/worker/f.cc": ('#include "jobs/sink/iceberg/iceberg_sink.h"', "below it"),
        "jobs/sink/iceberg/a.cc": ('#include "lib/iceberg/catalog.h"\n#include "jobs/worker/sink.h"', None),
        "jobs/sink/postgres/a.cc": ('#include "lib/parquet/a.h"', "must not include lib/parquet"),
        "jobs/sink/postgres/b.cc": ('#include "jobs/sink/iceberg/a.h"', "must not include jobs/sink/iceberg"),
        "jobs/worker/d.cc": ('#include <boost/process/v2.hpp>', "belongs in orchestrator"),
        "cli/a.cc": ('#include <sqlite3.h>', "belongs in lib/sqlite"),
        "cli/long.cc": ("\n" * 401, "split it"),
        "cli/right.cc": ("\n" * 400, None),
        "orchestrator/page/long.js": ("\n" * 401, "split it"),
        "orchestrator/page/uplot/long.js": ("\n" * 401, None),
        "tests/browser/include.mjs": ('#include "lib/kafka/consumer.h"', None),
    }
    wrong = []
    with tempfile.TemporaryDirectory() as root:
        with open(os.path.join(root, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write("set(CDC_ROOMS lib/core lib/sqlite lib/rows lib/contract lib/event lib/kafka\n"
                       "  lib/iceberg lib/parquet jobs/worker jobs/sink/iceberg jobs/sink/postgres orchestrator cli jobs CACHE STRING \"x\")")
        for path, (content, _) in cases.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(content)
        problems = check_tree(root)
        for path, (_, expected) in cases.items():
            found = [p for p in problems if p.startswith(path)]
            if (expected is None and found) or (expected and not any(expected in p for p in found)):
                wrong.append(f"{path}: expected {expected!r}, got {found}")
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        problems = self_test()
    else:
        problems = check_tree(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
