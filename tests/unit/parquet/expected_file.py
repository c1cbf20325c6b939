"""What random_files.cc says a file holds, in raw values: integers (floats by their bits, decimals unscaled), bytes, lists."""
import json
import math
import re
import struct


class Column:
    def __init__(self, told):
        self.name, self.type, self.id, self.required = told["name"], told["type"], told["id"], told["required"]
        self.element_id = told["element_id"]
        self.is_list = self.type.startswith("list<")
        self.leaf_type = self.type[5:-1] if self.is_list else self.type
        self.kind = self.leaf_type.split("(")[0]
        self.leaf_id = self.element_id if self.is_list else self.id
        numbers = re.findall(r"\d+", self.leaf_type) if self.kind == "decimal" else [0, 0]
        self.precision, self.scale = int(numbers[0]), int(numbers[1])
        self.values = [self._raw(v) for v in told["values"]]

    def _raw(self, value):
        if value is None:
            return None
        if isinstance(value, list):
            return [self._raw(v) for v in value]
        if self.kind == "decimal":
            return int(value)
        return bytes.fromhex(value) if self.kind in ("string", "binary", "uuid") else value

    def slots(self, begin, end):
        """The leaf's values with levels: an empty and a null list have one slot without a value."""
        if not self.is_list:
            return self.values[begin:end]
        return [v for row in self.values[begin:end] for v in (row or [None])]

    def ordered(self, raw):
        """A key in the type's order: of floats, −0 before +0, NaN last."""
        if self.kind in ("float", "double"):
            value = self.number(raw)
            return (1, 0.0, 0) if math.isnan(value) else (0, value, math.copysign(1, value))
        return raw

    def number(self, raw):
        """A float of its bits."""
        wide = self.kind == "double"
        return struct.unpack("<d" if wide else "<f", struct.pack("<Q" if wide else "<I", raw))[0]

    def is_nan(self, raw):
        return self.kind in ("float", "double") and math.isnan(self.number(raw))

    def least_and_most(self, slots):
        """(smallest, largest) raw value but NaN; (None, None) without any."""
        kept = {v for v in slots if v is not None}
        kept = [v for v in kept if not self.is_nan(v)]
        return (min(kept, key=self.ordered), max(kept, key=self.ordered)) if kept else (None, None)


class Expected:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
        self.rows, self.metrics, self.row_group_rows = told["rows"], told["metrics"], told["row_group_rows"]
        self.estimate = told["estimate"]
        self.columns = [Column(c) for c in told["columns"]]
