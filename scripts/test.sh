#!/usr/bin/env bash
# Sets up, builds (Release) and runs every test.  scripts/test.sh [ctest arguments, e.g. -R parquet]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
scripts/setup.sh
scripts/build.sh
ctest --preset release "$@"
