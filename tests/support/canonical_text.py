"""One text for each value, so that PostgreSQL, pyiceberg and DuckDB can be compared letter by letter. NULL is None.

boolean true, false · integers as digits · decimal with all digits of its scale (1.50) · float and double the shortest
digits that give the value again (0.1, 1e+300, -0.0), NaN, Infinity, -Infinity · binary \\x and hex digits · uuid in lower
case · date 2024-02-29 · timestamp 2024-02-29T12:00:00.000000, with zone the same in UTC and Z · time 12:00:00.000000 ·
list: a JSON array of such texts · map, struct: a JSON object. Years count as in ISO 8601: 0000 is 1 BC, +10000 needs a sign.
"""
import json
import re
import struct
import uuid
from decimal import Decimal

import pyarrow as pa

DAY = 86_400_000_000
MICROS_PER = {"s": 1_000_000, "ms": 1000, "us": 1}


def as_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# ---- calendar: Python's own dates end at the years 1 and 9999 ------------------------------------------------------
def date_text(days):
    """Days since 1970-01-01. The Gregorian calendar repeats after 146,097 days, 400 years: Python does the rest."""
    import datetime  # pylint: disable=import-outside-toplevel
    eras, rest = divmod(days + 719_162, 146_097)  # since 0001-01-01
    at = datetime.date.fromordinal(rest + 1)
    year = at.year + 400 * eras
    sign = "+" if year > 9999 else "-" if year < 0 else ""
    return f"{sign}{abs(year):04d}-{at.month:02d}-{at.day:02d}"


def time_text(micros):
    seconds, fraction = divmod(micros, 1_000_000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:06d}"


def timestamp_text(micros, zoned):
    return f"{date_text(micros // DAY)}T{time_text(micros % DAY)}{'Z' if zoned else ''}"


def float_text(value, bits):
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if bits == 32:
        same = struct.pack("<f", value)
        for digits in range(1, 10):
            shorter = float(f"{value:.{digits}g}")
            if abs(shorter) <= 3.4028235677973366e38 and struct.pack("<f", shorter) == same:
                return repr(shorter)
    return repr(value)


# ---- what a reader gives: Arrow ------------------------------------------------------------------------------------
def _each(convert, values):
    return [None if value is None else convert(value) for value in values]


def _uuid_text(value):
    return str(uuid.UUID(bytes=value)) if isinstance(value, bytes) else str(value).lower()


def _nested(column, kind):
    """Lists and maps: their items become texts, then the whole JSON."""
    storage = column.cast(pa.list_(kind.value_type)) if not pa.types.is_map(kind) else column
    out = []
    for at in range(len(storage)):
        if not storage[at].is_valid:
            out.append(None)
        elif pa.types.is_map(kind):
            pairs = storage[at].as_py()
            keys = texts_of_arrow(pa.array([k for k, _ in pairs], kind.key_type))
            out.append(as_json(dict(zip(keys, texts_of_arrow(pa.array([v for _, v in pairs], kind.item_type))))))
        else:
            out.append(as_json(texts_of_arrow(storage[at].values)))
    return out


