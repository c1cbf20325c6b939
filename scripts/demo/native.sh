# The demonstration on the native stack: scripts/stack starts PostgreSQL, Debezium, Kafka, MinIO and the REST catalog.
# Sourced by test-dynamic-cdc.sh.
. scripts/demo/live.sh

postgres_port=${CDC_POSTGRES_PORT:-5432}
dsn="host=127.0.0.1 port=$postgres_port user=postgres dbname=sourcedb"
catalog=http://127.0.0.1:${CDC_CATALOG_PORT:-8182}
warehouse=""
readers=pyiceberg,duckdb
components=(postgres kafka connect minio catalog)
if [ "$trino" -eq 1 ]; then
  components+=(trino)
  readers+=,trino
  export CDC_TRINO_URL=http://127.0.0.1:${CDC_TRINO_PORT:-8080}
fi
export AWS_ENDPOINT_URL=http://127.0.0.1:${CDC_MINIO_PORT:-9000} AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=admin AWS_SECRET_ACCESS_KEY=password
listen_port=$(free_port)

source_psql() { psql -X -v ON_ERROR_STOP=1 "$dsn" "$@"; }
trino_sql() { scripts/trino "$1"; }
kill_worker() { kill -KILL "$1"; }
generate_load() { scripts/generate-load --seconds "$load_seconds"; }

cleanup() {
  trap - EXIT INT TERM
  stop_orchestrator
  # Asked for with --keep, and after a failure, the stack stays for a look.
  [ $keep -eq 1 ] || scripts/stack down
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# scripts/native.toml on this stack's ports, in less time, and tables.toml's tables with their settings.
configure() {
  sed -e "s|127.0.0.1:9092|127.0.0.1:${CDC_KAFKA_PORT:-9092}|; s|port=5432|port=$postgres_port|" \
      -e "s|http://127.0.0.1:8182|$catalog|; s|http://127.0.0.1:9000|$AWS_ENDPOINT_URL|; s|127.0.0.1:8081|127.0.0.1:$listen_port|" \
      -e 's|^state_dir = .*|state_dir = "state"|; s|^rate_limit = .*|rate_limit = "2s"|; s|^idle_timeout = .*|idle_timeout = "5s"|' \
      scripts/native.toml >"$config"
  sed -n '/^\[tables\./,$p' tables.toml >>"$config"
}

begin_orchestrator() {
  configure
  start_orchestrator
  orchestrator_pid=$(grep -oE '[0-9]+' "$run/state/orchestrator.pid" | head -1)
}
finish_orchestrator() { end_orchestrator; }

step "The native stack: ${components[*]}"
# Whatever an earlier run left in it: every table must end equal to its source.
if scripts/stack up "${components[@]}"; then
  pass "stack is up: ${components[*]}"
else
  fail "stack comes up" "the lines above, 'scripts/stack logs'"
  give_up
fi
run_live
