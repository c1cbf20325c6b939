#!/usr/bin/env bash
# Sets up, builds (Release) and runs every test.  scripts/test.sh [ctest arguments, e.g. -R parquet]
set -euo pipefail
case ${1:-} in -h|--help) sed -n '2s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
scripts/setup.sh
# Tests start a PostgreSQL of their own; as the stack installs it, without a cluster at the default port.
say() { printf '[test] %s\n' "$*" >&2; }
die() { printf '[test] error: %s\n' "$*" >&2; exit 1; }
cache_dir=${CDC_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/cdc}
postgres_bin=/usr/lib/postgresql/15/bin
. scripts/stack.d/packages.sh
install_postgresql
scripts/build.sh
ctest --preset release "$@"
