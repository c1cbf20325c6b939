"""The change data feed of a live table, by delta-rs: what each kind of question about changes must answer.

Each test changes the source, waits until the table has it, and reads the feed of the versions in between.
"""
import collections
import datetime
import unittest

import shop as shop_rows
from shop import delta_reader

shop = None  # set by check.py


def feed(table, first, last=None):
    changes = delta_reader.open_table(shop.folder(table)).load_cdf(starting_version=first, ending_version=last)
    return delta_reader.pa.table(changes.read_all()).to_pylist()


def kinds(changes):
    return dict(collections.Counter(change["_change_type"] for change in changes))


class Feed(unittest.TestCase):
    """Customers, unless a test says otherwise."""

    def version(self, table="customers"):
        return delta_reader.open_table(shop.folder(table)).version()

    def change(self, *statements, table="customers"):
        """\\return the feed of what the statements did"""
        before = self.version(table)
        shop.sql(*statements)
        shop_rows.wait(f"{table} after {statements[0][:60]}", lambda: shop_rows.difference_of(shop, table))
        # A merge of files is a version without changes; it may be the newest.
        return feed(table, before + 1, self.version(table)) if self.version(table) > before else []

    def new_customer(self, number, city="Oslo"):
        return ("INSERT INTO customers (customer_id, email, first_name, last_name, city, country) VALUES "
                f"({number}, 'feed{number}@shop.example', 'Feed', 'No {number}', '{city}', 'Norway')")

    def test_1_an_insert_is_one_row(self):
        changes = self.change(self.new_customer(100_001))
        self.assertEqual(kinds(changes), {"insert": 1})
        self.assertEqual(changes[0]["full_name"], "Feed No 100001")
        self.assertEqual(changes[0]["location"], "Oslo, Norway")
        self.assertEqual(changes[0]["_cdc_operation"], "INSERT")

    def test_2_an_update_is_the_row_before_and_after(self):
        changes = self.change("UPDATE customers SET city = 'Bergen', lifetime_value = 7.25 WHERE customer_id = 100001")
        self.assertEqual(kinds(changes), {"update_preimage": 1, "update_postimage": 1})
        image = {change["_change_type"]: change for change in changes}
        self.assertEqual(image["update_preimage"]["location"], "Oslo, Norway")
        self.assertEqual(image["update_postimage"]["location"], "Bergen, Norway")
        self.assertEqual(image["update_postimage"]["lifetime_value"], 7.25)
        self.assertEqual(image["update_preimage"]["_commit_version"], image["update_postimage"]["_commit_version"])

    def test_3_a_changed_key_is_a_delete_and_an_insert(self):
        changes = self.change("UPDATE customers SET customer_id = 100002 WHERE customer_id = 100001")
        self.assertEqual(kinds(changes), {"delete": 1, "insert": 1})
        self.assertEqual({c["_change_type"]: c["customer_id"] for c in changes}, {"delete": 100001, "insert": 100002})

    def test_4_a_delete_is_the_row_that_was(self):
        changes = self.change("DELETE FROM customers WHERE customer_id = 100002")
        self.assertEqual(kinds(changes), {"delete": 1})
        self.assertEqual(changes[0]["location"], "Bergen, Norway")

    def test_5_from_one_version_to_another(self):
        marks = [self.version()]
        for number in (100_011, 100_012, 100_013):
            self.change(self.new_customer(number))
            marks.append(self.version())
        between = feed("customers", marks[1] + 1, marks[2])
        self.assertEqual([change["customer_id"] for change in between], [100_012])
        self.assertEqual({c["customer_id"] for c in feed("customers", marks[0] + 1)}, {100_011, 100_012, 100_013})

    def test_6_of_a_time(self):
        changes = self.change(self.new_customer(100_021))
        moment = changes[0]["_commit_timestamp"]
        # delta-rs takes times with a zone; the feed's are UTC's.
        text = lambda t: t.replace(tzinfo=datetime.timezone.utc).isoformat()
        second = datetime.timedelta(seconds=1)
        table = delta_reader.open_table(shop.folder("customers"))
        got = table.load_cdf(starting_timestamp=text(moment - second / 1000), ending_timestamp=text(moment + second / 1000)).read_all()
        got = delta_reader.pa.table(got).to_pylist()
        self.assertIn(100_021, {change["customer_id"] for change in got})
        self.assertTrue(all(abs(change["_commit_timestamp"] - moment) <= second / 500 for change in got))

    def test_7_in_steps_it_is_the_same_as_at_once(self):
        first = self.version() + 1
        for n in range(4):
            self.change(self.new_customer(100_031 + n), f"UPDATE customers SET city = 'Step {n}' WHERE customer_id = {100_031 + n}")
        last = self.version()
        steps = [change for version in range(first, last + 1) for change in feed("customers", version, version)]
        canonical = lambda changes: collections.Counter(delta_reader.canonical(c) for c in changes)
        self.assertEqual(canonical(steps), canonical(feed("customers", first, last)))
        self.assertEqual({c["customer_id"] for c in steps if c["_change_type"] == "insert"}, {100_031 + n for n in range(4)})

    def test_8_a_column_that_is_added(self):
        self.change("ALTER TABLE products ADD COLUMN rating integer", "UPDATE products SET rating = 5 WHERE product_id = 3",
                    table="products")
        have = {row["product_id"]: row["rating"] for row in delta_reader.rows_by_delta_rs(shop.folder("products"))}
        self.assertEqual((have[3], have[4]), (5, None))
        of_the_row = [c for c in feed("products", 0) if c["_change_type"] == "update_postimage" and c["product_id"] == 3]
        newest = max(change["_commit_version"] for change in of_the_row)
        self.assertEqual([c["rating"] for c in of_the_row if c["_commit_version"] == newest], [5])
        self.assertEqual({c["rating"] for c in of_the_row if c["_commit_version"] < newest} - {None}, set())

    def test_9_many_rows_at_once(self):
        rows = 20_000
        select = f"SELECT 200000 + n, 'many' || n || '@shop.example', 'Many', 'No ' || n FROM generate_series(1, {rows}) n"
        inserted = self.change(f"INSERT INTO customers (customer_id, email, first_name, last_name) {select}")
        self.assertEqual(kinds(inserted), {"insert": rows})
        updated = self.change("UPDATE customers SET customer_tier = 'Gold' WHERE customer_id > 200000")
        # A commit has the last change of a key; a row that two commits change is told of twice.
        self.assertEqual(kinds(updated), {"update_preimage": rows, "update_postimage": rows})
        self.assertEqual(kinds(self.change("DELETE FROM customers WHERE customer_id > 200000")), {"delete": rows})
