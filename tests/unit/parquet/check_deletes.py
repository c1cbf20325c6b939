"""Judges position delete files with pyarrow and DuckDB.

usage: check_deletes.py EXPECTED    lines "FILE POSITION…"; exit 0: both readers find just these, for one path
"""
import os
import sys

import duckdb
import pyarrow.parquet as pq

PATH = "/data/ä.parquet"


def check(path, positions):
    file = pq.ParquetFile(path, page_checksum_verification=True)
    ids = [int(field.metadata[b"PARQUET:field_id"]) for field in file.schema_arrow]
    assert ids == [2147483546, 2147483545], ids
    assert not any(field.nullable for field in file.schema_arrow)
    table = file.read()
    assert table.column("pos").to_pylist() == positions, path
    assert set(table.column("file_path").to_pylist()) == {PATH}, path
    for column, least, greatest in ((0, PATH, PATH), (1, positions[0], positions[-1])):
        statistics = file.metadata.row_group(0).column(column).statistics
        assert (statistics.min, statistics.max, statistics.null_count) == (least, greatest, 0), statistics
    rows = duckdb.execute("select file_path, pos from read_parquet(?)", [path]).fetchall()
    assert rows == [(PATH, position) for position in positions], path
    some = positions[len(positions) // 2]
    found = duckdb.execute("select count(*) from read_parquet(?) where pos = ? and file_path = ?", [path, some, PATH])
    assert found.fetchone() == (1,), path


def main():
    folder = os.path.dirname(sys.argv[1])
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            name, *positions = line.split()
            check(os.path.join(folder, name), [int(position) for position in positions])


main()
