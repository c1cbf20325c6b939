#!/usr/bin/env bash
# The pipeline end to end on this machine alone: an embedded Kafka, the orchestrator, its workers, Iceberg tables in a
# local folder. Sends change events captured from a real PostgreSQL and Debezium and checks every row of every table
# with pyiceberg and DuckDB, and that workers come and go with the changes. Sets up and builds first; safe to repeat.
#
#   ./test-dynamic-cdc.sh [--keep] [--events FILE.jsonl] [--no-build] [--bin DIR]
#     --keep      leave the run's folder (build/demo/run-…) in place after a success; after a failure it always stays
#     --events    other captured events of the same scenario; default: tests/data/fixtures/schema_precise.jsonl
#     --no-build  use the programs in build/release/bin as they are
#     --bin DIR   use the programs in DIR as they are
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root" || exit 1

events=tests/data/fixtures/schema_precise.jsonl
keep=0
build=1
bin=build/release/bin
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=1 ;;
    --events) events=${2:?--events wants a file}; shift ;;
    --no-build) build=0 ;;
    --bin) bin=${2:?--bin wants a folder}; build=0; shift ;;
    --stack) [ "${2:-}" = embedded ] || { echo "only --stack embedded is here yet" >&2; exit 64; }; shift ;;
    -h|--help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown argument $1; try --help" >&2; exit 64 ;;
  esac
  shift
done

tables=(faculty program students payment)   # configured from the start and changed
quiet=registration                          # configured, never changed: must not get a worker
added=course                                # added to tables.toml while the orchestrator runs
python=.venv/bin/python
wait_seconds=30

results=()
failures=0
step() { printf '\n== %s\n' "$*"; }
pass() { results+=("PASS  $*"); printf 'PASS  %s\n' "$*"; }
fail() {  # what, where to look
  results+=("FAIL  $1"$'\n'"      look at: $2")
  failures=$((failures + 1))
  printf 'FAIL  %s\n      look at: %s\n' "$1" "$2"
}

if [ $build -eq 1 ]; then
  scripts/setup.sh || { echo "FAIL  set-up; look at: the lines above" >&2; exit 1; }
  scripts/build.sh || { echo "FAIL  build; look at: build/release.log" >&2; exit 1; }
fi
for program in cdc cdc-orchestrator jobs/upsert; do
  [ -x "$bin/$program" ] || { echo "FAIL  $bin/$program is missing; look at: build/release.log" >&2; exit 1; }
done

mkdir -p build/demo
# Folders of earlier failures: the last three stay.
find build/demo -maxdepth 1 -name 'run-*' -printf '%T@ %p\n' | sort -rn | tail -n +4 | cut -d' ' -f2- | xargs -r rm -rf
run=$(mktemp -d "$root/build/demo/run-XXXX")
config=$run/tables.toml
catalog=$run/data/catalog.db
log=$run/state/logs/orchestrator.log
broker_pid=
started_at=$SECONDS

