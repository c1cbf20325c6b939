"""Judges what became of a case's tables: rows of two readers, states and dead letters, against the case's `expect`.

Works on plain values only (Outcome), so that test_play_cases.py can show that each kind of difference is noticed.
"""
import dataclasses
import json
import re

from pipeline_run import Failed


@dataclasses.dataclass
class Outcome:
    """What is known of one Iceberg table after the last drain."""
    state: str = "Idle"
    reason: str = ""
    letters: list = dataclasses.field(default_factory=list)  # (reason, event as sent, or None)
    columns: list = None                                     # names; None: there is no such table
    readers: list = dataclasses.field(default_factory=list)  # (reader, rows as {column: text})
    finds: dict = dataclasses.field(default_factory=dict)    # (column, value) -> {reader: rows}


def brief(value, most=160):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return repr(text[:most])[1:-1] + (f"… ({len(text)} characters)" if len(text) > most else "")


def cell_differs(wanted, got):
    return got not in wanted["any"] if isinstance(wanted, dict) else got != wanted


def row_difference(wanted, got):
    """What is wrong with a row; None: nothing."""
    for column, text in wanted.items():
        if column == "*":
            absent = [one for one in text if one not in got.values()]
            if absent:
                return f"no column holds {brief(absent[0])}: {brief(got)}"
        elif column not in got:
            return f"there is no column {column}"
        elif cell_differs(text, got[column]):
            return f"{column} is {brief(got[column])}, must be {brief(text)}"
    return None


def _as_text(value):
    return value if value is None or isinstance(value, str) else json.dumps(value)


def concerns(event, key):
    """Whether an event (as sent) is about the row of `key`: by its message key, or its row before or after."""
    if event is None:
        return False
    objects = []
    for text in (event.get("key"), event.get("value")):
        try:
            part = json.loads(text)
        except (TypeError, ValueError):
            continue
        if isinstance(part, dict):
            part = part.get("payload", part)
        objects += [part] + ([part.get("before"), part.get("after")] if isinstance(part, dict) else [])
    return any(isinstance(o, dict) and all(c in o and _as_text(o[c]) == v for c, v in key.items()) for o in objects)


class Judge:
    """One case's expectations of one table."""

    def __init__(self, case, name):
        self.case, self.name, self.expect = case, name, case["expect"][name]
        self.alternatives = (case.get("or_dead_letter") or {}).get(name, [])
        self.wanted_letters = (case.get("dead_letters") or {}).get(name, [])

    def check(self, outcome):
        self._check_never(outcome)
        if outcome.state == "Held":
            if not (self.case.get("or_held") and re.search(self.case["or_held"], outcome.reason)):
                raise Failed(f"{self.name} is Held: {brief(outcome.reason, 300)}")
            return
        self._check_letters(outcome)
        if outcome.columns is None:
            self._check_absent(outcome)
            return
        lower = [name.lower() for name in outcome.columns]
        if self.expect.get("names_differ") and len(set(lower)) < len(lower):
            raise Failed(f"column names differ only by case: {', '.join(outcome.columns)}")
        for reader, rows in outcome.readers:
            try:
                self._check_bag(rows) if not self.expect.get("key") else self._check_keyed(rows, outcome)
            except Failed as error:
                told = f"; dead letter: {outcome.letters[0][0]}" if outcome.letters else ""
                raise Failed(f"{reader}: {self.name}: {error}{told}") from error
        for find in self.expect.get("finds", []):
            for reader, count in outcome.finds[find["column"], find["value"]].items():
                if count != find["rows"]:
                    raise Failed(f"{reader} finds {count} rows of {find['column']} = {brief(find['value'], 60)}, "
                                 f"must be {find['rows']}")

    def _check_never(self, outcome):
        for text in self.case.get("never", []):
            for reader, rows in outcome.readers:
                for row in rows:
                    bad = next((c for c, v in row.items() if v is not None and text in v), None)
                    if bad is not None:
                        raise Failed(f"{reader}: {self.name} {bad} holds {brief(row[bad])}, which nobody wrote")

    def _check_letters(self, outcome):
        wanted = self.wanted_letters
        if isinstance(wanted, int):
            if len(outcome.letters) != wanted:
                first = f", such as: {brief(outcome.letters[0][0])}" if outcome.letters else ""
                raise Failed(f"{self.name}: {len(outcome.letters)} dead letters, must be {wanted}{first}")
            return
        for key in wanted:
            if not any(concerns(event, key) for _, event in outcome.letters):
                raise Failed(f"{self.name}: no dead letter holds the event of {brief(key)}")
        allowed = wanted + [other["key"] for other in self.alternatives]
        for reason, event in outcome.letters:
            if not any(concerns(event, key) for key in allowed):
                raise Failed(f"{self.name}: a dead letter too many: {brief(reason, 300)}")

    def _check_absent(self, outcome):
        for row in self.expect["rows"]:
            if not self._excused(row, None, outcome):
                raise Failed(f"table {self.name} was not made")

    def _excused(self, named, got, outcome):
        """An event of this row is a dead letter, and the row is as it is to be then."""
        for other in self.alternatives:
            if not all(named.get(c) == v for c, v in other["key"].items()):
                continue
            if not any(concerns(event, other["key"]) for _, event in outcome.letters):
                continue
            row = other.get("row")
            if row is None and got is None or row is not None and got is not None and row_difference(row, got) is None:
                return True
        return False

    def _check_bag(self, rows):
        left = list(rows)
        for wanted in self.expect["rows"]:
            at = next((i for i, row in enumerate(left) if row_difference(wanted, row) is None), None)
            if at is None:
                raise Failed(f"no row is {brief(wanted, 300)}; left over: {brief(left, 300)}")
            del left[at]
        if left:
            raise Failed(f"{len(left)} rows too many, such as {brief(left[0], 300)}")

    def _check_keyed(self, rows, outcome):
        key = self.expect["key"]
        by_key = {}
        for row in rows:
            values = tuple(row.get(c) for c in key)
            if values in by_key:
                raise Failed(f"two rows of key {brief(dict(zip(key, values)))}")
            by_key[values] = row
        for wanted in self.expect["rows"]:
            named = {c: wanted[c] for c in key}
            got = by_key.pop(tuple(named.values()), None)
            difference = "is missing" if got is None else row_difference(wanted, got)
            if difference and not self._excused(named, got, outcome):
                raise Failed(f"row {brief(named)} {difference}")
        for values, row in by_key.items():
            if not self._excused(dict(zip(key, values)), row, outcome):
                raise Failed(f"a row too many: {brief(row, 300)}")
