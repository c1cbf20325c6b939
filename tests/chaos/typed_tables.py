"""Random tables of every kind of column, and random transactions over them, as SQL text. No I/O.

What Debezium itself loses without a sign in a mode (docs/types.md) is left out: no pipeline could be right about it.
"""
from pg_types import BY_NAME, KINDS, Kind, q

DECIMAL = ("precise", "string", "double")
TIME = ("adaptive", "adaptive_time_microseconds", "connect", "isostring", "microseconds", "nanoseconds")
BINARY = ("bytes", "base64", "base64-url-safe", "hex")
# Sent as something else, or as null, whatever the mode.
LOST = {"name", "int2vector", "oidvector", "bit(n)[]", "array of several dimensions"}
LARGE = {  # kind -> SQL of a value that is kept out of line; {n}: a number
    "text": "repeat(md5('{n}'), 90)", "varchar": "repeat(md5('{n}'), 9)", "bytea": "decode(repeat(md5('{n}'), 90), 'hex')",
    "jsonb": "json_build_object('k', repeat(md5('{n}'), 90))::jsonb", "json": "json_build_object('k', repeat(md5('{n}'), 90))",
    "xml": "('<a>' || repeat(md5('{n}'), 90) || '</a>')::xml", "hstore": "hstore('k{n}', repeat(md5('{n}'), 90))",
    "integer[]": "array(SELECT {n} + generate_series(1, 900))", "bigint[]": "array(SELECT {n}::bigint + generate_series(1, 500))",
    "text[]": "array(SELECT md5(({n} + i)::text) FROM generate_series(1, 90) i)",
    "numeric(p,s)[]": "array(SELECT ({n} % 1000 + i)::numeric(12,2) FROM generate_series(1, 500) i)",
    "real[]": "array(SELECT ({n} % 1000 + i)::real FROM generate_series(1, 900) i)",
    "boolean[]": "array(SELECT i % 3 = 0 FROM generate_series(1, 3000) i)",
    "uuid[]": "array(SELECT md5(({n} + i)::text)::uuid FROM generate_series(1, 200) i)",
    "timestamp[]": "array(SELECT '2024-01-01'::timestamp + i * interval '1 s' FROM generate_series(1, 400) i)",
    "date[]": "array(SELECT '2024-01-01'::date + i FROM generate_series(1, 900) i)",
}
KEY_KINDS = {
    "integer": lambda r: str(r.randrange(25)), "bigint": lambda r: str(r.randrange(25) * 10**15),
    "text": lambda r: q(r.choice(["", "a", "ü", "O'Neil", "tab\t", "\U0001f600", "x" * 200]) + str(r.randrange(4)))[0],
    "uuid": lambda r: f"'00000000-0000-0000-0000-{r.randrange(25):012d}'",
    "numeric(p,s)": lambda r: f"{r.randrange(25) / 100:.2f}", "varchar": lambda r: q(str(r.randrange(20)))[0],
    "date": lambda r: f"'2024-01-{1 + r.randrange(25):02d}'", "timestamptz": lambda r: f"'2024-01-{1 + r.randrange(25):02d} 00:00:00.5+00'",
    "bytea": lambda r: f"'\\x{r.randrange(25):02x}'", "enum": lambda r: r.choice(["'sad'", "'ok'"]),
}
WIDER = {  # a change of type that a table follows, and those where it is rewritten or Held
    "smallint": ["integer"], "integer": ["bigint"], "real": ["double precision"], "varchar": ["text"],
}
OTHER = {"numeric(p,s)": [("numeric(14,4)", None), ("text", "text")], "integer": [("text", "text"), ("numeric(12,2)", "numeric(p,s)")],
         "text": [("varchar(5000)", "varchar")], "date": [("timestamp", "timestamp")]}


class Modes:
    """One connector's settings."""

    def __init__(self, r):
        self.decimal, self.time, self.binary = r.choice(DECIMAL), r.choice(TIME), r.choice(BINARY)
        self.interval, self.hstore = r.choice(["numeric", "string"]), r.choice(["json", "map"])
        self.schemas_on = r.random() < 0.6
        self.placeholder = r.choice(["__debezium_unavailable_value"] * 2 + ["~absent~", "unavailable"])

    def settings(self):
        return {"decimal.handling.mode": self.decimal, "time.precision.mode": self.time, "binary.handling.mode": self.binary,
                "interval.handling.mode": self.interval, "hstore.handling.mode": self.hstore,
                "unavailable.value.placeholder": self.placeholder}

    def source_lines(self):
        return (f'decimal_handling = "{self.decimal}"\ntime_precision = "{self.time}"\nbinary_handling = "{self.binary}"\n'
                f'unavailable_placeholder = "{self.placeholder}"\n')

    def __str__(self):
        return (f"decimal={self.decimal} time={self.time} binary={self.binary} interval={self.interval} hstore={self.hstore} "
                f"schemas={'on' if self.schemas_on else 'off'} placeholder={self.placeholder}")

    def kinds(self):
        return [k for k in KINDS if k.sent and k.name not in LOST and self.values(k)]

    def values(self, kind):
        """The SQL values of a kind that Debezium tells in this mode."""
        return [v for v in kind.values if not self._loses(kind, v)]

    def _loses(self, kind, value):
        base = kind.name.split("[")[0].split(",")[0].split("(")[0].replace("domain over ", "")
        if base in ("numeric", "money"):
            digits = sum(c.isdigit() for c in value)
            return self.decimal == "precise" and any(w in value for w in ("NaN", "Inf")) or self.decimal == "double" and digits > 15
        if kind.name == "interval":
            return "178000000" in value
        if kind.name == "enum[]":
            return "NULL" in value
        if kind.name == "time[]":
            return "789012" in value
        if base == "time" and self.time == "isostring" and "24:00" in value:
            return True
        if base in ("time", "timestamp") and self.time == "connect":
            return any(part in value for part in ("999999", "789012"))
        if base == "timestamp" and self.time == "nanoseconds":
            return not any(year in value for year in ("1970", "2024", "1969", "infinity", "{}"))
        return False


