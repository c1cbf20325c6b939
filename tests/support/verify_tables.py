#!/usr/bin/env python3
"""Compares Iceberg tables, every row and every column, with what the source's tables held.

Each table is read by pyiceberg and by DuckDB, independently, and compared as a multiset of rows with its CSV (as COPY
writes it) in the expected folder. exceptions.json beside that folder lists what cannot match (tests/data/README.md).

  verify_tables.py --catalog data/catalog.db --name iceberg_catalog --namespace university \\
      --expected tests/data/expected/final [--tables faculty,students] [--reader duckdb]

Exit 0: everything matches; 1: something does not, with the difference on stdout; 2: bad usage.
"""
import argparse
import collections
import json
import os
import re
import sys

from pyiceberg.exceptions import NoSuchTableError

from lake_readers import OPTIONAL_READERS, READERS, column_types, open_catalog
from pg_text import comparable, read_csv

METADATA_COLUMNS = {"ingestion_time"}
ANY = "(any value)"
SHOWN = 5


class Expected:
    """One table's CSV, made comparable in the types of the table, with its exceptions applied."""

    def __init__(self, path, types, rules):
        names, rows = read_csv(path)
        ignored = set(rules.get("ignore_columns", {}))
        self.columns = [n for n in names if n not in ignored]
        self.problems = [f"column {n} of the source is not in the table" for n in self.columns if n not in types]
        stays_in = [s["stays_in"] for s in rules.get("stale", []) if "stays_in" in s]
        self.columns += [c for c in stays_in if c in types]
        kinds = rules.get("kinds", {})
        self.rows = []
        self.optional = []
        if self.problems:
            return
        for row in rows:
            text = dict(zip(names, row))
            _apply_stale(text, rules)
            wanted = {c: comparable(text.get(c), types[c], kinds.get(c))
                      if not isinstance(text.get(c), Wildcard) else text[c]
                      for c in self.columns if not _untyped(text, c, rules)}
            wanted = {c: wanted.get(c, Wildcard(True)) for c in self.columns}
            for rule in rules.get("any_value", []):
                if _matches(text, rule["where"]):
                    wanted[rule["column"]] = Wildcard(False)
            target = self.optional if _optional(text, rules) else self.rows
            target.append(wanted)


class Wildcard:
    """Equal to every value; `null_too`: also to NULL."""

    def __init__(self, null_too):
        self.null_too = null_too

    def __repr__(self):
        return ANY


def _matches(text, where):
    return all(text.get(column) in values for column, values in where.items())


def _optional(text, rules):
    return any(_matches(text, rule["where"]) for rule in rules.get("optional_rows", []))


def _untyped(text, column, rules):
    """A row that may be absent may also hold what the column's type cannot: only its key is looked at."""
    keys = {c for rule in rules.get("optional_rows", []) for c in rule["where"]}
    return _optional(text, rules) and column not in keys


def _apply_stale(text, rules):
    for rule in rules.get("stale", []):
        sent = _matches(text, rule["sent_for"])
        if "stays_in" in rule:
            text[rule["stays_in"]] = Wildcard(True) if sent else text[rule["column"]]
        if not sent:
            text[rule["column"]] = None


def _same(wanted, got):
    return got is not None or wanted.null_too if isinstance(wanted, Wildcard) else wanted == got


def _row_matches(wanted, got, columns):
    return all(_same(wanted[c], got[c]) for c in columns)


def compare(expected, got_columns):
    """-> list of lines that say what differs; empty when nothing does."""
    columns = expected.columns
    count = len(next(iter(got_columns.values()))) if got_columns else 0
    left = [{c: got_columns[c][i] for c in columns} for i in range(count)]
    exact = collections.defaultdict(list)
    for row in left:
        exact[tuple(row[c] for c in columns)].append(row)
    missing, fuzzy = [], []
    used = set()

    def take(row):
        used.add(id(row))

    for wanted in expected.rows:
        if any(isinstance(v, Wildcard) for v in wanted.values()):
            fuzzy.append(wanted)
            continue
        rows = exact.get(tuple(wanted[c] for c in columns))
        if rows:
            take(rows.pop())
        else:
            missing.append(wanted)
    for wanted in fuzzy + expected.optional:
        match = next((r for r in left if id(r) not in used and _row_matches(wanted, r, columns)), None)
        if match is not None:
            take(match)
        elif not any(wanted is o for o in expected.optional):
            missing.append(wanted)
    extra = [row for row in left if id(row) not in used]
    return _explain(missing, extra, columns)


