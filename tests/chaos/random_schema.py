"""A random PostgreSQL schema and random transactions over it, as SQL text. No I/O: tests/chaos/random_workload.py runs it.

Left out on purpose, because Debezium itself loses them: intervals of months, NaN in numerics, infinite and BC dates.
"""
import datetime as dt
import json
import random
import uuid

WORDS = ["", "a", "O'Neil", "naïve", "李小龍", "tab\there", "line\nbreak", 'quote"', "back\\slash", "😀 emoji", "NULL", "x" * 40]


def literal(text):
    return "'" + text.replace("'", "''") + "'" if "\\" not in text else "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def name(text):
    return '"' + text.replace('"', '""') + '"'


def some_text(r, longest=60):
    return (r.choice(WORDS) + str(r.randrange(1 << 30)) * r.randrange(3))[:longest]


def moment(r, digits):
    at = dt.datetime(1900, 1, 1) + dt.timedelta(seconds=r.randrange(8_000_000_000), microseconds=r.randrange(1_000_000))
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")[:20 + digits] if digits else at.strftime("%Y-%m-%d %H:%M:%S")


def number(r, precision, scale):
    digits = r.randrange(10 ** r.randint(1, precision))
    text = str(digits).rjust(scale + 1, "0")
    return ("-" if r.random() < 0.4 else "") + (text[:-scale] + "." + text[-scale:] if scale else text)


# PostgreSQL type -> how a text column of the lake is compared (tests/support/pg_text.py); see VALUES for values.
KINDS = {"json": "json", "jsonb": "json", "char(5)": "char", "timetz": "timetz"}
VALUES = {
    "smallint": lambda r: str(r.randrange(-32768, 32768)),
    "integer": lambda r: str(r.randrange(-2**31, 2**31)),
    "bigint": lambda r: str(r.randrange(-2**62, 2**62)),
    "numeric(12,2)": lambda r: number(r, 12, 2),
    "numeric(38,10)": lambda r: number(r, 38, 10),
    "numeric(5)": lambda r: number(r, 5, 0),
    "real": lambda r: r.choice(["'NaN'", "'-Infinity'", "0", "'-0'", repr(r.uniform(-1e6, 1e6))]),
    "double precision": lambda r: r.choice(["'NaN'", "'Infinity'", "1e-300", repr(r.gauss(0, 1e9))]),
    "boolean": lambda r: r.choice(["true", "false"]),
    "text": lambda r: literal(some_text(r)),
    "varchar(30)": lambda r: literal(some_text(r, 30)),
    "char(5)": lambda r: literal(r.choice(["", "ab", "abcde", "é"])),
    "bytea": lambda r: f"'\\x{r.randbytes(r.randrange(20)).hex()}'",
    "date": lambda r: literal(moment(r, 0)[:10]),
    "time": lambda r: literal(moment(r, 6)[11:]),
    "timestamp": lambda r: literal(moment(r, 6)),
    "timestamp(3)": lambda r: literal(moment(r, 3)),
    "timestamptz": lambda r: literal(moment(r, 6) + r.choice(["Z", "+07", "-03:30"])),
    "uuid": lambda r: literal(str(uuid.UUID(int=r.getrandbits(128)))),
    "json": lambda r: literal(json.dumps({"k": r.randrange(100), "t": r.choice(WORDS[:5])})),
    "jsonb": lambda r: literal(json.dumps([r.randrange(9), None, {"ü": "ß"}])),
    "integer[]": lambda r: "'{" + ",".join(r.choice([str(r.randrange(99)), "NULL"]) for _ in range(r.randrange(4))) + "}'",
    "text[]": lambda r: "ARRAY[" + ",".join(literal(some_text(r, 12)) for _ in range(r.randrange(3))) + "]::text[]",
    # Kept out of line: an update that leaves it alone does not send it.
    "big": lambda r: f"repeat({literal(chr(97 + r.randrange(26)) + str(r.randrange(1 << 30)))}, {r.randrange(1, 1200)})",
}
KEYS = [["integer"], ["bigint"], ["text"], ["uuid"], ["integer", "varchar(30)"], ["timestamptz", "integer"], ["numeric(12,2)"]]
SMALL_KEYS = {
    "integer": lambda r: str(r.randrange(300)), "bigint": lambda r: str(r.randrange(300) * 10**12),
    "text": lambda r: literal(r.choice(WORDS) + str(r.randrange(60))), "uuid": lambda r: literal(str(uuid.UUID(int=r.randrange(300)))),
    "varchar(30)": lambda r: literal(r.choice(WORDS)[:30]), "numeric(12,2)": lambda r: f"{r.randrange(300) / 100:.2f}",
    "timestamptz": lambda r: f"'2024-01-0{1 + r.randrange(9)} 00:00:00Z'",
}


