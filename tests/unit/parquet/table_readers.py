"""Readers of one Iceberg table for judge_tables.py. Each gives raw values (expected_file.py) and counts rows by a predicate."""
import base64
import struct
import uuid
from decimal import Decimal

import readers_of_files as files
from readers_of_files import WIDE, python_value, raw_values

DAY = 86_400_000_000
INF = float("inf")
FIRST_DAY, LAST_DAY = -719_162, 2_932_896  # of Python's dates: 0001-01-01 to 9999-12-31


def float_bits(column, value):
    wide = column.kind == "double"
    return struct.unpack("<Q" if wide else "<I", struct.pack("<d" if wide else "<f", value))[0]


def only_ordinary_dates(column):
    """Whether all of a column's days and times are ones that texts of four-digit years tell."""
    unit = {"date": 1, "timestamp": DAY, "timestamptz": DAY}.get(column.kind)
    if unit is None:
        return True
    values = [v for row in column.values for v in (row if isinstance(row, list) else [row]) if v is not None]
    return all(FIRST_DAY * unit <= v < (LAST_DAY + 1) * unit for v in values)


def quoted(column):
    return f'"{column.name}"'


class PyIceberg:
    def __init__(self, table, _):
        self.table = table

    @staticmethod
    def start(_, __):
        return None

    def can_read(self, column):
        return True

    def read(self, columns):
        arrow = self.table.scan().to_arrow()
        return [raw_values(arrow.column(c.name), c) for c in columns]

    def literal(self, column, raw):
        value = python_value(column, raw)
        # It takes an infinity to be beyond every float.
        no_literal = isinstance(value, (uuid.UUID, bytes)) or column.kind in ("time", "decimal")
        return None if no_literal or value in (INF, -INF) else value

    def count(self, column, operator, literal):
        from pyiceberg.expressions import EqualTo, GreaterThanOrEqual, IsNull, LessThan
        if operator == "IS NULL":
            expression = IsNull(column.name)
        else:
            if hasattr(literal, "isoformat"):
                literal = literal.isoformat()
            expression = {"=": EqualTo, "<": LessThan, ">=": GreaterThanOrEqual}[operator](column.name, literal)
        return len(self.table.scan(row_filter=expression, selected_fields=(column.name,)).to_arrow())


class DuckDB:
    def __init__(self, table, con):
        self.con, self.source = con, f"iceberg_scan('{table.metadata_location.removeprefix('file://')}')"

    @staticmethod
    def start(_, __):
        from lake_readers import duckdb_connection
        return duckdb_connection()

    def can_read(self, column):
        return True

    def read(self, columns):
        arrow = self.con.execute(f"SELECT * FROM {self.source}").to_arrow_table()
        return [raw_values(arrow.column(c.name), c) for c in columns]

    def literal(self, column, raw):
        return python_value(column, raw)

    def count(self, column, operator, literal):
        sql = f"SELECT count(*) FROM {self.source} WHERE {quoted(column)} {operator}"
        if operator == "IS NULL":
            return self.con.execute(sql).fetchone()[0]
        return self.con.execute(f"{sql} CAST(? AS {files.duckdb_type(column)})", [literal]).fetchone()[0]


class Spark:
    def __init__(self, table, session):
        self.frame = session.read.format("iceberg").load(table.metadata_location.removeprefix("file://"))

    @staticmethod
    def start(_, __):
        from spark_reader import session
        return session("")

    def can_read(self, column):
        return True

    def read(self, columns):
        from pyspark.sql import functions as F
        from spark_reader import _as_numbers
        types = {f.name: f.dataType for f in self.frame.schema.fields}
        selected = self.frame.select(*[_as_numbers(F.col(f"`{c.name}`"), types[c.name]).alias(c.name) for c in columns])
        rows = selected.collect()
        return [[self._raw(row[i], c) for row in rows] for i, c in enumerate(columns)]

    def _raw(self, value, column):
        if value is None:
            return None
        if isinstance(value, list):
            return [self._raw(v, column) for v in value]
        if column.kind in ("float", "double"):
            return float_bits(column, value)
        if column.kind == "decimal":
            return int(value.scaleb(column.scale, WIDE))
        if column.kind == "uuid":
            return uuid.UUID(value).bytes
        return value.encode() if column.kind == "string" else bytes(value) if column.kind == "binary" else value

    def literal(self, column, raw):
        value = python_value(column, raw)
        return None if column.kind.startswith("timestamp") else str(value) if column.kind == "uuid" else value

    def count(self, column, operator, literal):
        from pyspark.sql import functions as F
        field = F.col(f"`{column.name}`")
        if operator == "IS NULL":
            return self.frame.filter(field.isNull()).count()
        types = {f.name: f.dataType for f in self.frame.schema.fields}
        value = F.lit(bytearray(literal)) if isinstance(literal, bytes) else F.lit(literal).cast(types[column.name])
        return self.frame.filter({"=": field == value, "<": field < value, ">=": field >= value}[operator]).count()


class Trino:
    def __init__(self, table, server):
        self.server, self.name = server, table.name()[-1]
        server.register(self.name, table)

    @staticmethod
    def start(stack, folder):
        from trino import Trino as Server
        return stack.enter_context(Server(folder + "/trino"))

    def can_read(self, column):
        return only_ordinary_dates(column)

    def read(self, columns):
        rows = self.server.query(f"SELECT {', '.join(map(quoted, columns))} FROM {self.name}")[0]
        return [[self._raw(row[i], c) for row in rows] for i, c in enumerate(columns)]

    def _raw(self, value, column):
        from trino_reader import _comparable
        if value is None:
            return None
        if isinstance(value, list):
            return [self._raw(v, column) for v in value]
        kind = column.kind
        if kind in ("float", "double"):
            return float_bits(column, float(value))
        if kind == "decimal":
            return int(Decimal(value).scaleb(column.scale, WIDE))
        if kind == "uuid":
            return uuid.UUID(value).bytes
        if kind == "binary":
            return base64.b64decode(value)
        if kind in ("date", "time", "timestamp", "timestamptz"):
            return _comparable(value, kind.removesuffix("tz"), None)
        return value.encode() if kind == "string" else value

    def literal(self, column, raw):
        value = python_value(column, raw)
        kind = column.kind
        if kind in ("time", "timestamp", "timestamptz"):
            return None
        if kind in ("float", "double"):
            text = repr(value).replace("inf", "Infinity")
            return f"CAST('{text}' AS {'REAL' if kind == 'float' else 'DOUBLE'})"
        if kind == "string":
            return f"from_utf8(X'{raw.hex()}')"
        if kind == "decimal":
            return f"CAST('{value:f}' AS DECIMAL({column.precision},{column.scale}))"
        return {"binary": f"X'{value.hex()}'" if kind == "binary" else "", "uuid": f"UUID '{value}'",
                "date": f"DATE '{value}'", "boolean": str(value)}.get(kind, f"CAST('{value}' AS BIGINT)")

    def count(self, column, operator, literal):
        return self.server.query(f"SELECT count(*) FROM {self.name} WHERE {quoted(column)} {operator} {literal}")[0][0][0]


READERS = {"pyiceberg": PyIceberg, "duckdb": DuckDB, "spark": Spark, "trino": Trino}
