#!/usr/bin/env python3
"""Changes a table as another engine does, by pyiceberg: write_rows.py CATALOG TABLE ACTION WHAT

append: a row of that id (other columns null); delete: the row of that id, its file written anew; rename: that column,
to "other"; name: the table, to that name; register: that metadata file as the table; codec: all manifests written anew,
compressed so; gzip: the metadata file, compressed; location: WHAT added to the table's; column: "theirs" of that type;
view: of that name.
"""
import gzip
import os
import sqlite3
import sys
import zlib

import pyarrow as pa
from pyiceberg.avro import codecs
from pyiceberg.types import (FixedType, ListType, LongType, MapType, NestedField, StringType, StructType)

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from lake_readers import open_catalog  # pylint: disable=wrong-import-position



class Snappy(codecs.Codec):
    """pyiceberg wants a package for it that nobody else here needs; Arrow has the same."""

    @staticmethod
    def compress(data):
        packed = pa.compress(data, "snappy", asbytes=True) + zlib.crc32(data).to_bytes(4, "big")
        return packed, len(packed)


codecs.KNOWN_CODECS["snappy"] = Snappy
codecs.CODEC_MAPPING_ICEBERG_TO_AVRO["snappy"] = "snappy"


def type_of(words):
    """Of a column that cdc has no counterpart of. Ids are given anew."""
    struct = StructType(NestedField(101, "x", LongType(), required=False),
                        NestedField(102, "y", StringType(), required=False))
    return {"map": MapType(101, StringType(), 102, LongType(), value_required=False), "struct": struct,
            "list of struct": ListType(103, struct, element_required=False), "fixed": FixedType(16),
            "nested list": ListType(101, ListType(102, LongType(), element_required=False), element_required=False)}[words]


def set_location(catalog_file, location):
    """Points the catalog to another metadata file of the table."""
    with sqlite3.connect(catalog_file) as db:
        db.execute("UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = ?", (location, name.split(".")[1]))


def gzipped(table):
    location = table.metadata_location.replace(".metadata.json", ".gz.metadata.json")
    with open(table.metadata_location.removeprefix("file://"), "rb") as plain:
        with gzip.open(location.removeprefix("file://"), "wb") as packed:
            packed.write(plain.read())
    return location


def moved(table, ending):
    """A metadata file that says the same of another location."""
    metadata = table.metadata.model_copy(update={"location": table.metadata.location + ending})
    location = table.metadata_location.replace(".metadata.json", "-moved.metadata.json")
    with open(location.removeprefix("file://"), "w", encoding="utf-8") as file:
        file.write(metadata.model_dump_json())
    return location


path, name, action, what = sys.argv[1:]
catalog = open_catalog(path, "iceberg_catalog")
if action == "register":
    catalog.register_table(name, what)
    sys.exit()
table = catalog.load_table(name)
if action == "append":
    schema = table.schema().as_arrow()
    table.append(pa.Table.from_pylist([{schema.names[0]: int(what)}], schema=schema))
elif action == "delete":
    table.delete(f"{table.schema().fields[0].name} == {what}")
elif action == "codec":
    with table.transaction() as change:
        change.set_properties({"write.avro.compression-codec": what})
elif action == "gzip":
    set_location(path, gzipped(table))
elif action == "location":
    set_location(path, moved(table, what))
elif action == "column":
    with table.update_schema() as change:
        change.add_column("theirs", type_of(what))
elif action == "view":
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO iceberg_tables SELECT catalog_name, table_namespace, ?, metadata_location, "
                   "previous_metadata_location, 'VIEW' FROM iceberg_tables WHERE table_name = ?",
                   (what, name.split(".")[1]))
elif action == "name":
    catalog.rename_table(name, (name.split(".")[0], what))
else:
    with table.update_schema(allow_incompatible_changes=True) as change:
        change.rename_column(what, "other")
