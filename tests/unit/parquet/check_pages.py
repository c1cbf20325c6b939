"""Judges a file of one column by its rows: statistics, page counts and checksums.

usage: check_pages.py FILE WANTED     WANTED: pages of the first row group, "kind:encoding:count …"; empty: any
"""
import math
import struct
import sys

import pyarrow.parquet as pq

LONGEST_STATISTIC = 4096
failures = []


def check(what, got, wanted):
    if got != wanted:
        failures.append(f"{what}: got {got!r:.200}, expected {wanted!r:.200}")


def leaves(values):
    """Values as the leaf column has them: of lists their elements, and a null for each list without any."""
    for value in values:
        if isinstance(value, list):
            yield from value or [None]
        else:
            yield value


class Thrift:
    """Compact protocol, as far as page headers need it: a struct becomes {field id: value}."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def varint(self):
        value = shift = 0
        while True:
            self.at += 1
            value |= (self.data[self.at - 1] & 0x7F) << shift
            shift += 7
            if self.data[self.at - 1] < 0x80:
                return value

    def struct(self):
        fields, field = {}, 0
        while self.data[self.at]:
            head = self.data[self.at]
            self.at += 1
            field += head >> 4
            if head & 15 == 12:
                fields[field] = self.struct()
            else:
                value = self.varint()
                fields[field] = value >> 1 ^ -(value & 1)
        self.at += 1
        return fields


def pages(path, chunk):
    """Of a column chunk: "kind:encoding:count" in the file's order, and its end."""
    with open(path, "rb") as file:
        data = file.read()
    at = chunk.dictionary_page_offset or chunk.data_page_offset
    end = at + chunk.total_compressed_size
    found = {}
    while at < end:
        reader = Thrift(data, at)
        header = reader.struct()
        kind = "dictionary" if header[1] == 2 else "data"
        encoding = {0: "PLAIN", 8: "RLE_DICTIONARY"}[(header.get(5) or header[7])[2]]
        found[kind, encoding] = found.get((kind, encoding), 0) + 1
        at = reader.at + header[3]
    check("end of the pages", at, end)
    return " ".join(f"{kind}:{encoding}:{count}" for (kind, encoding), count in found.items())


def bits(value):
    return struct.pack("<d", value) if isinstance(value, float) else value


def check_statistics(group, chunk, values):
    statistics = chunk.statistics
    check(f"values of group {group}", chunk.num_values, len(values))
    check(f"nulls of group {group}", statistics.null_count, sum(v is None for v in values))
    kept = [v for v in values if v is not None and v == v]
    sizes = [len(v.encode()) for v in (min(kept), max(kept)) if isinstance(v, str)] if kept else []
    if not kept or any(size > LONGEST_STATISTIC for size in sizes):
        check(f"bounds of group {group}", statistics.has_min_max, False)
        return
    least, most = min(kept), max(kept)
    if isinstance(least, float):
        least, most = least if least else -0.0, most if most else 0.0
    check(f"bounds of group {group}", statistics.has_min_max, True)
    if statistics.has_min_max:
        check(f"least of group {group}", bits(statistics.min), bits(least))
        check(f"most of group {group}", bits(statistics.max), bits(most))


def main():
    file = pq.ParquetFile(sys.argv[1], page_checksum_verification=True)
    metadata = file.metadata
    for group in range(metadata.num_row_groups):
        column = file.read_row_group(group).column(0)
        check_statistics(group, metadata.row_group(group).column(0), list(leaves(column.to_pylist())))
    found = pages(sys.argv[1], metadata.row_group(0).column(0))
    if sys.argv[2]:
        check("pages", found, sys.argv[2])
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


main()
