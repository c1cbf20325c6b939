#!/usr/bin/env python3
"""Each row of docs/types.md holds: the captured events of its kind and setting are played, the table is what the row says.

  types_test.py --bin build/release/bin [--part I/N] [-k TEXT]

The table's cells, in their order: kind · the connector's settings that matter · Iceberg type · `columns` line (with "Held":
without it the table is Held, and its reason proposes that line) · what to declare without a schema (→ the type it has then,
if it is another) · the type it has undeclared · values that are not kept: `PostgreSQL's text` → what becomes of it.
Everything else of the capture is kept exactly.
"""
import argparse
import pathlib
import re
import shutil
import sys
import tempfile

import types_survey
from pg_types import BY_NAME, KINDS
from pipeline_run import Failed, embedded_broker
from types_survey import covers, load, run, settings_of

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "types.md"
NAMES = sorted(p.name.removesuffix(".json.gz") for p in types_survey.CAPTURES.glob("*.json.gz"))
LOSS = re.compile(r"`([^`]*)`(?: \((snapshot|stream)\))? → ([^;]+)")


class Row:
    """One row of the document."""

    def __init__(self, cells):
        self.kind, settings, self.iceberg, columns, plain, self.undeclared, losses = cells[:7]
        self.settings = settings.split(", ")
        words = lambda cell: re.sub(r"^Held|`", "", cell).strip()
        plain, _, other = plain.partition(" → ")
        self.held, self.line, self.plain_line = columns.startswith("Held"), words(columns), words(plain)
        self.plain_iceberg = other or self.iceberg
        self.losses = {}
        for text, half, what in LOSS.findall(losses):
            for at in (half,) if half else ("snapshot", "stream"):
                self.losses[text.replace("¦", "|"), at] = what.strip()

    @property
    def sent(self):
        return self.iceberg != "never sent"


def rows_of_document():
    rows = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
        if line.startswith("| ") and len(cells) == 7 and cells[0] in BY_NAME:
            row = Row(cells)
            for setting in row.settings:
                if (row.kind, setting) in rows:
                    raise Failed(f"docs/types.md has two rows of {row.kind} {setting}")
                rows[row.kind, setting] = row
    return rows


def lines_for(capture, rows, plain):
    """The `columns` lines that the document gives for each column of a capture."""
    lines = {}
    for column, name in capture["kinds"].items():
        kind = BY_NAME[name]
        mode = dict(capture, name="default_x") if not covers(capture, kind) else capture
        row = rows.get((name, settings_of(mode, kind)))
        word = row and (row.plain_line if plain else row.line)
        if word:
            lines[column] = word
    return lines


def expect(problems, what, wanted, got):
    if wanted != got:
        problems.append(f"{what}: the document says {wanted!r}, it is {got!r}")


def check(capture, rows, play):
    """-> lines that say where document and programs differ"""
    plain, problems = capture["name"].endswith("_plain"), []
    first = play("1", {})
    second = play("2", lines_for(capture, rows, plain))
    for name, found in second.items():
        row = rows.get((name, settings_of(capture, BY_NAME[name])))
        what = f"{capture['name']}: {name}"
        if row is None:
            problems.append(f"{what}: the document has no row of it with {settings_of(capture, BY_NAME[name])!r}")
            continue
        expect(problems, f"{what}: sent", row.sent, found.sent)
        if not row.sent or not found.sent:
            continue
        if plain:
            if any(f.iceberg for f in first.values()):  # else Held: types that nothing tells
                expect(problems, f"{what}, undeclared", row.undeclared, first[name].iceberg or "no column yet")
        else:
            expect(problems, f"{what}, proposed while Held", row.line if row.held else "", first[name].held)
        expect(problems, f"{what}, Iceberg type", row.plain_iceberg if plain else row.iceberg, found.iceberg)
        for place in sorted(set(row.losses) | set(found.lost)):
            expect(problems, f"{what}, {place[0]} ({place[1]})", row.losses.get(place, "kept"), found.lost.get(place, "kept"))
    return problems


def check_coverage(rows):
    problems = []
    seen = set()
    for name in NAMES:
        capture = load(name)
        seen |= {(kind, settings_of(capture, BY_NAME[kind])) for kind in capture["kinds"].values() if covers(capture, BY_NAME[kind])}
    problems += [f"docs/types.md: no capture tells of {kind} {setting!r}" for kind, setting in rows if (kind, setting) not in seen]
    problems += [f"docs/types.md has no row of {kind.name}" for kind in KINDS if kind.name not in {name for name, _ in rows}]
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--part", default="1/1")
    parser.add_argument("-k", default="", help="only captures whose name contains it")
    args = parser.parse_args()
    from lake_readers import duckdb_connection  # pylint: disable=import-outside-toplevel
    part, parts = (int(n) for n in args.part.split("/"))
    rows, connection = rows_of_document(), duckdb_connection()
    problems = check_coverage(rows)
    home = pathlib.Path(tempfile.mkdtemp(prefix="cdc-types-"))
    try:
        with embedded_broker(args.bin, home / "broker.log") as servers:
            for name in [n for i, n in enumerate(NAMES) if i % parts == part - 1 and args.k in n]:
                capture = load(name)

                def play(half, lines, capture=capture):
                    return run(args.bin, servers, capture, home / f"{capture['name']}{half}", connection, lines)
                try:
                    found = check(capture, rows, play)
                except Failed as error:
                    found = [str(error)]
                print(f"{'FAIL' if found else 'ok  '} {name}", flush=True)
                problems += found
    except Failed as error:
        problems.append(str(error))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print("\n".join(problems) or f"{len(rows)} rows of docs/types.md hold")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
