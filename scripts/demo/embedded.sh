# The embedded demonstration: captured events through `cdc broker` into a SQLite catalog and a local folder.
# Sourced by test-dynamic-cdc.sh.

tables=(faculty program students payment)   # configured from the start and changed
quiet=registration                          # configured, never changed: must not get a worker
added=course                                # added to tables.toml while the orchestrator runs
wait_seconds=30
catalog=$run/data/catalog.db
broker_pid=
listen_port=$(free_port)

cleanup() {
  trap - EXIT INT TERM
  stop_orchestrator
  if [ -n "$broker_pid" ]; then kill -TERM "$broker_pid" 2>/dev/null; wait "$broker_pid" 2>/dev/null; fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

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
listen = "127.0.0.1:$listen_port"
[defaults]
commit_interval = "200ms"
on_type_change = "rewrite"
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
start_orchestrator

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

end_orchestrator
finish
