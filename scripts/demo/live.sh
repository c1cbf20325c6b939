# The demonstration on a real source: changes made in PostgreSQL by psql, every table compared with PostgreSQL's own rows.
# Sourced by native.sh and compose.sh, which set:
#   source_psql ARGUMENTS…   psql as a superuser in sourcedb; `dsn` is the same for libpq
#   catalog, warehouse       as tests/support/verify_tables.py takes them; AWS_* reach the objects
#   readers                  comma-separated
#   generate_load, trino_sql SQL, kill_worker PID, listen_port
#   begin_orchestrator, finish_orchestrator
wait_seconds=90

# settled WHAT: waits until the tables are equal to the source, which nobody changes meanwhile, and says by whom it was read.
settled() {
  local what=$1 deadline=$((SECONDS + wait_seconds))
  $python tests/support/dump_source.py --dsn "$dsn" --out "$run/source" --tables "$tables" || { fail "$what" "$run"; return 1; }
  # Counts are quick; the full comparison is what is judged, once they agree.
  until "$bin/cdc" verify --config "$config" ${tables//,/ } >"$run/verify.txt" 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      cat "$run/verify.txt"
      fail "$what: row counts (waited $wait_seconds s)" "$log, $run/verify.txt, '$bin/cdc status --config $config'"
      return 1
    fi
    sleep 0.5
  done
  until $python tests/support/verify_tables.py --catalog "$catalog" --name "$warehouse" --namespace university \
      --expected "$run/source" --exceptions scripts/demo/exceptions.json --reader "$readers" >"$run/compared.txt" 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      cat "$run/compared.txt"
      fail "$what" "the differences above, $run/state/logs/, '$bin/cdc dlq list --config $config'"
      return 1
    fi
    sleep 0.5
  done
  sed 's/^/      /' "$run/compared.txt"
  pass "$what, by $readers"
}

live_tables() {
  source_psql -Atc "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    AND relkind = 'r' AND relname NOT LIKE 'debezium%'"
}

change_by_psql() {
  source_psql -q <<'SQL'
INSERT INTO faculty (faculty_code, faculty_name) VALUES ('FIKOM', 'Fakultas Ilmu Komputer');
BEGIN;
INSERT INTO program (program_code, program_name, faculty_id, degree)
  SELECT 'INF', 'Teknik Informatika', faculty_id, 'S1' FROM faculty WHERE faculty_code = 'FIKOM' LIMIT 1;
UPDATE program SET degree = 'S3' WHERE program_id % 2 = 0;
COMMIT;
UPDATE students SET gpa = 4.00, updated_at = now() WHERE id % 7 = 0;
DELETE FROM payment WHERE id % 5 = 0;
UPDATE registration SET semester = '2024-2' WHERE student_id % 10 = 0;  -- a part of the key
BEGIN;
DELETE FROM lecturer WHERE id % 9 = 0;                                  -- course.lecturer_id becomes NULL
COMMIT;
BEGIN;
DELETE FROM students;
ROLLBACK;
SQL
}

# The load, with a worker killed in the middle of it; CPU and memory of the whole control and data plane meanwhile.
random_load() {
  local load measure killed=0 victim
  $python tests/support/measure_processes.py --root "$1" --out "$run/load.json" &
  measure=$!
  generate_load >"$run/load.log" 2>&1 &
  load=$!
  while kill -0 $load 2>/dev/null; do
    sleep 1
    [ $killed -eq 0 ] && [ $((SECONDS % 10)) -eq 5 ] || continue
    victim=$(any_worker) && [ -n "$victim" ] && kill_worker "$victim" 2>/dev/null && killed=1
  done
  if wait $load; then
    pass "random load of $load_seconds s by concurrent transactions"
  else
    tail -n 5 "$run/load.log"
    fail "random load" "$run/load.log"
  fi
  # A load shorter than ten seconds may end before the moment comes.
  if [ $killed -eq 1 ]; then pass "a worker was killed in the middle"
  elif [ "$load_seconds" -ge 10 ]; then fail "a worker was there to be killed in the middle" "$log"; fi
  settled "every row after the load"
  kill -TERM $measure 2>/dev/null
  wait $measure 2>/dev/null
  cat "$run/load.json"
}

any_worker() {
  { "$bin/cdc" status --json --config "$config" 2>/dev/null || true; } | $python -c '
import json, sys
print(next((str(t["pid"]) for t in json.load(sys.stdin) if t.get("pid")), ""))'
}

run_live() {
  step "Tables"
  tables=$(live_tables)
  echo "$tables"
  begin_orchestrator
  step "The initial snapshot"
  settled "every row of the seed"
  step "Changes by psql: INSERT, UPDATE, DELETE, a changed key, a rollback"
  change_by_psql || fail "changes by psql" "the lines above"
  settled "every row after the changes"
  step "Random load"
  random_load "$orchestrator_pid"
  if [ "$trino" -eq 1 ]; then
    step "Trino: USE iceberg.university; SELECT * FROM faculty"
    trino_sql 'USE iceberg.university; SELECT * FROM faculty ORDER BY 1 LIMIT 10'
  fi
  step "Workers leave after the idle time"
  wait_for "all workers left" --idle ${tables//,/ }
  step "Health and metrics"
  if curl -fsS "http://127.0.0.1:$listen_port/health" && echo &&
     curl -fsS "http://127.0.0.1:$listen_port/metrics" | grep -E '^cdc_' | grep -E 'lag|commit' | head -5; then
    pass "GET /health and GET /metrics answer"
  else
    fail "GET /health and GET /metrics answer" "$log"
  fi
  step "cdc status"
  "$bin/cdc" status --config "$config" || fail "cdc status: no table is Held" "'$bin/cdc status --config $config'"
  step "cdc verify"
  "$bin/cdc" verify --config "$config" || fail "cdc verify" "'$bin/cdc verify --config $config'"
  finish_orchestrator
  finish
}
