"""The loads of bench/run: what is produced, and what is told to the worker about it."""

MILLION = 1_000_000
CORPUS = ["--file", "{corpus}", "--records"]
STUDENTS = {"birth_date": "date", "gpa": "numeric(3,2)", "enrolled_at": "timestamp", "updated_at": "timestamptz"}


class Load:
    """`base` is produced and applied before the clock starts, `timed` is what is measured."""

    def __init__(self, about, timed, base=None, columns=STUDENTS, memory="256MB"):
        self.about, self.timed, self.base, self.columns, self.memory = about, timed, base, columns, memory

    def base_records(self):
        """\\return the records of `base`: so many stand in the topic before `timed` is produced."""
        return self.base[-1] if self.base else 0


def changes(count, updates, deletes, *more):
    return ["--changes", count, "--updates", updates, "--deletes", deletes, *more]


LOADS = {
    "students": Load("the students corpus repeated to 4 M records, no schema", CORPUS + [4 * MILLION]),
    "backlog": Load("the first 370,000 records of the corpus", CORPUS + [370_000]),
    "schema": Load("2 M inserts, updates and deletes with embedded schemas",
                   ["--schema", "--snapshot", 500_000, *changes(1_500_000, 0.7, 0.1)], columns={}),
    "snapshot": Load("an empty table, 4 M `r` events", ["--snapshot", 4 * MILLION]),
    "updates10m": Load("10 M keys, 4 M changes, 70 % of them updates of random keys",
                       ["--skip", 10 * MILLION, "--seed", 2, *changes(4 * MILLION, 0.7, 0.1)],
                       base=["--snapshot", 10 * MILLION]),
    "uuid": Load("random UUID keys: 2 M inserts, then 2 M changes",
                 ["--uuid-keys", "--snapshot", 2 * MILLION, *changes(2 * MILLION, 0.7, 0.1)],
                 columns={**STUDENTS, "id": "uuid"}),
    "deletes": Load("1 M inserts, then 2 M changes, 90 % of them deletes",
                    ["--snapshot", MILLION, *changes(2 * MILLION, 0.05, 0.9)]),
    "hot": Load("1 M inserts, then 3 M updates of 1,000 keys",
                ["--snapshot", MILLION, "--hot", 1000, *changes(3 * MILLION, 1, 0)]),
    "wide": Load("150 columns: 300,000 inserts, 300,000 changes",
                 ["--columns", 150, "--snapshot", 300_000, *changes(300_000, 0.7, 0.1)]),
    "large": Load("rows of 5 KB: 200,000 inserts, 200,000 changes",
                  ["--text-bytes", 5000, "--snapshot", 200_000, *changes(200_000, 0.7, 0.1)]),
}
