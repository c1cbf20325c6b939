"""Files of random rows, written by parquet_random_files, read by others than ourselves.

usage: judge_files.py PROGRAM [--seeds FIRST COUNT] [--bytes N] [--keep FOLDER] [--all-queries]

Judges: the format's rules on the bytes (parquet_pages.py), statistics and Iceberg metrics recomputed from the rows, pyarrow
and DuckDB reading values and finding rows by predicates. CDC_PARQUET_SEED is one more seed. Exit 0: no complaint.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import readers_of_files as readers
from check_metadata import check_all_statistics, check_metrics, check_schema
from expected_file import Expected
from page_index import check_page_index
from parquet_pages import File, check_structure

AT_MOST = 8  # complaints told of one file


def complaints_of(path, all_queries):
    expected = Expected(path + ".json")
    file = File(path + ".parquet")
    yield from check_structure(file)
    yield from check_schema(file, expected)
    yield from check_all_statistics(file, expected)
    yield from check_page_index(file, expected)
    yield from check_metrics(file, expected)
    yield from readers.check_pyarrow(path + ".parquet", expected)
    yield from readers.check_duckdb(path + ".parquet", expected, all_queries)


def judge(path, all_queries):
    told = []
    try:
        for complaint in complaints_of(path, all_queries):
            told.append(complaint)
            if len(told) == AT_MOST:
                break
    except Exception as error:  # pylint: disable=broad-except  # what a reader throws is its judgement
        told.append(f"{type(error).__name__}: {error}")
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seeds", nargs=2, type=int, default=(1, 40), metavar=("FIRST", "COUNT"))
    parser.add_argument("--bytes", type=int, default=1_000_000, help="about what one file's rows hold")
    parser.add_argument("--keep", help="folder that the files stay in")
    parser.add_argument("--all-queries", action="store_true", help="predicates on every column")
    arguments = parser.parse_args()
    seeds = list(range(arguments.seeds[0], sum(arguments.seeds)))
    if os.environ.get("CDC_PARQUET_SEED"):
        seeds.append(int(os.environ["CDC_PARQUET_SEED"]))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = arguments.keep or folder
        for seed in seeds:
            path = os.path.join(folder, str(seed))
            written = subprocess.run([arguments.program, folder, str(arguments.bytes), str(seed)], text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            told = [f"{arguments.program} ended with {written.returncode}: {written.stdout}"] if written.returncode else []
            if os.path.exists(path + ".json"):
                told += judge(path, arguments.all_queries)
            failed += bool(told)
            for complaint in told:
                print(f"seed {seed}: {complaint[:600]}", flush=True)
            if not arguments.keep:
                for name in (path + ".parquet", path + ".json"):
                    if os.path.exists(name):
                        os.remove(name)
    print(f"{len(seeds)} files, {failed} with complaints")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
