"""A Parquet file by its bytes: footer and pages as the format's thrift has them, without a library that could be lenient.

`check_structure` is for files as lib/parquet writes them: version 1 data pages, Zstandard, checksums, nothing between the
pages; page_index.py looks behind them. What it finds wrong it tells as texts.
"""
import struct
import zlib

import pyarrow as pa

DATA_PAGE, DICTIONARY_PAGE = 0, 2
PLAIN, RLE, RLE_DICTIONARY = 0, 3, 8
ZSTD = 6


class Thrift:
    """Compact protocol: a struct becomes {field id: value}, a list a list."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def zigzag(self):
        n = self.varint()
        return (n >> 1) ^ -(n & 1)

    def struct(self):
        fields, field = {}, 0
        while True:
            head = self.byte()
            if head == 0:
                return fields
            field = field + (head >> 4) if head >> 4 else self.zigzag()
            if field in fields:
                raise ValueError(f"thrift field {field} twice")
            kind = head & 15
            fields[field] = kind == 1 if kind in (1, 2) else self.value(kind)

    def value(self, kind):
        if kind in (1, 2):
            return self.byte() == 1
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 7:
            self.at += 8
            return struct.unpack_from("<d", self.data, self.at - 8)[0]
        if kind == 8:
            length = self.varint()
            self.at += length
            if self.at > len(self.data):
                raise ValueError("thrift text beyond the end")
            return self.data[self.at - length:self.at]
        if kind == 9:
            head = self.byte()
            count = head >> 4 if head >> 4 < 15 else self.varint()
            return [self.value(head & 15) for _ in range(count)]
        if kind == 12:
            return self.struct()
        raise ValueError(f"thrift type {kind} is not known here")


class Chunk:
    """One column of one row group. `pages`: (page header's fields, offset, uncompressed bytes)."""

    def __init__(self, data, fields):
        self.fields = fields
        self.meta = fields[3]
        self.path = ".".join(name.decode() for name in self.meta[3])
        self.values = self.meta[5]
        self.data_offset, self.dictionary_offset = self.meta[9], self.meta.get(11)
        self.begin = self.data_offset if self.dictionary_offset is None else min(self.data_offset, self.dictionary_offset)
        self.end = self.begin + self.meta[7]
        self.statistics = self.meta.get(12, {})
        self.pages, self.faults, self.uncompressed = [], [], 0
        self._read_pages(data)

    def _read_pages(self, data):
        codec, at = pa.Codec("zstd"), self.begin
        while at < self.end:
            thrift = Thrift(data, at)
            header = thrift.struct()
            body = data[thrift.at:thrift.at + header[3]]
            crc = header.get(4)
            if crc is None:
                self.faults.append(f"page at {at} has no checksum")
            elif crc & 0xFFFFFFFF != zlib.crc32(body):
                self.faults.append(f"page at {at}: checksum {crc & 0xFFFFFFFF:x}, bytes have {zlib.crc32(body):x}")
            plain = codec.decompress(body, header[2]).to_pybytes()
            if len(plain) != header[2]:
                self.faults.append(f"page at {at} has {len(plain)} bytes, header says {header[2]}")
            self.pages.append((header, at, plain))
            self.uncompressed += thrift.at - at + header[2]
            at = thrift.at + header[3]
        if at != self.end:
            self.faults.append(f"last page ends at {at}, chunk at {self.end}")

    def data_pages(self):
        return [page for page in self.pages if page[0][1] == DATA_PAGE]


class File:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:4] != b"PAR1" or self.data[-4:] != b"PAR1":
            raise ValueError("no magic number")
        length = struct.unpack("<I", self.data[-8:-4])[0]
        self.footer_at = len(self.data) - 8 - length
        thrift = Thrift(self.data, self.footer_at)
        self.footer = thrift.struct()
        if thrift.at != len(self.data) - 8:
            raise ValueError(f"the footer ends at {thrift.at}, not before its length at {len(self.data) - 8}")
        self.groups = [(group, [Chunk(self.data, c) for c in group[1]]) for group in self.footer.get(4, [])]


