"""Schema, statistics and Iceberg metrics of a file against what its rows make of them."""
import struct

BOOLEAN, INT32, INT64, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = 0, 1, 2, 4, 5, 6, 7
MICROS = {2: {}}
# kind -> physical type, converted type, logical type, as the format's LogicalTypes.md and Iceberg's appendix A want it
LEAVES = {
    "boolean": (BOOLEAN, None, None), "int": (INT32, None, None), "long": (INT64, None, None), "float": (FLOAT, None, None),
    "double": (DOUBLE, None, None), "date": (INT32, 6, {6: {}}), "time": (INT64, None, {7: {1: False, 2: MICROS}}),
    "timestamp": (INT64, None, {8: {1: False, 2: MICROS}}), "timestamptz": (INT64, 10, {8: {1: True, 2: MICROS}}),
    "string": (BYTE_ARRAY, 0, {1: {}}), "uuid": (FIXED, None, {14: {}}), "binary": (BYTE_ARRAY, None, None),
}
REQUIRED, OPTIONAL, REPEATED = 0, 1, 2
# Longer ones may be left out of the statistics, and empty texts are by some writers.
ALWAYS_TOLD = range(1, 65)


def decimal_bytes(precision):
    length = 1
    while 2 ** (8 * length - 1) < 10 ** precision:
        length += 1
    return length


def leaf_element(column, name, repetition, field_id):
    element = {3: repetition, 4: name.encode(), 9: field_id}
    if column.kind == "decimal":
        physical = INT32 if column.precision <= 9 else INT64 if column.precision <= 18 else FIXED
        element |= {1: physical, 6: 5, 7: column.scale, 8: column.precision, 10: {5: {1: column.scale, 2: column.precision}}}
        if physical == FIXED:
            element[2] = decimal_bytes(column.precision)
        return element
    physical, converted, logical = LEAVES[column.kind]
    element[1] = physical
    if column.kind == "uuid":
        element[2] = 16
    if converted is not None:
        element[6] = converted
    if logical is not None:
        element[10] = logical
    return element


def check_schema(file, expected):
    wanted = []
    for column in expected.columns:
        repetition = REQUIRED if column.required else OPTIONAL
        if not column.is_list:
            wanted.append(leaf_element(column, column.name, repetition, column.id))
            continue
        wanted.append({3: repetition, 4: column.name.encode(), 5: 1, 6: 3, 9: column.id, 10: {3: {}}})
        wanted.append({3: REPEATED, 4: b"list", 5: 1})
        wanted.append(leaf_element(column, "element", OPTIONAL, column.element_id))
    got = file.footer[2]
    if got[0].get(5) != len(expected.columns):
        yield f"the schema's root has {got[0].get(5)} children"
    if len(got) - 1 != len(wanted):
        yield f"{len(got) - 1} schema elements, not {len(wanted)}"
    for element, want in zip(got[1:], wanted):
        # Nothing is said by a leaf's children of 0, an id of −1 or a logical type of UNKNOWN.
        told = {k: v for k, v in element.items() if (k, v) not in ((5, 0), (9, -1))}
        if told != want:
            yield f"schema of {want[4].decode()}: {told}, not {want}"


def raw_of_statistic(column, data):
    kind = column.kind
    if kind == "boolean":
        return data == b"\1"
    if kind in ("string", "binary", "uuid"):
        return data
    if kind == "decimal" and column.precision > 18:
        if len(data) != decimal_bytes(column.precision):
            raise ValueError(f"{len(data)} bytes")
        return int.from_bytes(data, "big", signed=True)
    width = {"int": 4, "date": 4, "float": 4}.get(kind, 4 if kind == "decimal" and column.precision <= 9 else 8)
    if len(data) != width:
        raise ValueError(f"{len(data)} bytes")
    return int.from_bytes(data, "little", signed=kind not in ("float", "double"))


def size_of(raw):
    return len(raw) if isinstance(raw, bytes) else 8


def check_statistics(where, column, statistics, slots):
    nulls = sum(v is None for v in slots)
    if statistics.get(3, nulls) != nulls:
        yield f"{where}: {statistics[3]} nulls, not {nulls}"
    if 4 in statistics and statistics[4] != len({v for v in slots if v is not None}):
        yield f"{where}: {statistics[4]} distinct values"
    least, most = column.least_and_most(slots)
    if least is None:
        if {1, 2, 5, 6} & set(statistics):
            yield f"{where}: bounds {statistics} without values"
        return
    # A uuid may have none: Java's Iceberg orders them otherwise, and leaves out rows by right bounds.
    if column.kind != "uuid" and not {5, 6} <= set(statistics) and max(size_of(least), size_of(most)) in ALWAYS_TOLD:
        yield f"{where}: no bounds in {statistics}"
    for field, want, exact, side in ((6, least, 8, -1), (5, most, 7, 1), (2, least, 8, -1), (1, most, 7, 1)):
        if field not in statistics:
            continue
        if field in (1, 2) and column.kind in ("string", "binary", "uuid"):
            yield f"{where}: deprecated bounds of a type without their order"
            continue
        try:
            got = raw_of_statistic(column, statistics[field])
        except ValueError as error:
            yield f"{where}: bound of {error}"
            continue
        if column.kind in ("float", "double") and column.number(want) == 0:
            # Readers may compare signs of zero: the specification wants the one that includes both.
            if column.number(got) != 0 or (column.number(got).hex()[0] == "-") != (side < 0):
                yield f"{where}: bound {column.number(got)} of {column.number(want)}, side {side}"
        elif statistics.get(exact) is False:
            if (got > want) if side < 0 else (got < want):
                yield f"{where}: {got!r} does not bound {want!r}"
        elif got != want:
            yield f"{where}: bound {got!r}, not {want!r}, side {side}"


