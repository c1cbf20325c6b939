"""PostgreSQL's text forms (COPY ... CSV, array literals) as plain comparable Python values.

A value's comparable form depends on the Iceberg type of the column it ended in: dates are days since 1970, times and
timestamps microseconds (UTC), decimals Decimal, floats their repr (so that NaN equals NaN and -0.0 differs from 0.0).
"""
import datetime as dt
import json
import re
import struct
from decimal import Decimal, InvalidOperation

NULL = None
EPOCH = dt.date(1970, 1, 1)
TIME = re.compile(r"^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d(?::\d\d)?(?::\d\d)?)?$")


def read_csv(path):
    """-> (column names, rows of str or None). Unlike the csv module it tells NULL (nothing) from the empty text ("")."""
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    rows, row, at = [], [], 0
    while at < len(text):
        if text[at] == '"':
            value, at = _quoted(text, at + 1, '"', '"')
        else:
            end = at
            while end < len(text) and text[end] not in ",\n":
                end += 1
            value, at = text[at:end] or NULL, end
        row.append(value)
        if at < len(text) and text[at] == ",":
            at += 1
            if at == len(text) or text[at] == "\n":
                row.append(NULL)
            else:
                continue
        rows.append(row)
        row, at = [], at + 1
    return rows[0], [r + [NULL] * (len(rows[0]) - len(r)) for r in rows[1:]]


def _quoted(text, at, quote, escape):
    out = []
    while text[at] != quote or (escape == quote and text[at + 1:at + 2] == quote):
        if text[at] == escape:
            at += 1
        out.append(text[at])
        at += 1
    return "".join(out), at + 1


def parse_array(text):
    """One-dimensional array literal -> list of str or None."""
    if text == "{}":
        return []
    items, at = [], 1
    while True:
        if text[at] == '"':
            value, at = _quoted(text, at + 1, '"', "\\")
        else:
            end = at
            while text[end] not in ",}":
                end += 1
            value, at = (NULL if text[at:end] == "NULL" else text[at:end]), end
        items.append(value)
        if text[at] == "}":
            return items
        at += 1


def parse_hstore(text):
    """`"k"=>"v", "n"=>NULL` or the same as a JSON object -> dict."""
    if text.startswith("{"):
        return json.loads(text)
    pairs, at = {}, 0
    while at < len(text):
        key, at = _quoted(text, at + 1, '"', "\\")
        at += len("=>")
        if text.startswith("NULL", at):
            pairs[key], at = NULL, at + len("NULL")
        else:
            pairs[key], at = _quoted(text, at + 1, '"', "\\")
        at += len(", ")
    return pairs


def bytes_of_bits(text):
    """"10101" -> Debezium's bytes of a bit string: little-endian, without the zero bytes at the high end."""
    number = int(text or "0", 2)
    return number.to_bytes((number.bit_length() + 7) // 8, "little")


def micros_of_time(text):
    match = TIME.match(text)
    if not match:
        raise ValueError(f"no time of day: {text!r}")
    h, m, s, fraction, zone = match.groups()
    micros = ((int(h) * 60 + int(m)) * 60 + int(s)) * 1_000_000 + int((fraction or "").ljust(6, "0"))
    return micros, zone


def zone_micros(zone):
    if zone in (None, "Z"):
        return 0
    parts = [int(p) for p in zone[1:].split(":")] + [0, 0]
    return (-1 if zone[0] == "-" else 1) * ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1_000_000


def micros_of_timestamp(text):
    date, _, time = text.replace("T", " ").partition(" ")
    micros, zone = micros_of_time(time)
    return (dt.date.fromisoformat(date) - EPOCH).days * 86_400_000_000 + micros - zone_micros(zone)


def comparable_float(value, bits):
    if bits == 32:
        value = struct.unpack("f", struct.pack("f", value))[0]
    return repr(float(value))


def comparable_text(text, kind):
    """kind: how a text column of the lake is to be compared: None exactly; json, hstore, point, timetz, char by their
    meaning, each in PostgreSQL's text form as well as in the JSON that Debezium makes of it."""
    if kind == "json":
        try:
            return json.dumps(json.loads(text, parse_float=Decimal), sort_keys=True, default=str)
        except ValueError:
            return text
    if kind == "hstore":
        return ("hstore", tuple(sorted(parse_hstore(text).items())))
    if kind == "point":
        point = json.loads(text) if text.startswith("{") else dict(zip("xy", text.strip("()").split(",")))
        return ("point", float(point["x"]), float(point["y"]))
    if kind == "char":
        return text.rstrip(" ")
    if kind == "timetz":
        micros, zone = micros_of_time(text)
        return ("timetz", (micros - zone_micros(zone)) % 86_400_000_000)
    return text


def _decimal(text):
    try:
        return Decimal(text.replace("$", "").replace(",", ""))
    except InvalidOperation as error:
        raise ValueError(f"no number: {text!r}") from error


def comparable(text, iceberg_type, kind=None):
    """The comparable form of PostgreSQL's `text` in a column of `iceberg_type` ("long", "decimal(9, 2)", "list<...>")."""
    if text is NULL:
        return NULL
    if iceberg_type.startswith("list<"):
        return tuple(comparable(item, iceberg_type[5:-1], kind) for item in parse_array(text))
    name = iceberg_type.split("(")[0]
    if name == "boolean":
        return {"t": True, "f": False, "1": True, "0": False}[text]  # bit(1) is 1 or 0
    if name in ("int", "long"):
        return int(text)
    if name in ("float", "double"):
        return comparable_float(float(text), 32 if name == "float" else 64)
    if name == "decimal":
        return _decimal(text)
    if name == "date":
        return (dt.date.fromisoformat(text) - EPOCH).days
    if name == "time":
        return micros_of_time(text)[0]
    if name in ("timestamp", "timestamptz"):
        return micros_of_timestamp(text)
    if name in ("binary", "fixed"):
        if kind == "bits":
            return bytes_of_bits(text)
        return bytes.fromhex(text.removeprefix("\\x"))
    return comparable_text(text, kind)
