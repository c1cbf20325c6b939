"""What becomes of each captured kind (tests/data/types): its column's type, and which of its values are not kept.

docs/types.md says it, types_test.py compares. A capture is played twice: as it is, and with the `columns` lines of the
document.
"""
import collections
import dataclasses
import gzip
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "chaos"))
from pg_types import BY_NAME  # noqa: E402

from kind_meaning import same  # noqa: E402
from lake_readers import column_types  # noqa: E402
from pipeline_run import Failed, Pipeline, read_rows, table_names  # noqa: E402
from play_cases import on_the_wire  # noqa: E402

CAPTURES = HERE.parent / "data" / "types"
SECOND_HALF = 1000
AXES = {  # axis -> what each capture's connector says there; those that do not name it have the default
    "decimal": {"default": "precise", "string": "string", "double": "double"},
    "time": {"default": "adaptive", "string": "adaptive_time_microseconds", "double": "connect", "iso": "isostring",
             "microseconds": "microseconds", "nanoseconds": "nanoseconds"},
    "binary": {"default": "bytes", "string": "base64", "double": "base64-url-safe", "iso": "hex"},
    "interval": {"default": "numeric", "string": "string"},
    "hstore": {"default": "json", "string": "map"},
}
NOTHING, LETTER, NULL, OTHER = "kept", "dead letter", "NULL", "another value"


@dataclasses.dataclass
class Found:
    """What one kind became in one capture."""
    sent: bool = True
    held: str = ""                       # the type that the message proposes; empty: not Held for it
    iceberg: str = ""
    lost: dict = dataclasses.field(default_factory=dict)  # (PostgreSQL's text, "snapshot" or "stream") -> what became of it


def load(name):
    return json.loads(gzip.decompress((CAPTURES / f"{name}.json.gz").read_bytes()))


def settings_of(capture, kind):
    """The connector's setting that matters to a kind, as the document names it."""
    mode = capture["name"].rsplit("_", 1)[0]
    if mode == "unknown":
        return "include.unknown.datatypes"
    return AXES[kind.setting].get(mode, "") if kind.setting else ""


def covers(capture, kind):
    """Whether a capture tells of a kind: others repeat what the default says."""
    mode = capture["name"].rsplit("_", 1)[0]
    return not kind.sent if mode == "unknown" else mode == "default" or mode in AXES.get(kind.setting, {})


def source_lines(capture):
    """[source] for events without a schema."""
    settings = capture["settings"]
    lines = []
    for key, name, default in (("decimal.handling.mode", "decimal_handling", "precise"),
                               ("time.precision.mode", "time_precision", "adaptive"),
                               ("binary.handling.mode", "binary_handling", "bytes")):
        if settings.get(key, default) != default:
            lines.append(f'{name} = "{settings[key]}"')
    return "\n".join(lines)


def records_of(capture, prefix):
    topic = f"{prefix}.every_kind.{capture['table']}"
    return [{"topic": topic, "key": on_the_wire(capture, key), "value": on_the_wire(capture, value)}
            for key, value in capture["events"]]


def sent_columns(capture):
    for _, value in capture["events"]:
        if isinstance(value, str):
            yield from (json.loads(value).get("after") or {})
        elif value is not None:
            yield from (value[1].get("after") or {})


def proposed_lines(reason):
    """{column: type} of the lines that a Held table's reason proposes for tables.toml."""
    return dict(re.findall(r'^\\?"([^"\\]*)\\?" = \\?"([^"\\]*)\\?"', reason, re.M))


def run(programs, servers, capture, folder, connection, lines=None):
    """Plays a capture with `columns` lines; -> {kind's name: Found} for the kinds that it covers.

    Each run has a topic of its own, named as its folder: dead letters of another run would be taken for its own.
    """
    pipeline = Pipeline(programs, servers, folder, folder.name)
    table = capture["table"]
    columns = "\n".join(f'{column} = "{words}"' for column, words in (lines or {}).items())
    pipeline.configure(folder.name, f"[tables.{table}]\n[tables.{table}.columns]\n{columns}",
                       'schemas = ["every_kind"]\n' + source_lines(capture))
    pipeline.produce(records_of(capture, folder.name))
    pipeline.drain()
    sent = set(sent_columns(capture))
    kinds = {column: BY_NAME[name] for column, name in capture["kinds"].items() if covers(capture, BY_NAME[name])}
    found = {kind.name: Found(sent=column in sent) for column, kind in kinds.items()}
    state = pipeline.status()[table]
    if state["state"] == "Held":
        proposed = proposed_lines(state["reason"])
        for column in set(proposed) & set(kinds):
            found[kinds[column].name].held = proposed[column]
        if not proposed or lines:
            raise Failed(f"{capture['name']} is Held: {state['reason']}")
    elif table in table_names(pipeline.catalog()):
        judge(pipeline, capture, kinds, found, connection)
    return found


def judge(pipeline, capture, kinds, found, connection):
    table = pipeline.catalog().load_table(("lake", capture["table"]))
    types = column_types(table)
    lettered = letter_ids(pipeline, capture)
    values = collections.defaultdict(dict)
    for id_, column, text in capture["rows"]:
        values[f"c{column:03d}"][id_] = text
    readers = [(reader, {int(row["id"]): row for row in rows}) for reader, rows in read_rows(table, connection)]
    for column, kind in kinds.items():
        result = found[kind.name]
        result.iceberg = types.get(column, "")
        if not result.iceberg:
            continue
        for id_, text in values[column].items():
            half = "stream" if id_ > SECOND_HALF else "snapshot"
            became = {_became(kind, text, rows.get(id_), column, result.iceberg, id_ in lettered) for _, rows in readers}
            if len(became) > 1:
                raise Failed(f"{capture['name']}: the readers differ in {kind.name} {text}: {became}")
            if became != {NOTHING}:
                result.lost[text, half] = became.pop()


def _became(kind, text, row, column, iceberg_type, lettered):
    if lettered:
        return LETTER if row is None else "a dead letter and a row"
    if row is None:
        return "nothing"
    if row[column] is None:
        return NULL
    return NOTHING if same(kind, text, row[column], iceberg_type) else OTHER


def letter_ids(pipeline, capture):
    ids = []
    for key, _ in capture["events"]:
        part = json.loads(key) if isinstance(key, str) else key[1]
        ids.append(part["id"])
    return {ids[letter.offset] for letter in pipeline.letters(capture["table"])}
