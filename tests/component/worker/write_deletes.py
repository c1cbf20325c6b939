#!/usr/bin/env python3
"""A position delete file as pyarrow writes it: write_deletes.py FILE DATA_FILE COLUMNS OPTIONS

COLUMNS is a Python expression of two lists, paths and positions, in which `data` is DATA_FILE and `other` another path;
OPTIONS one of a dict, those of pyarrow.parquet.write_table.
"""
import sys

import pyarrow as pa
import pyarrow.parquet as pq

path, data, columns, options = sys.argv[1:]
fields = [pa.field(name, kind, False, {"PARQUET:field_id": str(number)})
          for name, kind, number in [("file_path", pa.string(), 2147483546), ("pos", pa.int64(), 2147483545)]]
lists = eval(columns, {"data": data, "other": data + ".other"})  # pylint: disable=eval-used
pq.write_table(pa.table(lists, schema=pa.schema(fields)), path, **eval(options))  # pylint: disable=eval-used
print(f"{len(lists[0])} rows")