def texts_of_arrow(column):
    """An Arrow array or chunked array -> list of canonical texts."""
    if isinstance(column, pa.ChunkedArray):
        return [text for chunk in column.chunks for text in texts_of_arrow(chunk)]
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _each(_uuid_text, column.storage.to_pylist()) if "uuid" in str(kind).lower() else texts_of_arrow(column.storage)
    if pa.types.is_timestamp(kind):
        raw = column.cast(pa.int64()).to_pylist()
        micros = (lambda v: v // 1000) if kind.unit == "ns" else (lambda v: v * MICROS_PER[kind.unit])
        return _each(lambda v: timestamp_text(micros(v), kind.tz), raw)
    if pa.types.is_date(kind):
        return _each(date_text, column.cast(pa.date32()).cast(pa.int32()).to_pylist())
    if pa.types.is_time(kind):
        return _each(time_text, column.cast(pa.time64("us")).cast(pa.int64()).to_pylist())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        return _nested(column, kind)
    if pa.types.is_struct(kind):
        parts = {kind.field(i).name: texts_of_arrow(column.field(i)) for i in range(kind.num_fields)}
        return [as_json({n: p[at] for n, p in parts.items()}) if column[at].is_valid else None for at in range(len(column))]
    values = column.to_pylist()
    if pa.types.is_floating(kind):
        return _each(lambda v: float_text(v, kind.bit_width), values)
    if pa.types.is_boolean(kind):
        return _each(lambda v: "true" if v else "false", values)
    if pa.types.is_decimal(kind):
        return _each(lambda v: format(v, "f"), values)
    if pa.types.is_fixed_size_binary(kind) and kind.byte_width == 16:
        return _each(_uuid_text, values)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _each(lambda v: "\\x" + v.hex(), values)
    return _each(str, values)


# ---- what PostgreSQL shows (datestyle ISO, time zone UTC, bytea_output hex, extra_float_digits 1) --------------------
DATE = re.compile(r"^(\d+)-(\d\d)-(\d\d)")
TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?")


class NoValue(ValueError):
    """PostgreSQL's value has no place in the Iceberg type: infinity, NaN, 24:00:00, too many digits."""


def _pg_date(text):
    found = DATE.match(text)
    if not found:
        raise NoValue(text)
    year = int(found[1]) if not text.endswith(" BC") else 1 - int(found[1])
    sign = "+" if year > 9999 else "-" if year < 0 else ""
    return f"{sign}{abs(year):04d}-{found[2]}-{found[3]}"


def _pg_time(text):
    found = TIME.search(text)
    if not found or found[1] == "24":
        raise NoValue(text)
    return f"{found[1]}:{found[2]}:{found[3]}.{(found[4] or '').ljust(6, '0')}"


def _pg_decimal(text, precision, scale):
    plain = text.replace("$", "").replace(",", "")
    if plain.lstrip("-") in ("NaN", "Infinity"):
        raise NoValue(text)
    sign, digits, exponent = Decimal(plain).as_tuple()
    unscaled = int("".join(map(str, digits))) * 10 ** max(0, scale + exponent)
    if scale + exponent < 0:
        unscaled, rest = divmod(unscaled, 10 ** -(scale + exponent))
        if rest:
            raise NoValue(text)
    if len(str(unscaled)) > precision:
        raise NoValue(text)
    number = str(unscaled).rjust(scale + 1, "0")
    return ("-" if sign and unscaled else "") + (number[:-scale] + "." + number[-scale:] if scale else number)


def text_of_postgres(text, iceberg_type):
    """The canonical text of PostgreSQL's `text` in a column of `iceberg_type` ("long", "decimal(9, 2)", "list<…>")."""
    if text is None:
        return None
    name, _, arguments = iceberg_type.partition("(")
    if iceberg_type.startswith("list<"):
        from pg_text import parse_array  # pylint: disable=import-outside-toplevel
        if text.startswith("[") or text.startswith("{{"):
            raise NoValue(text)
        return as_json([text_of_postgres(item, iceberg_type[5:-1]) for item in parse_array(text)])
    if name == "boolean":
        return {"t": "true", "f": "false", "true": "true", "false": "false", "1": "true", "0": "false"}[text]
    if name in ("int", "long"):
        return str(int(text))
    if name in ("float", "double"):
        value = float(text.replace("$", "").replace(",", ""))
        return float_text(struct.unpack("<f", struct.pack("<f", value))[0] if name == "float" and abs(value) < 3.5e38
                          else value, 32 if name == "float" else 64)
    if name == "decimal":
        return _pg_decimal(text, *(int(a) for a in arguments.rstrip(")").split(",")))
    if name == "date":
        return _pg_date(text)
    if name == "time":
        return _pg_time(text)
    if name in ("timestamp", "timestamptz"):
        return _pg_date(text) + "T" + _pg_time(text) + ("Z" if name == "timestamptz" else "")
    return text
