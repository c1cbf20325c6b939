"""Judges position delete files with pyarrow and DuckDB.

usage: check_deletes.py EXPECTED    lines "FILE @PATH POSITION… @PATH POSITION…"; exit 0: both readers find just these
"""
import os
import sys

import duckdb
import pyarrow.parquet as pq


def check(path, rows):
    file = pq.ParquetFile(path, page_checksum_verification=True)
    ids = [int(field.metadata[b"PARQUET:field_id"]) for field in file.schema_arrow]
    assert ids == [2147483546, 2147483545], ids
    assert not any(field.nullable for field in file.schema_arrow)
    table = file.read()
    paths, positions = [each for each, _ in rows], [position for _, position in rows]
    assert table.column("pos").to_pylist() == positions, path
    assert table.column("file_path").to_pylist() == paths, path
    for column, values in ((0, paths), (1, positions)):
        statistics = file.metadata.row_group(0).column(column).statistics
        assert (statistics.min, statistics.max, statistics.null_count) == (min(values), max(values), 0), statistics
    assert duckdb.execute("select file_path, pos from read_parquet(?)", [path]).fetchall() == rows, path
    for some in (rows[0], rows[len(rows) // 2], rows[-1]):
        found = duckdb.execute("select count(*) from read_parquet(?) where file_path = ? and pos = ?", [path, *some])
        assert found.fetchone() == (1,), (path, some)


def expected(words):
    path, rows = None, []
    for word in words:
        if word.startswith("@"):
            path = word[1:]
        else:
            rows.append((path, int(word)))
    return rows


def main():
    folder = os.path.dirname(sys.argv[1])
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            name, *words = line.split()
            check(os.path.join(folder, name), expected(words))


main()
