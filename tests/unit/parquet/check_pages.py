"""Judges a file of one column by its rows: statistics, page counts and checksums.

usage: check_pages.py FILE WANTED …     WANTED: pages of the first row group, "kind:encoding:count …"; empty: any
"""
import math
import struct
import sys

import pyarrow as pa
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


def check_index(path, group, chunk, kind):
    """The files are of one column: its chunk has a page index when it has several data pages."""
    parts = [part.split(":") for part in pages(path, chunk).split()]
    data = [(encoding, int(count)) for kind_of_page, encoding, count in parts if kind_of_page == "data"]
    several = sum(count for _, count in data) > 1
    check(f"offset index of group {group}", chunk.has_offset_index, several)
    plain = all(encoding == "PLAIN" for encoding, _ in data) and not pa.types.is_list(kind)
    check(f"column index of group {group}", chunk.has_column_index, several and plain)


def check_file(path, wanted):
    file = pq.ParquetFile(path, page_checksum_verification=True)
    for number in range(file.metadata.num_row_groups):
        column = file.read_row_group(number).column(0)
        chunk = file.metadata.row_group(number).column(0)
        check_statistics(number, chunk, list(leaves(column.to_pylist())))
        check_index(path, number, chunk, column.type)
    if wanted:
        check("pages", pages(path, file.metadata.row_group(0).column(0)), wanted)


def main():
    for path, wanted in zip(sys.argv[1::2], sys.argv[2::2]):
        known = len(failures)
        check_file(path, wanted)
        failures[known:] = [f"{path.split('/')[-1]}: {failure}" for failure in failures[known:]]
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


main()