def check_structure(file):
    """-> what is wrong, as texts"""
    wrong = []
    at = 4
    leaves = [e for e in file.footer[2] if 1 in e]
    if file.footer[3] != sum(group[3] for group, _ in file.groups):
        wrong.append("rows of the file are not those of its groups")
    if file.footer.get(7) != [{1: {}}] * len(leaves):
        wrong.append(f"column orders are {file.footer.get(7)}")
    for number, (group, chunks) in enumerate(file.groups):
        where = f"group {number}"
        if group[3] <= 0:
            wrong.append(f"{where} has {group[3]} rows")
        wanted = {2: sum(c.meta[6] for c in chunks), 6: sum(c.meta[7] for c in chunks), 5: at}
        if number < 1 << 15:
            wanted[7] = number
        for field, value in wanted.items():
            if group.get(field, value if field == 7 else None) != value:
                wrong.append(f"{where}: field {field} is {group.get(field)}, not {value}")
        if len(chunks) != len(leaves):
            wrong.append(f"{where} has {len(chunks)} chunks for {len(leaves)} columns")
        for chunk, leaf in zip(chunks, leaves):
            if chunk.begin != at:
                wrong.append(f"{where} {chunk.path} begins at {chunk.begin}, not {at}")
            at = chunk.end
            wrong += [f"{where} {chunk.path}: {fault}" for fault in check_chunk(chunk, leaf)]
    return wrong


def check_chunk(chunk, leaf):
    wrong = list(chunk.faults)
    if chunk.meta[1] != leaf[1] or chunk.meta[4] != ZSTD:
        wrong.append(f"type {chunk.meta[1]}, codec {chunk.meta[4]}")
    if chunk.meta[6] != chunk.uncompressed:
        wrong.append(f"uncompressed size {chunk.meta[6]}, pages have {chunk.uncompressed}")
    used, stats = set(), {}
    values = 0
    for place, (header, at, _) in enumerate(chunk.pages):
        if header[1] == DICTIONARY_PAGE:
            encoding = header[7][2]
            if place != 0 or chunk.dictionary_offset != at:
                wrong.append(f"dictionary at {at} in place {place}, chunk says {chunk.dictionary_offset}")
            if encoding != PLAIN:
                wrong.append(f"dictionary page has encoding {encoding}")
            if header[7][1] < 0:
                wrong.append(f"dictionary of {header[7][1]} values")
        elif header[1] == DATA_PAGE:
            encoding = header[5][2]
            if (header[5][3], header[5][4]) != (RLE, RLE):
                wrong.append(f"levels of page at {at} have encodings {header[5][3]}, {header[5][4]}")
            if encoding == RLE_DICTIONARY and chunk.dictionary_offset is None:
                wrong.append(f"page at {at} needs a dictionary")
            values += header[5][1]
        else:
            wrong.append(f"page of type {header[1]}")
            continue
        used.add(encoding)
        stats[header[1], encoding] = stats.get((header[1], encoding), 0) + 1
    data = chunk.data_pages()
    if not data or data[0][1] != chunk.data_offset:
        wrong.append(f"first data page at {data[0][1] if data else None}, chunk says {chunk.data_offset}")
    if chunk.dictionary_offset is not None and chunk.pages[0][0][1] != DICTIONARY_PAGE:
        wrong.append("no dictionary where the chunk says")
    if values != chunk.values:
        wrong.append(f"{values} values in pages, {chunk.values} in chunk")
    if not used <= set(chunk.meta[2]) <= used | {RLE}:
        wrong.append(f"encodings {chunk.meta[2]}, pages use {sorted(used)}")
    # Engines leave out a whole group by its dictionary when these say that no page has fallen back to plain.
    told = {(s[1], s[2]): s[3] for s in chunk.meta.get(13, [])}
    if told and told != stats:
        wrong.append(f"encoding statistics {told}, pages have {stats}")
    return wrong
