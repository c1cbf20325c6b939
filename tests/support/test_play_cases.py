"""The judge of cases notices each kind of difference, and takes what a case allows."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from canonical_text import NoValue, date_text, float_text, text_of_postgres, timestamp_text  # noqa: E402
from case_check import Judge, Outcome, concerns  # noqa: E402
from pipeline_run import Failed  # noqa: E402

ROWS = [{"id": "1", "v": "a"}, {"id": "2", "v": None}]
EVENT = {"key": '{"id":2}', "value": json.dumps({"payload": {"before": None, "after": {"id": 2, "v": "b"}}})}


def outcome(rows=None, **more):
    rows = ROWS if rows is None else rows
    return Outcome(columns=["id", "v"], readers=[("pyiceberg", ROWS if rows is None else rows), ("duckdb", rows)], **more)


def judge(name="t", **case):
    expect = {"rows": ROWS, "key": ["id"]} | case.pop("expect", {})
    return Judge({"expect": {name: expect}} | case, name)


class JudgeTest(unittest.TestCase):
    def refused(self, what, judge_, result):
        with self.assertRaisesRegex(Failed, what):
            judge_.check(result)

    def test_equal_rows_hold(self):
        judge().check(outcome())
        judge(expect={"key": []}).check(outcome(list(reversed(ROWS))))
        judge(expect={"rows": [{"id": "1", "v": {"any": ["x", "a"]}}, {"id": "2", "*": [None]}]}).check(outcome())

    def test_each_difference_is_told(self):
        self.refused("v is b, must be a", judge(), outcome([{"id": "1", "v": "b"}, ROWS[1]]))
        self.refused("is missing", judge(), outcome(ROWS[:1]))
        self.refused("a row too many", judge(), outcome(ROWS + [{"id": "3", "v": None}]))
        self.refused("two rows of key", judge(), outcome(ROWS + ROWS[:1]))
        self.refused("1 rows too many", judge(expect={"key": []}), outcome(ROWS + ROWS[:1]))
        self.refused("no row is", judge(expect={"key": []}), outcome(ROWS[:1]))
        self.refused("there is no column v", judge(), outcome([{"id": "1"}, ROWS[1]]))
        self.refused("no column holds b", judge(expect={"rows": [{"id": "1", "*": ["b"]}, ROWS[1]]}), outcome())
        self.refused("was not made", judge(), Outcome())
        self.refused("which nobody wrote", judge(never=["a"]), outcome())
        names = judge(expect={"names_differ": True})
        result = outcome()
        result.columns = ["id", "v", "V"]
        self.refused("differ only by case", names, result)
        find = judge(expect={"finds": [{"column": "v", "value": "a", "rows": 1}]})
        self.refused("duckdb finds 0 rows", find, outcome(finds={("v", "a"): {"pyiceberg": 1, "duckdb": 0}}))

    def test_held_needs_permission(self):
        held = Outcome(state="Held", reason="column 'v' …")
        self.refused("is Held", judge(), held)
        self.refused("is Held", judge(or_held="'w'"), held)
        judge(or_held="'v'").check(held)
        held.readers = [("duckdb", [{"v": "xay"}])]
        self.refused("which nobody wrote", judge(or_held="'v'", never=["a"]), held)

    def test_dead_letters(self):
        letters = [("bad", EVENT)]
        self.refused("a dead letter too many", judge(), outcome(letters=letters))
        self.refused("a dead letter too many", judge(), outcome(letters=[("bad", None)]))
        self.refused("no dead letter holds", judge(dead_letters={"t": [{"id": "2"}]}), outcome())
        judge(dead_letters={"t": [{"id": "2"}]}).check(outcome(letters=letters))
        self.refused("1 dead letters, must be 2", judge(dead_letters={"t": 2}), outcome(letters=letters))
        judge(dead_letters={"t": 1}).check(outcome(letters=letters))

    def test_or_dead_letter(self):
        either = judge(or_dead_letter={"t": [{"key": {"id": "2"}, "row": None}]})
        either.check(outcome())
        either.check(outcome(ROWS[:1], letters=[("bad", EVENT)]))
        self.refused("is missing", either, outcome(ROWS[:1]))
        self.refused("must be null", either, outcome([ROWS[0], {"id": "2", "v": "x"}], letters=[("bad", EVENT)]))
        older = judge(or_dead_letter={"t": [{"key": {"id": "2"}, "row": {"v": "old"}}]})
        older.check(outcome([ROWS[0], {"id": "2", "v": "old"}], letters=[("bad", EVENT)]))

    def test_which_row_an_event_concerns(self):
        self.assertTrue(concerns(EVENT, {"id": "2"}))
        self.assertTrue(concerns(EVENT, {"v": "b"}))
        self.assertFalse(concerns(EVENT, {"id": "1"}))
        self.assertFalse(concerns({"key": "Struct{id=1}", "value": None}, {"id": "1"}))


class CanonicalTextTest(unittest.TestCase):
    def test_calendar_beyond_python(self):
        self.assertEqual(["0000-12-31", "-4713-11-24", "+10000-01-01", "2000-02-29"],
                         [date_text(d) for d in (-719163, -2440588, 2932897, 11016)])
        self.assertEqual("1969-12-31T23:59:59.999999Z", timestamp_text(-1, True))

    def test_floats(self):
        self.assertEqual(["0.1", "3.4028235e+38", "1e-45", "-0.0"],
                         [float_text(v, 32) for v in (0.10000000149011612, 3.4028234663852886e38, 1.401298464324817e-45, -0.0)])

    def test_postgres(self):
        for text, kind, want in (("0044-03-15 10:00:00+00 BC", "timestamptz", "-0043-03-15T10:00:00.000000Z"),
                                 ("-1.5", "decimal(5, 3)", "-1.500"), ("$1,234.50", "decimal(38, 2)", "1234.50"),
                                 ("-0.00", "decimal(5, 2)", "0.00"), ("{1,NULL}", "list<int>", '["1",null]'),
                                 ("294276-12-31 23:59:59.5", "timestamp", "+294276-12-31T23:59:59.500000")):
            self.assertEqual(want, text_of_postgres(text, kind))
        for text, kind in (("infinity", "date"), ("NaN", "decimal(5, 2)"), ("24:00:00", "time"), ("1000", "decimal(3, 0)"),
                           ("0.001", "decimal(5, 2)"), ("{{1}}", "list<int>")):
            with self.assertRaises(NoValue, msg=text):
                text_of_postgres(text, kind)


if __name__ == "__main__":
    unittest.main()
