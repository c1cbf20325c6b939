"""Compares a random table, as both readers show it, with PostgreSQL; dead letters must explain what differs.

History: a trigger of the source keeps each row's states (PostgreSQL's texts, by hstore). A row with a dead letter may be as
in any of its earlier states, or not there, if at some time a value of it could not be kept or may not have been sent.
"""
import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from kind_meaning import same  # noqa: E402
from lake_readers import column_types  # noqa: E402
from pipeline_run import read_rows, table_names  # noqa: E402

from real_source import rows, sql  # noqa: E402

UNKEEPABLE = re.compile(r"infinity|24:00:00|NaN|294276|\{\{", re.I)
LARGE = 1000  # characters of PostgreSQL's text: such a value may be out of line, and is not sent while it does not change
# What a dead letter may say: the value has no place, or what the event leaves out cannot be had.
REASONS = re.compile(r"column '|old version|unavailable|unchanged|placeholder|null may stand|tainted|depends on", re.I)
HISTORY = """
CREATE TABLE history (id bigserial PRIMARY KEY, of text, old jsonb, new jsonb);
CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO {schema}_history.history (of, old, new) VALUES (regexp_replace(TG_TABLE_NAME, '_p[12]$', ''),
    CASE WHEN TG_OP <> 'INSERT' THEN public.hstore_to_json(public.hstore(OLD))::jsonb END,
    CASE WHEN TG_OP <> 'DELETE' THEN public.hstore_to_json(public.hstore(NEW))::jsonb END);
  RETURN NULL;
END $$;
"""


def history_ddl(schema):
    return f"CREATE SCHEMA {schema}_history; SET search_path = {schema}_history, public; " + HISTORY.format(schema=schema)


def trigger(schema, table):
    return f"CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {schema}_history.remember();"


FOLLOWS = "no row that equals the old one"


