# The demonstration on docker-compose.yml: everything in containers, the orchestrator too. Needs Docker with compose, and
# the images' registries. Sourced by test-dynamic-cdc.sh.
. scripts/demo/live.sh

if docker compose version >/dev/null 2>&1; then compose=(docker compose)
elif command -v docker-compose >/dev/null 2>&1; then compose=(docker-compose)
else
  fail "Docker with compose is here" "https://docs.docker.com/compose/install/"
  give_up
fi
compose+=(--profile orchestrator)
[ -f .env ] && { set -a; . ./.env; set +a; }

wait_seconds=180  # docker/cdc/tables.toml has the real rate limit and idle time
dsn="host=127.0.0.1 port=5432 user=postgres password=${POSTGRES_PASSWORD:-postgres} dbname=sourcedb"
catalog=http://127.0.0.1:8182/api/catalog
warehouse=iceberg_catalog
export CDC_CATALOG_CREDENTIAL=${POLARIS_CLIENT_ID:-root}:${POLARIS_CLIENT_SECRET:-s3cr3t} CDC_CATALOG_SCOPE=PRINCIPAL_ROLE:ALL
export AWS_ENDPOINT_URL=http://127.0.0.1:9000 AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=${MINIO_ROOT_USER:-admin} AWS_SECRET_ACCESS_KEY=${MINIO_ROOT_PASSWORD:-password}
readers=pyiceberg,duckdb
if [ "$trino" -eq 1 ]; then
  readers+=,trino
  export CDC_TRINO_URL=http://127.0.0.1:8080
fi
listen_port=8081

source_psql() { psql -X -v ON_ERROR_STOP=1 "$dsn" "$@"; }
trino_sql() { "${compose[@]}" exec -T trino trino --execute "$1"; }
generate_load() {
  CDC_PGBENCH="${compose[*]} exec -T postgres pgbench" CDC_LOAD_FOLDER=/load CDC_POSTGRES_PORT=5432 \
    scripts/generate-load --seconds "$load_seconds"
}
kill_worker() { "${compose[@]}" exec -T cdc-orchestrator bash -c "kill -KILL $1"; }

# `cdc` of the container, with its own configuration.
write_cdc() {
  mkdir -p "$run/bin"
  cat >"$run/bin/cdc" <<SH
#!/usr/bin/env bash
arguments=()
while [ \$# -gt 0 ]; do
  if [ "\$1" = --config ]; then shift; else arguments+=("\$1"); fi
  shift
done
cd "$root" && exec ${compose[@]} exec -T cdc-orchestrator cdc --config /etc/cdc/tables.toml "\${arguments[@]}"
SH
  chmod +x "$run/bin/cdc"
  bin=$run/bin
}

cleanup() {
  trap - EXIT INT TERM
  "${compose[@]}" logs --no-color cdc-orchestrator >"$run/orchestrator.log" 2>&1
  [ $keep -eq 1 ] || "${compose[@]}" down >>"$run/down.log" 2>&1
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

begin_orchestrator() {
  log="$run/orchestrator.log, '${compose[*]} logs cdc-orchestrator'"
  orchestrator_pid=$(docker inspect -f '{{.State.Pid}}' "$("${compose[@]}" ps -q cdc-orchestrator)")
  pass "orchestrator runs in its container"
}
finish_orchestrator() {
  "${compose[@]}" stop cdc-orchestrator && pass "orchestrator stopped" || fail "orchestrator stops" "$log"
}

healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$("${compose[@]}" ps -q cdc-orchestrator)" 2>/dev/null)" = healthy ]; }

step "docker-compose.yml"
write_cdc
"${compose[@]}" up -d --build || { fail "containers come up" "the lines above, '${compose[*]} ps', '${compose[*]} logs'"; give_up; }
deadline=$((SECONDS + 300))
until healthy; do
  [ $SECONDS -lt $deadline ] || { "${compose[@]}" ps; fail "cdc-orchestrator is healthy" "'${compose[*]} logs cdc-orchestrator'"; give_up; }
  sleep 1
done
pass "containers are up and healthy"
run_live