cleanup() {
  trap - EXIT INT TERM
  # The orchestrator first: its workers commit and leave with it.
  local orchestrator=
  [ -f "$run/state/orchestrator.pid" ] && orchestrator=$(grep -oE '[0-9]+' "$run/state/orchestrator.pid" | head -1)
  [ -f "$config" ] && "$bin/cdc" stop --config "$config" >>"$run/stop.log" 2>&1
  if [ -n "$orchestrator" ] && kill -0 "$orchestrator" 2>/dev/null; then
    kill -TERM "$orchestrator" 2>/dev/null; sleep 1; kill -KILL "$orchestrator" 2>/dev/null
  fi
  if [ -n "$broker_pid" ]; then kill -TERM "$broker_pid" 2>/dev/null; wait "$broker_pid" 2>/dev/null; fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

give_up() { summary; exit 1; }
summary() {
  step "Summary ($((SECONDS - started_at)) s)"
  printf '%s\n' "${results[@]}"
  if [ $failures -eq 0 ]; then
    printf '\nRESULT: PASS, %s checks\n' "${#results[@]}"
  else
    printf '\nRESULT: FAIL, %s of %s checks; everything of this run is in %s\n' "$failures" "${#results[@]}" "$run"
    if [ -f "$log" ]; then printf '\nLast lines of the orchestrator:\n'; tail -n 15 "$log"; fi
  fi
}

configure() {  # tables to list
  # Renamed into place: the orchestrator re-reads it and must never see half of it.
  cat >"$config.new" <<TOML
[kafka]
bootstrap_servers = "$bootstrap"
group_id = "cdc-orchestrator"
[source]
topic_prefix = "university-server"
schemas = ["public"]
[catalog]
type = "sqlite"
uri = "data/catalog.db"
name = "iceberg_catalog"
warehouse = "data/warehouse"
namespace = "university"
[orchestrator]
state_dir = "state"
rate_limit = "2s"
idle_timeout = "3s"
max_jobs = 4
[defaults]
commit_interval = "200ms"
TOML
  local t
  for t in "$@"; do printf '[tables.%s]\n' "$t" >>"$config.new"; done
  mv "$config.new" "$config"
}

produce() {  # before|after table...
  local part=$1 t
  shift
  for t in "$@"; do
    [ -s "$run/events/$part/$t.jsonl" ] || continue
    "$bin/cdc" produce --config "$config" --topic "${topic[$t]}" --file "$run/events/$part/$t.jsonl" >>"$run/produce.log" 2>&1 \
      || { fail "events of $t sent" "$run/produce.log"; give_up; }
  done
}

wait_for() {  # what, arguments of wait_status.py
  local what=$1 out
  shift
  if out=$($python tests/support/wait_status.py --cdc "$bin/cdc" --config "$config" --timeout $wait_seconds "$@"); then
    pass "$what"
  else
    printf '%s\n' "$out" | sed 's/^/      /'
    fail "$what (waited $wait_seconds s)" "$log, $run/state/logs/<table>.log, '$bin/cdc status --config $config'"
    return 1
  fi
}

verify() {  # what, state, tables
  local what=$1 state=$2
  shift 2
  if $python tests/support/verify_tables.py --catalog "$catalog" --name iceberg_catalog --namespace university \
      --expected "tests/data/expected/$state" --tables "$(IFS=,; echo "$*")"; then
    pass "$what"
  else
    fail "$what" "the differences above, $run/state/logs/, '$bin/cdc dlq list --config $config'"
  fi
}

lines() { grep -cF -- "$1" "$log" 2>/dev/null || true; }

step "Events: $events"
declare -A topic before all
$python tests/support/split_events.py "$events" "$run/events" "${tables[@]}" $added >"$run/events.txt" || exit 1
while read -r t name first total; do topic[$t]=$name; before[$t]=$first; all[$t]=$total; done <"$run/events.txt"
cat "$run/events.txt"

step "Embedded Kafka"
"$bin/cdc" broker >"$run/broker.out" 2>"$run/broker.log" &
broker_pid=$!
bootstrap=
for _ in $(seq 100); do
  bootstrap=$(sed -n 's/.*bootstrap_servers=\([^ ]*\).*/\1/p' "$run/broker.out" | head -1)
  [ -n "$bootstrap" ] && break
  kill -0 $broker_pid 2>/dev/null || break
  sleep 0.1
done
[ -n "$bootstrap" ] || { fail "embedded Kafka starts" "$run/broker.log"; give_up; }
pass "embedded Kafka at $bootstrap"

step "Orchestrator"
configure "${tables[@]}" $quiet
if "$bin/cdc" start --config "$config" >"$run/start.log" 2>&1; then
  pass "orchestrator started in the background"
else
  cat "$run/start.log"
  fail "orchestrator starts" "$run/start.log, $log"
  give_up
fi

step "Changes up to the TRUNCATE: snapshot, creates, updates, deletes, key changes"
produce before "${tables[@]}"
wishes=()
for t in "${tables[@]}"; do wishes+=("$t=${before[$t]}"); done
wait_for "tables caught up before the TRUNCATE" --caught-up "${wishes[@]}" || give_up
"$bin/cdc" status --config "$config"
verify "every row just before the TRUNCATE, by pyiceberg and DuckDB" before_truncate "${tables[@]}"
$python tests/support/show_rows.py "$catalog" iceberg_catalog university 4 "${tables[@]}"

step "Workers leave after the idle time"
wait_for "workers of ${tables[*]} left" --idle "${tables[@]}"
declare -A starts
for t in "${tables[@]}"; do
  starts[$t]=$(lines "Successfully triggered job for: $t")
  if [ "${starts[$t]}" -ge 1 ] && [ "$(lines "operation on table: $t")" -ge 1 ] && [ "$(lines "Job finished for: $t")" -ge 1 ]; then
    pass "$t: change detected, worker triggered, finished"
  else
    fail "$t: the log tells of the change, the trigger and the end" "$log"
  fi
done

step "Changes after it: truncate, inserts, an incremental snapshot"
produce after "${tables[@]}"
wishes=()
for t in "${tables[@]}"; do wishes+=("$t=${all[$t]}"); done
wait_for "tables caught up at the end" --caught-up "${wishes[@]}" || give_up
verify "every row at the end, by pyiceberg and DuckDB" final "${tables[@]}"
for t in "${tables[@]}"; do
  [ -s "$run/events/after/$t.jsonl" ] || continue
  if [ "$(lines "Successfully triggered job for: $t")" -gt "${starts[$t]}" ]; then
    pass "$t: a worker came back for the next change"
  else
    fail "$t: a worker comes back for the next change" "$log"
  fi
done

step "A table is added to tables.toml while the orchestrator runs"
configure "${tables[@]}" $quiet $added
produce before $added
produce after $added
wait_for "$added: a worker came without a restart" --caught-up "$added=${all[$added]}"
verify "every row of $added, by pyiceberg and DuckDB" final $added

step "Only changed tables got a worker"
if [ "$(lines "Successfully triggered job for: $quiet")" -eq 0 ]; then
  pass "$quiet did not change and never had a worker"
else
  fail "$quiet did not change but had a worker" "$log"
fi
wait_for "all workers left at the end" --idle "${tables[@]}" $added

step "The orchestrator's log"
grep -E 'Detected .* operation on table|Successfully triggered job for|Job finished for' "$log"
step "cdc status"
"$bin/cdc" status --config "$config" || fail "cdc status: no table is Held" "'$bin/cdc status --config $config'"
step "Rows"
$python tests/support/show_rows.py "$catalog" iceberg_catalog university 5 "${tables[@]}" $added

if "$bin/cdc" stop --config "$config" >"$run/stop.log" 2>&1; then
  pass "orchestrator stopped"
else
  fail "orchestrator stops" "$run/stop.log, $log"
fi
summary
cleanup
if [ $failures -eq 0 ]; then
  [ $keep -eq 1 ] && echo "kept: $run" || rm -rf "$run"
  exit 0
fi
exit 1
