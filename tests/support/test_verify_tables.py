"""verify_tables.py must accept what is right and notice a single wrong cell. Tables are made by pyiceberg."""
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import unittest
import uuid
from decimal import Decimal

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from pg_text import comparable, parse_array, read_csv  # noqa: E402

CSV = '''id,flag,small,real,amount,born,at,tz,t,name,code,raw,list,doc
1,t,5,1.5,1234567890123456.7800,2024-02-29,2024-02-29 13:14:15.123456,2024-02-29 10:14:15+03,13:14:15.5,"a ""b"", c",123e4567-e89b-12d3-a456-426614174000,\\x00ff,"{1,NULL,3}","{""a"": 1}"
2,f,,NaN,0.0000,1969-12-31,0001-01-01 00:00:00,9999-12-31 23:59:59.999999+00,00:00:00,"",00000000-0000-0000-0000-000000000000,\\x,{},
2,f,,NaN,0.0000,1969-12-31,0001-01-01 00:00:00,9999-12-31 23:59:59.999999+00,00:00:00,"",00000000-0000-0000-0000-000000000000,\\x,{},
3,,,,,,,,,,,,,
'''
UTC = dt.timezone.utc
SCHEMA = pa.schema([
    ("id", pa.int64()), ("flag", pa.bool_()), ("small", pa.int32()), ("real", pa.float32()), ("amount", pa.decimal128(20, 2)),
    ("born", pa.date32()), ("at", pa.timestamp("us")), ("tz", pa.timestamp("us", "UTC")), ("t", pa.time64("us")),
    ("name", pa.string()), ("code", pa.uuid()), ("raw", pa.binary()), ("list", pa.list_(pa.int32())), ("doc", pa.string()),
    ("ingestion_time", pa.timestamp("us", "UTC"))])


def rows():
    now = dt.datetime(2030, 1, 1, tzinfo=UTC)
    second = [2, False, None, float("nan"), Decimal("0.00"), dt.date(1969, 12, 31), dt.datetime(1, 1, 1),
              dt.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), dt.time(0), "", uuid.UUID(int=0).bytes, b"", [], None, now]
    return [
        [1, True, 5, 1.5, Decimal("1234567890123456.78"), dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 13, 14, 15, 123456),
         dt.datetime(2024, 2, 29, 7, 14, 15, 0, UTC), dt.time(13, 14, 15, 500000), 'a "b", c',
         uuid.UUID("123e4567-e89b-12d3-a456-426614174000").bytes, b"\x00\xff", [1, None, 3], '{"a":1}', now],
        second, list(second), [3] + [None] * 13 + [now]]


WRONG = {  # column -> another value, as close to the right one as the type allows
    "id": 7, "flag": False, "small": 6, "real": 1.5000001, "amount": Decimal("1234567890123456.79"),
    "born": dt.date(2024, 3, 1), "at": dt.datetime(2024, 2, 29, 13, 14, 15, 123457),
    "tz": dt.datetime(2024, 2, 29, 10, 14, 15, 0, UTC), "t": dt.time(13, 14, 15, 500001), "name": 'a "b", c ',
    "code": uuid.UUID("123e4567-e89b-12d3-a456-426614174001").bytes, "raw": b"\x00\xfe", "list": [1, 3], "doc": '{"a":2}'}


