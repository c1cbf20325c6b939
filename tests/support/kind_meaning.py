"""What PostgreSQL's value of a kind (tests/chaos/pg_types.py) means, against the text that a reader shows.

Most values become the canonical text of the column's Iceberg type. Some end in text columns in another spelling of the same
value (an object's JSON, ISO 8601, base64 of a number); both sides then become one plain Python value.
"""
import base64
import json
import math
import re
import struct
from decimal import Decimal

from canonical_text import NoValue, as_json, text_of_postgres
from pg_text import bytes_of_bits, parse_array, parse_hstore

NUMBER = re.compile(r"-?(?:Infinity|NaN|\d+(?:\.\d+)?(?:e[+-]?\d+)?)", re.I)
ISO_PART = re.compile(r"(-?\d+(?:\.\d+)?)([YMDHS])")
GEOMETRIC = {"point", "line", "lseg", "box", "path", "polygon", "circle"}
MONTH_MICROS = Decimal(365.25) / 12 * 86_400_000_000


# ---- one value's plain form, from either side ------------------------------------------------------------------
def interval_parts(text):
    """ISO 8601's P1Y2M3DT4H5M6.5S -> (months, days, microseconds): what PostgreSQL keeps."""
    date, _, time = text.lstrip("P").partition("T")
    sums = {"Y": 0, "M": 0, "D": 0}
    for number, unit in ISO_PART.findall(date):
        sums[unit] += int(Decimal(number))
    micros = sum(int(Decimal(n) * {"H": 3600, "M": 60, "S": 1}[u] * 1_000_000) for n, u in ISO_PART.findall(time))
    return sums["Y"] * 12 + sums["M"], sums["D"], micros


def interval_micros(text):
    """What Debezium makes of an interval in its numeric mode: a month is a twelfth of 365.25 days."""
    months, days, micros = interval_parts(text)
    return int(months * MONTH_MICROS) + days * 86_400_000_000 + micros


def _timetz(text):
    found = re.match(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(.*)$", text)
    zone = re.findall(r"\d\d", found[5]) + ["0", "0", "0"]
    offset = (int(zone[0]) * 60 + int(zone[1])) * 60 + int(zone[2])
    seconds = (int(found[1]) * 60 + int(found[2])) * 60 + int(found[3] or 0) - (-offset if found[5].startswith("-") else offset)
    return seconds % 86_400, (found[4] or "").ljust(6, "0")


def _numbers_of_json(value):
    """All numbers of a structure; those of an extended WKB among them."""
    if isinstance(value, dict):
        if "wkb" in value and "x" not in value:
            return _numbers_of_wkb(base64.b64decode(value["wkb"]))
        return {n for name, v in value.items() if name not in ("wkb", "srid") for n in _numbers_of_json(v)}
    return {repr(float(value))}


def _numbers_of_wkb(raw):
    kind = struct.unpack("<I", raw[1:5])[0] & 0xff
    at = 5 + (4 if struct.unpack("<I", raw[1:5])[0] & 0x20000000 else 0) + {1: 0, 2: 4, 3: 8}[kind]
    return {repr(v) for v in struct.unpack(f"<{(len(raw) - at) // 8}d", raw[at:])}


def _geometric(text):
    return _numbers_of_json(json.loads(text)) if text.startswith("{\"") else {repr(float(n)) for n in NUMBER.findall(text)}


def _decimal_of_json(value):
    if isinstance(value, dict):
        return Decimal(int.from_bytes(base64.b64decode(value["value"]), "big", signed=True)).scaleb(-value["scale"])
    return value if value is None else Decimal(str(value))


def _numerics(text):
    if text.startswith("["):
        return [_decimal_of_json(v) for v in json.loads(text, parse_float=Decimal)]
    return [None if v is None else Decimal(v) for v in parse_array(text)]


def _hstores(text):
    items = json.loads(text) if text.startswith("[") else parse_array(text)
    return [None if i is None else sorted((i if isinstance(i, dict) else parse_hstore(i)).items()) for i in items]


def _number(text):
    value = Decimal(text.replace("$", "").replace(",", ""))
    return "NaN" if value.is_nan() else value


def _without_host_mask(text):
    return text.removesuffix("/128") if ":" in text else text.removesuffix("/32")


PLAIN = {"inet": _without_host_mask, "timetz": _timetz, "interval": interval_parts, "numeric[]": _numerics, "hstore[]": _hstores,
         "hstore": lambda t: sorted(parse_hstore(t).items()),
         **{name: _number for name in ("money", "domain over numeric", "numeric", "numeric(p,s)", "numeric(38,s)", "numeric(p)",
                                       "numeric, scale > precision", "numeric, scale < 0", "numeric, precision > 38")},
         **{name: _geometric for name in GEOMETRIC}}


def _json_text(text):
    """A value that one of these kinds may have beside its own: Debezium's names of no numbers."""
    return {"NAN": "NaN", "POSITIVE_INFINITY": "Infinity", "NEGATIVE_INFINITY": "-Infinity"}.get(text, text)


# ---- comparison --------------------------------------------------------------------------------------------------
def _padded(kind, text):
    found = re.fullmatch(r"char\((\d+)\)", kind.ddl)
    return text.ljust(int(found[1])) if found else text


def wanted_text(kind, text, iceberg_type):
    """The canonical text that PostgreSQL's `text` must have in a column of `iceberg_type`; NoValue: it has none there."""
    if kind.ddl.startswith("bit") and iceberg_type == "binary":
        return "\\x" + bytes_of_bits(text).hex()
    if kind.name == "interval" and iceberg_type == "long":
        micros = interval_micros(text)
        if abs(micros) >= 2**63:
            raise NoValue(text)
        return str(micros)
    if not kind.sent and iceberg_type in ("binary", "list<binary>"):
        # include.unknown.datatypes: the bytes of PostgreSQL's text.
        return "\\x" + text.encode().hex()
    if kind.name == "char[]":
        return as_json([v if v is None else v.ljust(5) for v in parse_array(text)])
    return text_of_postgres(_padded(kind, text), iceberg_type)


def same(kind, text, shown, iceberg_type):
    """Whether `shown` (canonical, of a reader) is PostgreSQL's `text`."""
    if text is None or shown is None:
        return text is shown
    try:
        if iceberg_type in ("string", "list<string>"):
            plain = PLAIN.get(kind.name)
            if plain is not None:
                return plain(text) == plain(_json_text(shown))
            element = PLAIN.get(kind.name.removesuffix("[]"))
            if element is not None and iceberg_type.startswith("list"):
                of = lambda items: [v if v is None else element(v) for v in items]
                return of(parse_array(text)) == of(json.loads(shown))
        return wanted_text(kind, text, iceberg_type) == shown
    except (NoValue, ValueError, ArithmeticError, LookupError, TypeError, AttributeError, struct.error):
        return False


assert math.isclose(float(MONTH_MICROS), 2629800000000)
