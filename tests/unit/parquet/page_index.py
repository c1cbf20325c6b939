"""The page index (format's PageIndex.md), where a file has one: offsets against the pages, bounds against the rows.

It may be left out. Where it is, engines skip pages by it: a wrong bound loses rows as a wrong statistic does.
"""
from check_metadata import raw_of_statistic
from parquet_pages import Thrift

UNORDERED, ASCENDING, DESCENDING = 0, 1, 2


def index_ranges(chunk):
    """(offset, length) of the chunk's offset index and column index, of those it has."""
    return [(chunk.fields[at], chunk.fields[at + 1]) for at in (4, 6) if at in chunk.fields]


def check_page_index(file, expected):
    row = 0
    for number, (group, chunks) in enumerate(file.groups):
        for column, chunk in zip(expected.columns, chunks):
            where = f"group {number} {column.name} {column.type}"
            first_rows = None
            if 4 in chunk.fields:
                first_rows = []
                rows = column.values[row:row + group[3]]
                yield from check_offsets(where, chunk, read(file, chunk, 4), rows, column, first_rows)
            if 6 in chunk.fields and first_rows is not None:
                ends = first_rows[1:] + [group[3]]
                pages = [column.slots(row + a, row + b) for a, b in zip(first_rows, ends)]
                yield from check_bounds(where, column, read(file, chunk, 6), pages)
        row += group[3]
    # Everything between the last page and the footer is index, and nothing overlaps.
    at = max((chunk.end for _, chunks in file.groups for chunk in chunks), default=4)
    for offset, length in sorted(r for _, chunks in file.groups for chunk in chunks for r in index_ranges(chunk)):
        if offset != at:
            yield f"{offset - at} bytes before the index at {offset}"
        at = offset + length
    if at != file.footer_at:
        yield f"{file.footer_at - at} bytes between pages or index and the footer"


def read(file, chunk, field):
    offset, length = chunk.fields[field], chunk.fields[field + 1]
    thrift = Thrift(file.data, offset)
    index = thrift.struct()
    if thrift.at != offset + length:
        raise ValueError(f"index at {offset} ends at {thrift.at}, not after {length} bytes")
    return index


def check_offsets(where, chunk, index, rows, column, first_rows):
    pages = chunk.data_pages()
    if len(index[1]) != len(pages):
        yield f"{where}: {len(index[1])} places for {len(pages)} pages"
        return
    row = 0
    ends = [at for _, at, _ in chunk.pages[1:]] + [chunk.end]
    ends = dict(zip([at for _, at, _ in chunk.pages], ends))
    for place, (header, at, _) in zip(index[1], pages):
        if (place[1], place[2], place[3]) != (at, ends[at] - at, row):
            yield f"{where}: place {place} for the page at {at} of {ends[at] - at} bytes, row {row}"
        first_rows.append(row)
        left = header[5][1]
        while left > 0 and row < len(rows):
            left -= max(1, len(rows[row] or [])) if column.is_list else 1
            row += 1
        if left != 0:
            yield f"{where}: the page at {at} ends inside a row"


def check_bounds(where, column, index, pages):
    if not all(len(index[field]) == len(pages) for field in (1, 2, 3)):
        yield f"{where}: {[len(index[field]) for field in (1, 2, 3)]} bounds for {len(pages)} pages"
        return
    bounds = []
    for number, slots in enumerate(pages):
        least, most = column.least_and_most(slots)
        if 5 in index and index[5][number] != sum(v is None for v in slots):
            yield f"{where} page {number}: {index[5][number]} nulls"
        if index[1][number] != all(v is None for v in slots):
            yield f"{where} page {number}: null page {index[1][number]}"
        if index[1][number] or least is None:
            continue
        low, high = (column.ordered(raw_of_statistic(column, index[field][number])) for field in (2, 3))
        if low > column.ordered(least) or high < column.ordered(most):
            yield f"{where} page {number}: {low!r} and {high!r} do not bound {least!r} and {most!r}"
        bounds.append((low, high))
    for order, ordered in ((ASCENDING, bounds), (DESCENDING, bounds[::-1])):
        for (a, b), (c, d) in zip(ordered, ordered[1:]):
            if index[4] == order and (c < a or d < b):
                yield f"{where}: pages are not in the order {order}"
                return