class VerifyTables(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.mkdir(self.path("expected"))
        self.write("expected/public.sample.csv", CSV)
        self.rules({"sample": {"kinds": {"doc": "json"}}})

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def rules(self, rules):
        self.write("exceptions.json", json.dumps(rules))

    def verify(self, data, schema=SCHEMA):
        """-> (exit code, output)"""
        name = f"c{uuid.uuid4().hex[:8]}"
        catalog = SqlCatalog(name, uri="sqlite:///" + self.path(name + ".db"), warehouse="file://" + self.path(name))
        catalog.create_namespace("university")
        table = catalog.create_table("university.sample", schema)
        columns = list(zip(*data)) if data else [[] for _ in schema]
        # from_pylist would refuse storage values of the uuid extension type
        arrays = [pa.ExtensionArray.from_storage(f.type, pa.array(list(c), f.type.storage_type))
                  if isinstance(f.type, pa.ExtensionType) else pa.array(list(c), f.type) for f, c in zip(schema, columns)]
        table.append(pa.table(arrays, schema=schema))
        run = subprocess.run([sys.executable, os.path.join(HERE, "verify_tables.py"), "--catalog", self.path(name + ".db"),
                              "--name", name, "--expected", self.path("expected")], capture_output=True, text=True, check=False)
        return run.returncode, run.stdout + run.stderr

    def test_right_table_passes(self):
        code, output = self.verify(rows())
        self.assertEqual(code, 0, output)

    def test_every_single_wrong_cell_is_found_by_both_readers(self):
        for column, value in WRONG.items():
            data = rows()
            data[0][SCHEMA.get_field_index(column)] = value
            code, output = self.verify(data)
            self.assertEqual(code, 1, column + output)
            for reader in ("pyiceberg", "duckdb"):
                self.assertIn(reader + ":", output)
            if column != "id":
                self.assertIn(f"column {column} is", output)

    def test_null_is_not_empty(self):
        data = rows()
        data[1][9] = None
        self.assertEqual(self.verify(data)[0], 1)

    def test_missing_and_doubled_rows_are_found(self):
        self.assertEqual(self.verify(rows()[:2] + rows()[3:])[0], 1)
        code, output = self.verify(rows() + rows()[1:2])
        self.assertEqual(code, 1)
        self.assertIn("unexpected row", output)

    def test_missing_and_strange_columns_are_found(self):
        code, output = self.verify([r[:9] + r[10:] for r in rows()], pa.schema(list(SCHEMA)[:9] + list(SCHEMA)[10:]))
        self.assertEqual(code, 1)
        self.assertIn("column name of the source is not in the table", output)
        code, output = self.verify([r + [1] for r in rows()], SCHEMA.append(pa.field("odd", pa.int32())))
        self.assertEqual(code, 1)
        self.assertIn("odd", output)

    def test_exceptions_excuse_only_what_they_name(self):
        data = rows()
        data[0][SCHEMA.get_field_index("at")] = dt.datetime(2000, 1, 1)
        rule = {"kinds": {"doc": "json"}, "any_value": [{"column": "at", "where": {"id": ["1"]}, "reason": ""}]}
        self.rules({"sample": rule})
        self.assertEqual(self.verify(data)[0], 0)
        data[0][SCHEMA.get_field_index("at")] = None
        self.assertEqual(self.verify(data)[0], 1)
        self.rules({"sample": {"kinds": {"doc": "json"}, "optional_rows": [{"where": {"id": ["1"]}, "reason": ""}]}})
        self.assertEqual(self.verify(data)[0], 0)
        self.assertEqual(self.verify(data[1:])[0], 0)
        self.assertEqual(self.verify(data[:1] + data)[0], 1)

    def test_stale_columns_are_null_and_stay_under_the_old_name(self):
        self.write("expected/public.sample.csv", "id,name\n1,new\n2,old\n")
        self.rules({"sample": {"stale": [{"column": "name", "sent_for": {"id": ["1"]}, "stays_in": "before"}]}})
        schema = pa.schema([("id", pa.int64()), ("name", pa.string()), ("before", pa.string())])
        self.assertEqual(self.verify([[1, "new", None], [2, None, "old"]], schema)[0], 0)
        self.assertEqual(self.verify([[1, "new", None], [2, "old", "old"]], schema)[0], 1)
        self.assertEqual(self.verify([[1, "new", None], [2, None, "odd"]], schema)[0], 1)

    def test_text_forms(self):
        self.write("t.csv", 'a,b\n,""\n"x\ny",\n')
        self.assertEqual(read_csv(self.path("t.csv")), (["a", "b"], [[None, ""], ["x\ny", None]]))
        self.assertEqual(parse_array('{1,NULL,"NULL","a\\"b,",}'), ["1", None, "NULL", 'a"b,', ""])
        self.assertEqual(comparable("-92,233.08", "decimal(19, 2)"), Decimal("-92233.08"))
        self.assertNotEqual(comparable("-0", "double"), comparable("0", "double"))

    def test_postgres_text_and_what_debezium_makes_of_it_compare_equal(self):
        self.assertEqual(comparable('"a"=>"1", "k\\"é"=>NULL', "string", "hstore"),
                         comparable('{"k\\"é":null,"a":"1"}', "string", "hstore"))
        self.assertNotEqual(comparable('"a"=>"1"', "string", "hstore"), comparable('{"a":null}', "string", "hstore"))
        self.assertEqual(comparable("", "string", "hstore"), comparable("{}", "string", "hstore"))
        self.assertEqual(comparable("(1.5,-2)", "string", "point"), comparable('{"x":1.5,"y":-2.0}', "string", "point"))
        self.assertNotEqual(comparable("(1.5,-2)", "string", "point"), comparable('{"x":1.5,"y":2}', "string", "point"))
        self.assertEqual(comparable("10101", "binary", "bits"), b"\x15")
        self.assertEqual(comparable("0000000100000010", "binary", "bits"), b"\x02\x01")
        self.assertEqual(comparable("00000000", "binary", "bits"), b"")
        self.assertIs(comparable("1", "boolean"), True)


if __name__ == "__main__":
    unittest.main()
