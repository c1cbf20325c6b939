#!/usr/bin/env python3
"""Drives and checks the pipelines of scripts/examples/shop: see there. Exit 1: a difference, which is told."""
import argparse
import os
import signal
import subprocess
import time
import unittest

import feed_tests
from shop import PIPELINES, SOURCE, Shop, check_event_columns, delta_reader, difference_of, wait


def settled(shop, when):
    for table in SOURCE:
        wait(f"{table} {when}", lambda name=table: difference_of(shop, name))
        check_event_columns(shop, table)
    print(f"[shop] {when}: " + ", ".join(f"{table} {len(shop.source_rows(table))} rows" for table in SOURCE), flush=True)


def load_with_kills(shop, root, seconds):
    """Random changes; in the middle of them a worker of each pipeline is killed."""
    began = time.monotonic()
    with subprocess.Popen([f"{root}/scripts/generate-load", "--source", "shop", "--seconds", str(seconds), "--rate", "100"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as load:
        left = set(PIPELINES)
        while load.poll() is None:
            for pipeline in sorted(left):
                workers = shop.workers(pipeline) if time.monotonic() - began > seconds / 3 else []
                if workers:
                    os.kill(workers[0], signal.SIGKILL)
                    left.remove(pipeline)
            time.sleep(0.1)
        if load.returncode:
            raise SystemExit(f"generate-load: {load.stderr.read()[-1000:]}")
    if left:
        raise SystemExit(f"no worker was there to be killed: {sorted(left)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, help="the checkout")
    parser.add_argument("--run", required=True, help="the folder that holds delta/, iceberg/ and checkpoints/")
    parser.add_argument("--bin", required=True, help="the programs")
    parser.add_argument("--dsn", required=True, help="the source database")
    parser.add_argument("--seconds", type=int, default=10, help="of random changes")
    options = parser.parse_args()
    shop = Shop(options.run, options.bin, options.dsn)

    settled(shop, "the snapshot")
    load_with_kills(shop, options.root, options.seconds)
    settled(shop, "after random changes and a kill")
    delta_reader.check_feed(shop.folder("customers"))
    delta_reader.check_feed(shop.folder("inventory"))
    feed_tests.shop = shop
    outcome = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(feed_tests))
    if not outcome.wasSuccessful():
        raise SystemExit(1)
    settled(shop, "at the end")


if __name__ == "__main__":
    main()
