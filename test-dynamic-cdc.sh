#!/usr/bin/env bash
# The pipeline end to end on this machine, and every row of every table compared by independent readers (pyiceberg, DuckDB,
# Trino). Sets up and builds first; safe to repeat.
#
#   ./test-dynamic-cdc.sh [--stack embedded|native|compose] [--trino] [--keep] [--events FILE.jsonl] [--no-build] [--bin DIR]
#     --stack embedded  (default) captured change events through an embedded Kafka into a SQLite catalog and a local folder
#     --stack native    PostgreSQL, Debezium, Kafka, MinIO and a REST catalog as processes of this machine (scripts/stack)
#     --stack compose   the same as containers, and the orchestrator too (docker-compose.yml)
#     --trino     native and compose: Trino reads as well
#     --seconds N native and compose: length of the random load, default 30
#     --keep      leave the run's folder (build/demo/run-…), and the stack running, after a success
#     --events    embedded: other captured events of the same scenario; default: tests/data/fixtures/schema_precise.jsonl
#     --no-build  use the programs in build/release/bin as they are
#     --bin DIR   use the programs in DIR as they are
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root" || exit 1

stack=embedded
events=tests/data/fixtures/schema_precise.jsonl
keep=0
build=1
trino=0
load_seconds=30
bin=build/release/bin
python=.venv/bin/python
usage_error() { echo "$1; try --help" >&2; exit 64; }
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=1 ;;
    --trino) trino=1 ;;
    --seconds) load_seconds=${2:?--seconds wants a number}; shift ;;
    --events) events=${2:?--events wants a file}; shift ;;
    --no-build) build=0 ;;
    --bin) bin=${2:?--bin wants a folder}; build=0; shift ;;
    --stack) stack=${2:?--stack wants embedded, native or compose}; shift ;;
    -h|--help) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) usage_error "unknown argument $1" ;;
  esac
  shift
done
[ -f "scripts/demo/$stack.sh" ] || usage_error "unknown stack $stack"

if [ $build -eq 1 ]; then
  scripts/setup.sh || { echo "FAIL  set-up; look at: the lines above" >&2; exit 1; }
fi
# In compose the programs are built into the image.
if [ $build -eq 1 ] && [ "$stack" != compose ]; then
  scripts/build.sh || { echo "FAIL  build; look at: build/release.log" >&2; exit 1; }
fi
for program in cdc cdc-orchestrator jobs/upsert; do
  [ "$stack" = compose ] || [ -x "$bin/$program" ] || { echo "FAIL  $bin/$program is missing; look at: build/release.log" >&2; exit 1; }
done

mkdir -p build/demo
# Folders of earlier failures: the last three stay.
find build/demo -maxdepth 1 -name 'run-*' -printf '%T@ %p\n' | sort -rn | tail -n +4 | cut -d' ' -f2- | xargs -r rm -rf
run=$(mktemp -d "$root/build/demo/run-XXXX")
config=$run/tables.toml
log=$run/state/logs/orchestrator.log
started_at=$SECONDS
. scripts/demo/report.sh
. "scripts/demo/$stack.sh"