class Judge:
    def __init__(self, schema, table, pipeline, connection):
        self.schema, self.table, self.pipeline, self.connection = schema, table, pipeline, connection
        self.key = [n for n, _ in table.key]
        self.kinds = dict(table.key) | table.columns

    def problems(self, state):
        """Lines that say what is wrong; none: the table equals its source, or says why not."""
        if state["state"] == "Held":
            if any(f"'{c}'" in state["reason"] or f'"{c}"' in state["reason"] for c in self.table.altered):
                return []
            # A streak of changes of rows whose first change could not be kept, or of values that cannot be.
            if "would all become dead letters" in state["reason"] and (FOLLOWS in state["reason"] or REASONS.search(state["reason"])):
                return []
            return [f"Held: {state['reason'][:400]}"]
        if state["state"] != "Idle" or state["lag"]:
            return [f"is {state['state']} with lag {state['lag']}: {state.get('reason')}"]
        wanted = rows(self.table.name, self.schema)
        letters = self.pipeline.letters(self.table.name)
        if self.table.name not in table_names(self.pipeline.catalog()):
            return [f"there is no table, but {len(wanted)} rows at the source"] if wanted and not letters else []
        lake = self.pipeline.catalog().load_table(("lake", self.table.name))
        types = column_types(lake)
        found = [f"dead letter without a cause: {letter.reason[:300]} {letter.value[:600]}" for letter in letters
                 if not self._has_cause(letter) and not self._follows(letter, letters)][:2]
        missing = [c for c in self.kinds if c not in types and c not in self.table.renamed and any(r[c] is not None for r in wanted)]
        if missing and not letters:
            return found + [f"columns {missing} are not in the table"]
        for reader, got in read_rows(lake, self.connection):
            found += [f"{reader}: {line}" for line in self._compare(wanted, got, types, letters)[:4]]
        return found

    def _has_cause(self, letter):
        return bool(REASONS.search(letter.reason)) and (
            not re.search(r"' is not a ", letter.reason) or bool(UNKEEPABLE.search(self._values_of(letter))) or self._is_limit(letter))

    def _follows(self, letter, letters):
        """Without a key, changes of a row whose insert is a dead letter find no row."""
        return self.table.kind_of_key == "none" and FOLLOWS in letter.reason and any(FOLLOWS not in other.reason for other in letters)

    def _values_of(self, letter):
        """PostgreSQL's texts of the column that a dead letter names, in all of the table's history."""
        named = re.search(r"column '(.*?)'", letter.reason)
        if not named:
            return ""
        column = named[1].replace("'", "''")
        return sql(f"SELECT string_agg(DISTINCT new->>'{column}', ' ') FROM history WHERE of = '{self.table.name}';", f"{self.schema}_history")

    def _is_limit(self, letter):
        return bool(self.table.altered)

    def _compare(self, wanted, got, types, letters):
        """Rows with a key by their keys, others as bags."""
        lettered = bool(letters)
        if self.table.kind_of_key == "none":
            return self._compare_bags(wanted, got, types, lettered)
        text = lambda row: tuple(row[c] for c in self.key)
        canonical = collections.defaultdict(list)
        for row in got:
            canonical[text(row)].append(row)
        lines, used = [], set()
        for row in wanted:
            match = next((k for k in canonical if all(same(self.kinds[c], row[c], k[i], types[c]) for i, c in enumerate(self.key))), None)
            named = {c: row[c] for c in self.key}
            if match is None:
                if not (lettered and self._explained(named, None, types)):
                    lines.append(f"row {named} is missing")
                continue
            used.add(match)
            if len(canonical[match]) > 1:
                lines.append(f"{len(canonical[match])} rows of {named}")
            line = self._difference(row, canonical[match][0], types)
            if line and not (lettered and self._explained(named, canonical[match][0], types)):
                lines.append(f"row {named}: {line}")
        for key, those in canonical.items():
            if key not in used and not (lettered and self._was_ever(those[0], types)):
                lines.append(f"a row too many: {short(those[0])}")
        return lines

    def _difference(self, row, got, types):
        for column, kind in self.kinds.items():
            if column not in types:
                if row[column] is not None and column not in self.table.renamed:
                    return f"no column {column}"
                continue
            if not same(kind, row[column], got[column], types[column]):
                if got[column] is None and column in self.table.renamed:
                    continue  # nothing is sent for rows that do not change after a rename
                return f"{column} ({kind.name}, {types[column]}) is {short(got[column])}, must be {short(row[column])}"
        return None

    def _compare_bags(self, wanted, got, types, lettered):
        left = list(got)
        lines = []
        for row in wanted:
            at = next((i for i, g in enumerate(left) if self._difference(row, g, types) is None), None)
            if at is None:
                near = next((g for g in left if same(self.kinds[self.key[0]], row[self.key[0]], g[self.key[0]], types[self.key[0]])), None)
                lines.append(f"no row like {short(row)}" + (f": {self._difference(row, near, types)}" if near else ""))
            else:
                del left[at]
        lines += [f"a row too many: {short(g)}" for g in left]
        return [] if lettered and all(self._was_ever(g, types) for g in left) else lines

    def _states(self):
        if not hasattr(self, "_all"):
            self._all = [json.loads(line) for line in sql(
                f"SELECT s FROM history, LATERAL (VALUES (old), (new)) v(s) WHERE of = '{self.table.name}' AND s IS NOT NULL;",
                f"{self.schema}_history").split("\n")[:-1]]
        return self._all

    def _explained(self, named, got, types):
        """A dead letter may concern this key: at some time its row had a value that cannot be kept or may be left out."""
        states = [state for state in self._states() if all(state.get(c) == v for c, v in named.items())]
        caused = any(v is not None and (len(v) > LARGE or UNKEEPABLE.search(v)) for state in states for v in state.values())
        return (caused or bool(self.table.altered)) and (got is None or self._was_ever(got, types))

    def _was_ever(self, got, types):
        """The row is one that the source once had, whole."""
        known = [c for c in self.kinds if c in types]
        return any(all(c not in state or c in self.table.renamed or same(self.kinds[c], state[c], got[c], types[c]) for c in known)
                   for state in self._states())


def short(value, most=200):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:most] + (f"… ({len(text)})" if len(text) > most else "")