def check_all_statistics(file, expected):
    row = 0
    for number, (group, chunks) in enumerate(file.groups):
        end = row + group[3]
        if group[3] > expected.row_group_rows:
            yield f"group {number} has {group[3]} rows, more than {expected.row_group_rows}"
        for column, chunk in zip(expected.columns, chunks):
            slots = column.slots(row, end)
            where = f"group {number} {column.name} {column.type}"
            if chunk.values != len(slots):
                yield f"{where}: {chunk.values} values, not {len(slots)}"
            if 3 not in chunk.statistics:
                yield f"{where}: no null count"
            yield from check_statistics(where, column, chunk.statistics, slots)
            yield from check_pages(where, column, chunk, slots)
        row = end
    if row != expected.rows:
        yield f"{row} rows in groups, not {expected.rows}"


def check_pages(where, column, chunk, slots):
    slot = 0
    for place, (header, _, _) in enumerate(chunk.data_pages()):
        count = header[5][1]
        if 5 in header[5]:
            yield from check_statistics(f"{where} page {place}", column, header[5][5], slots[slot:slot + count])
        slot += count


def serialized(column, raw):
    """Iceberg's single value."""
    kind = column.kind
    if kind == "boolean":
        return b"\1" if raw else b"\0"
    if kind in ("string", "binary", "uuid"):
        return raw
    if kind == "decimal":
        length = 1
        while not -(2 ** (8 * length - 1)) <= raw < 2 ** (8 * length - 1):
            length += 1
        return raw.to_bytes(length, "big", signed=True)
    return struct.pack({"int": "<i", "date": "<i", "float": "<I", "double": "<Q"}.get(kind, "<q"), raw)


def cut(column, raw):
    if column.kind == "string":
        return raw.decode()[:16].encode()
    return raw[:16] if column.kind == "binary" else raw


def rounded_up(column, raw):
    """The cut bound that is not below; None when there is none."""
    start = cut(column, raw)
    if start == raw:
        return raw
    if column.kind == "binary":
        start = start.rstrip(b"\xff")
        return start[:-1] + bytes([start[-1] + 1]) if start else None
    points = start.decode()
    while points and points[-1] == "\U0010ffff":
        points = points[:-1]
    if not points:
        return None
    following = ord(points[-1]) + 1
    return (points[:-1] + chr(0xE000 if following == 0xD800 else following)).encode()


def check_metrics(file, expected):
    metrics = expected.metrics
    if metrics["record_count"] != expected.rows:
        yield f"record_count {metrics['record_count']}"
    if metrics["file_size_in_bytes"] != len(file.data):
        yield f"file_size_in_bytes {metrics['file_size_in_bytes']}, not {len(file.data)}"
    offsets = [chunks[0].begin for _, chunks in file.groups]
    if metrics["split_offsets"] != offsets:
        yield f"split_offsets {metrics['split_offsets']}, not {offsets}"
    wanted = {key: {} for key in ("value_counts", "null_value_counts", "nan_value_counts", "lower_bounds", "upper_bounds")}
    sizes = {}
    for place, column in enumerate(expected.columns):
        key = str(column.leaf_id)
        slots = column.slots(0, expected.rows)
        wanted["value_counts"][key] = len(slots)
        wanted["null_value_counts"][key] = sum(v is None for v in slots)
        if column.kind in ("float", "double"):
            wanted["nan_value_counts"][key] = sum(v is not None and column.is_nan(v) for v in slots)
        if file.groups:
            sizes[key] = sum(chunks[place].meta[7] for _, chunks in file.groups)
        least, most = column.least_and_most(slots)
        if column.is_list or least is None:
            continue
        if column.kind == "uuid" and key not in metrics["lower_bounds"] and key not in metrics["upper_bounds"]:
            continue
        wanted["lower_bounds"][key] = serialized(column, cut(column, least)).hex()
        upper = rounded_up(column, most) if column.kind in ("string", "binary") else most
        if upper is not None:
            wanted["upper_bounds"][key] = serialized(column, upper).hex()
    wanted["column_sizes"] = sizes
    for name, values in wanted.items():
        for key in sorted(set(values) | set(metrics[name])):
            if values.get(key) != metrics[name].get(key):
                yield f"{name} of {key}: {metrics[name].get(key)}, not {values.get(key)}"