def declared(kind, modes):
    """The word that `columns` needs for a kind; with a schema in the events, "" for most."""
    if modes.schemas_on and not (modes.binary != "bytes" and kind.name in ("bytea", "bytea[]")):
        return ""
    ddl = kind.ddl.replace("mood", "text").replace("positive", "integer").replace("short_text", "text").replace("price", "numeric(8,2)")
    base = kind.name.removesuffix("[]")
    if kind.name in ("domain over an array", '"char"'):
        return "text[]" if "array" in kind.name else "text"
    if base == "interval":
        return "bigint" if modes.interval == "numeric" else "text"
    if base in ("point", "line", "lseg", "box", "path", "polygon", "circle", "isbn", "cube"):
        return "text"
    if modes.decimal == "string" and base in ("numeric, scale < 0", "numeric, precision > 38") or base == "numeric" and modes.decimal != "double":
        return "text"
    if modes.decimal == "double" and (base.startswith("numeric") or base in ("money", "domain over numeric")):
        return "double precision" + ("[]" if kind.name.endswith("[]") else "")
    return ddl


KEYS = ("pk", "pk", "pk", "pair", "deferrable", "index", "none", "none", "partitioned")


class Table:
    """One table's definition and its random statements."""

    def __init__(self, r, name, modes, keys=KEYS):
        self.name, self.modes, self.r = name, modes, r
        self.kind_of_key = r.choice(keys)
        names = list(KEY_KINDS)
        if self.kind_of_key in ("deferrable", "partitioned", "none"):
            names = ["integer", "bigint"]
        count = 2 if self.kind_of_key == "pair" else 1
        self.key = [(f"k{i}", BY_NAME[r.choice(names)]) for i in range(count)]
        if self.kind_of_key == "pair":
            self.key = self.key[:1] + [("Pos", BY_NAME["integer"])]
        kinds = modes.kinds()
        large = [k for k in kinds if k.name in LARGE]
        self.columns = {f"c{i}": k for i, k in enumerate(r.sample(kinds, r.randint(1, 7)) + r.sample(large, r.randint(0, 2)))}
        self.full = self.kind_of_key in ("deferrable", "none") or r.random() < 0.3
        self.altered = set()    # columns whose type changed so that the table may be Held
        self.renamed = set()    # columns that have old rows' values under another name
        self.added = 0

    def ddl(self):
        parts = [f'"{n}" {k.ddl} NOT NULL' for n, k in self.key] + [f'"{n}" {k.ddl}' for n, k in self.columns.items()]
        key = ", ".join(f'"{n}"' for n, _ in self.key)
        if self.kind_of_key in ("pk", "pair", "deferrable", "partitioned"):
            parts.append(f"PRIMARY KEY ({key})" + (" DEFERRABLE INITIALLY IMMEDIATE" if self.kind_of_key == "deferrable" else ""))
        text = f"CREATE TABLE {self.name} ({', '.join(parts)})"
        tables = [self.name]
        if self.kind_of_key == "partitioned":
            column = f'"{self.key[0][0]}"'
            step = 10**15 if self.key[0][1].name == "bigint" else 1
            tables = [f"{self.name}_p1", f"{self.name}_p2"]
            text += (f" PARTITION BY RANGE ({column}); CREATE TABLE {tables[0]} PARTITION OF {self.name} FOR VALUES FROM (MINVALUE) "
                     f"TO ({12 * step}); CREATE TABLE {tables[1]} PARTITION OF {self.name} FOR VALUES FROM ({12 * step}) TO (MAXVALUE)")
        text += ";"
        for name, kind in self.columns.items():
            if kind.name in LARGE:
                text += f' ALTER TABLE {self.name} ALTER "{name}" SET STORAGE EXTERNAL;'
        if self.kind_of_key == "index":
            text += f" CREATE UNIQUE INDEX {self.name}_u ON {self.name} ({key});"
        for table in tables:
            if self.kind_of_key == "index":
                text += f" ALTER TABLE {table} REPLICA IDENTITY USING INDEX {self.name}_u;"
            elif self.full:
                text += f" ALTER TABLE {table} REPLICA IDENTITY FULL;"
        return text

    def describe(self):
        return f"{self.name} ({self.kind_of_key}{', FULL' if self.full else ''}): " + ", ".join(
            f"{n} {k.name}" for n, k in list(self.key) + list(self.columns.items()))

    # ---- changes ---------------------------------------------------------------------------------------------
    def value(self, kind):
        r = self.r
        if r.random() < 0.15:
            return "NULL"
        if kind.name in LARGE and r.random() < 0.5:
            return f"CAST({LARGE[kind.name].format(n=r.randrange(10**6))} AS {kind.ddl})"
        values = self.modes.values(kind)
        return f"CAST({r.choice(values)} AS {kind.ddl})" if values else "NULL"

    def where(self):
        column, kind = self.key[0]
        return f'"{column}" = CAST({KEY_KINDS[kind.name](self.r)} AS {kind.ddl})'

    def statement(self):
        at = self.r.random()
        if at < 0.40:
            return self.insert(self.r.randint(1, 4))
        if at < 0.66:
            chosen = self.r.sample(sorted(self.columns), self.r.randint(1, min(3, len(self.columns))))
            return f"UPDATE {self.name} SET " + ", ".join(f'"{c}" = {self.value(self.columns[c])}' for c in chosen) + f" WHERE {self.where()};"
        if at < 0.76:
            return f"DELETE FROM {self.name} WHERE {self.where()};"
        if at < 0.90:
            return self.move()
        if at < 0.92:
            return f"TRUNCATE {self.name};"
        if at < 0.95 and self.kind_of_key == "none":  # equal rows
            return f"INSERT INTO {self.name} SELECT * FROM {self.name} WHERE {self.where()} LIMIT 1;"
        return self.insert(8)

    def insert(self, rows):
        columns = list(self.key) + list(self.columns.items())
        values = ", ".join("(" + ", ".join([f"CAST({KEY_KINDS[k.name](self.r)} AS {k.ddl})" for _, k in self.key] +
                                           [self.value(k) for k in self.columns.values()]) + ")" for _ in range(rows))
        conflict = "" if self.kind_of_key in ("none", "deferrable") else " ON CONFLICT DO NOTHING"
        return f"INSERT INTO {self.name} ({', '.join(chr(34) + n + chr(34) for n, _ in columns)}) VALUES {values}{conflict};"

    def move(self):
        """Keys move: one row, or, where the key allows it, all of them at once or two against each other."""
        column, kind = self.key[0]
        if kind.name in ("integer", "bigint") and self.kind_of_key in ("deferrable", "none"):
            step = 10**15 if kind.name == "bigint" else 1
            a, b = (self.r.randrange(25) * step for _ in range(2))
            return self.r.choice([
                f'UPDATE {self.name} SET "{column}" = "{column}" + {step};', f'UPDATE {self.name} SET "{column}" = "{column}" - {step};',
                f'UPDATE {self.name} SET "{column}" = CASE "{column}" WHEN {a} THEN {b} ELSE {a} END WHERE "{column}" IN ({a}, {b});'])
        return f'UPDATE {self.name} SET "{column}" = CAST({KEY_KINDS[kind.name](self.r)} AS {kind.ddl}) WHERE {self.where()};'

    def alter(self):
        """-> (SQL, what it means here once it has succeeded)"""
        choice = self.r.choice(["add", "drop", "widen", "other", "rename"])
        name = self.r.choice(sorted(self.columns))
        kind = self.columns[name]
        self.added += 1
        if choice == "drop" and len(self.columns) > 1:
            return f'ALTER TABLE {self.name} DROP "{name}";', lambda: self.columns.pop(name)
        if choice == "rename":
            return f'ALTER TABLE {self.name} RENAME "{name}" TO "renamed{self.added}";', lambda: self._rename(name, f"renamed{self.added}")
        if choice == "widen" and kind.name in WIDER:
            new = BY_NAME[self.r.choice(WIDER[kind.name])]
            return f'ALTER TABLE {self.name} ALTER "{name}" TYPE {new.ddl};', lambda: self.columns.update({name: new})
        if choice == "other" and kind.name in OTHER:
            ddl, other = self.r.choice(OTHER[kind.name])
            new = BY_NAME[other] if other else Kind(kind.name, ddl, kind.values, kind.setting)
            return (f'ALTER TABLE {self.name} ALTER "{name}" TYPE {ddl} USING "{name}"::{ddl};',
                    lambda: (self.columns.update({name: new}), self.altered.add(name)))
        new = self.r.choice(self.modes.kinds())
        return f'ALTER TABLE {self.name} ADD "added{self.added}" {new.ddl};', lambda: self.columns.update({f"added{self.added}": new})

    def _rename(self, name, new):
        self.columns[new] = self.columns.pop(name)
        self.renamed.add(new)


def transaction(r, tables):
    """One transaction over one or two tables. A statement that fails (a key that is taken) is undone alone."""
    lines = ["BEGIN;"]
    for table in r.sample(tables, min(len(tables), r.randint(1, 2))):
        lines += [table.statement() for _ in range(r.choice([1, 1, 2, 4]))]
    return lines + [r.choices(["COMMIT;", "ROLLBACK;"], [9, 1])[0]]