class Table:
    """One table's definition and its random statements."""

    def __init__(self, r, index, without):
        self.name = r.choice(["t{0}", "Mixed{0}", "under_score_{0}", "with space {0}", "tablo_ş{0}", "dash-{0}"]).format(f"{index:02}")
        self.key = [(f"k{i}", kind) for i, kind in enumerate(r.choice(KEYS))]
        kinds = [k for k in VALUES if k not in without]
        self.columns = [(r.choice(["c{0}", "C{0}", "col {0}", "ş{0}"]).format(i), r.choice(kinds)) for i in range(r.randint(1, 15))]
        self.full = r.random() < 0.25
        self.added = 0

    def ddl(self, r):
        parts = [f"{name(c)} {kind}" for c, kind in self.key]
        for column, kind in self.columns:
            default = f" DEFAULT {VALUES[kind](r)}" if r.random() < 0.2 else ""
            parts.append(f"{name(column)} {_type(kind)}{default}")
        text = f"CREATE TABLE {name(self.name)} ({', '.join(parts)}, PRIMARY KEY ({', '.join(name(c) for c, _ in self.key)}));"
        for column, kind in self.columns:
            if kind == "big":
                text += f" ALTER TABLE {name(self.name)} ALTER {name(column)} SET STORAGE EXTERNAL;"
        return text + (f" ALTER TABLE {name(self.name)} REPLICA IDENTITY FULL;" if self.full else "")

    def kinds(self):
        return {column: KINDS[kind] for column, kind in self.columns if kind in KINDS}

    def statement(self, r):
        kind = r.random()
        if kind < 0.35:
            return self._insert(r)
        if kind < 0.65:
            changed = r.sample(self.columns, r.randint(1, len(self.columns)))
            return f"UPDATE {name(self.name)} SET {self._assignments(r, changed)} WHERE {self._where(r)};"
        if kind < 0.80:
            return f"DELETE FROM {name(self.name)} WHERE {self._where(r)};"
        if kind < 0.92:  # a new key; taken already: the transaction fails, which is a rollback more
            return f"UPDATE {name(self.name)} SET {self._assignments(r, self.key, SMALL_KEYS)} WHERE {self._where(r)};"
        if kind < 0.923:
            return f"TRUNCATE {name(self.name)};"
        if kind < 0.926 and self.added < 3:
            self.added += 1
            column, kind = f"added{self.added}", r.choice(["integer", "text", "numeric(12,2)"])
            self.columns.append((column, kind))
            return f"ALTER TABLE {name(self.name)} ADD {name(column)} {kind};"
        return self._insert(r, r.randint(20, 60))

    def _insert(self, r, rows=0):
        columns = self.key + [c for c in self.columns if r.random() < 0.8]
        values = ", ".join("(" + ", ".join([SMALL_KEYS[kind](r) for _, kind in self.key] +
                                           [_value(r, kind) for _, kind in columns[len(self.key):]]) + ")"
                           for _ in range(rows or r.randint(1, 4)))
        return (f"INSERT INTO {name(self.name)} ({', '.join(name(c) for c, _ in columns)}) VALUES {values} "
                f"ON CONFLICT DO NOTHING;")

    def _assignments(self, r, columns, values=None):
        return ", ".join(f"{name(c)} = " + (values[kind](r) if values else _value(r, kind)) for c, kind in columns)

    def _where(self, r):
        """One key, or with the first column of several a handful."""
        column, kind = self.key[0]
        return f"{name(column)} = {SMALL_KEYS[kind](r)}"


def _type(kind):
    return "text" if kind == "big" else kind


def _value(r, kind):
    return "NULL" if r.random() < 0.15 else VALUES[kind](r)


def transaction(r, tables):
    """One transaction over one to four tables: committed, rolled back, or rolled back in part."""
    lines = ["BEGIN;"]
    for table in r.sample(tables, r.randint(1, min(4, len(tables)))):
        if r.random() < 0.1:
            lines += ["SAVEPOINT s;", table.statement(r), "ROLLBACK TO s;"]
        lines += [table.statement(r) for _ in range(r.choice([1, 1, 2, 5]))]
    return lines + [r.choices(["COMMIT;", "ROLLBACK;"], [9, 1])[0]]


def make_tables(seed, count, without=()):
    r = random.Random(seed)
    tables = [Table(r, i, set(without)) for i in range(count)]
    return tables, [t.ddl(r) for t in tables]