def _explain(missing, extra, columns):
    lines = []
    extra = list(extra)
    for wanted in missing[:SHOWN]:
        near = next((r for r in extra if _same(wanted[columns[0]], r[columns[0]])), None)
        if near is None:
            lines.append(f"missing row {_short(wanted)}")
            continue
        extra.remove(near)
        for c in columns:
            if not _same(wanted[c], near[c]):
                lines.append(f"row with {columns[0]} = {wanted[columns[0]]!r}: column {c} is {near[c]!r}, "
                             f"the source has {wanted[c]!r}"[:600])
    lines += [f"unexpected row {_short(row)}" for row in extra[:SHOWN]]
    if len(missing) > SHOWN or len(extra) > SHOWN:
        lines.append(f"... {len(missing)} expected rows without a match, {len(extra)} more rows that nothing explains")
    return lines


def _short(row):
    return str({k: v for k, v in row.items()})[:400]


def table_of(csv_name):
    """public.faculty.csv -> faculty"""
    return csv_name[:-len(".csv")].split(".", 1)[1]


def in_topic(name):
    """What a topic's name keeps of a table's name: "grade$book" -> grade_book."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def load_table(catalog, namespace, name):
    """The table `name`; else the only one whose topic has that name: CSVs are named as topics, tables as at the source."""
    same = [t for (_, t) in catalog.list_tables(namespace) if in_topic(t) == in_topic(name)]
    return catalog.load_table((namespace, name if name in same or len(same) != 1 else same[0]))


def verify_table(catalog, args, name, path, rules):
    """-> (rows read, problems as lines)"""
    try:
        table = load_table(catalog, args.namespace, name)
    except NoSuchTableError as error:
        # The first row makes the table; until then there is nothing to read.
        return 0, [] if len(read_csv(path)[1]) == 0 else [f"is not in the catalog: {error}"]
    except Exception as error:  # pylint: disable=broad-except
        return 0, [f"cannot be loaded from the catalog: {error}"]
    types = column_types(table)
    try:
        expected = Expected(path, types, rules)
    except ValueError as error:
        return 0, [f"the table's column types cannot hold the source's values: {error}"]
    problems = list(expected.problems)
    allowed = set(expected.columns) | METADATA_COLUMNS | set(rules.get("ignore_columns", {})) | \
        set(rules.get("extra_columns", []))
    problems += [f"column {c} is not one of the source's" for c in types if c not in allowed]
    rows = 0
    if expected.problems:
        return rows, problems
    for reader in args.reader.split(","):
        try:
            got = (READERS | OPTIONAL_READERS)[reader](table, rules.get("kinds", {}))
        except Exception as error:  # pylint: disable=broad-except
            problems.append(f"{reader}: cannot read: {type(error).__name__}: {error}")
            continue
        rows = len(next(iter(got.values()))) if got else 0
        problems += [f"{reader}: {line}" for line in compare(expected, got)]
    return rows, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalog", required=True, help="SQLite file (or sqlite:/// URI) of the catalog, or http://… of a REST catalog; s3:// by AWS_* environment")
    parser.add_argument("--name", default="iceberg_catalog", help="catalog_name in it; REST: warehouse")
    parser.add_argument("--namespace", default="university")
    parser.add_argument("--expected", required=True, help="folder of <schema>.<table>.csv")
    parser.add_argument("--exceptions", help="default: exceptions.json beside the expected folder")
    parser.add_argument("--tables", help="comma-separated; default: every CSV of the folder")
    parser.add_argument("--reader", default=",".join(READERS), help="comma-separated: pyiceberg, duckdb, spark, trino")
    args = parser.parse_args()
    exceptions = args.exceptions or os.path.join(os.path.dirname(os.path.abspath(args.expected)), "exceptions.json")
    with open(exceptions, encoding="utf-8") as file:
        rules = json.load(file)
    files = {table_of(f): os.path.join(args.expected, f) for f in sorted(os.listdir(args.expected)) if f.endswith(".csv")}
    wanted = args.tables.split(",") if args.tables else list(files)
    unknown = [t for t in wanted if t not in files]
    if unknown:
        parser.error(f"no expected rows for {', '.join(unknown)} in {args.expected}")
    catalog = open_catalog(args.catalog, args.name)
    failed = 0
    for name in wanted:
        if "left_out" in rules.get(name, {}):
            print(f"skip {name}: {rules[name]['left_out']}")
            continue
        rows, problems = verify_table(catalog, args, name, files[name], rules.get(name, {}))
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {name}: {rows} rows" + (f" ({args.reader})" if not problems else ""))
        for line in problems:
            print(f"       {line}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
