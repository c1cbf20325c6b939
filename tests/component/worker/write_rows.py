#!/usr/bin/env python3
"""Changes a table as another engine does, by pyiceberg: write_rows.py CATALOG TABLE append|delete|rename|name|register WHAT

append: a row of that id (other columns null); delete: the row of that id, its file written anew; rename: that column,
to "other"; name: the table, to that name; register: that metadata file as the table.
"""
import os
import sys

import pyarrow as pa

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from lake_readers import open_catalog  # pylint: disable=wrong-import-position

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
elif action == "name":
    catalog.rename_table(name, (name.split(".")[0], what))
else:
    with table.update_schema(allow_incompatible_changes=True) as change:
        change.rename_column(what, "other")
