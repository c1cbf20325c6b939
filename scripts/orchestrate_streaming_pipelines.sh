#!/usr/bin/env bash
# Two pipelines of a shop's tables from one set of topics: into Delta Lake with a change data feed, and into Iceberg.
#
#   scripts/orchestrate_streaming_pipelines.sh COMMAND [delta|iceberg|all]     default: all
#     start      check Kafka and the connector (registered where it is missing), start in the background
#     stop       the workers commit first; what was started stays where it was
#     status     connector, processes, tables; exit 1 if one of those named does not run
#     logs [-f]  the last lines of the log; -f: and what follows, of one pipeline
#     restart    stop and start
#
# Environment
#   KAFKA_BOOTSTRAP_SERVERS  localhost:9092
#   KAFKA_TOPIC              postgres.public.customers; orders, products and inventory beside it
#   DELTA_TABLE_PATH         /tmp/delta-cdc/customers; the other tables' folders beside it
#   ICEBERG_WAREHOUSE        /tmp/iceberg-warehouse     ICEBERG_CATALOG    iceberg (in catalog.db of the warehouse)
#   ICEBERG_NAMESPACE        analytics                  ICEBERG_TABLE      customers_analytics
#   CHECKPOINT_LOCATION      /tmp/cdc-checkpoints; each pipeline has a folder in it, for its logs and key indexes. The offsets
#                            are in the tables: without the folder a pipeline goes on where its tables end
#   LOG_DIR                  /tmp; kafka-to-delta.log and kafka-to-iceberg.log in it lead to the logs
#   DEBEZIUM_URL             http://localhost:8083      CONNECTOR_NAME     postgres-cdc-connector
#   POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD   localhost 5432 cdcdb cdcuser cdcpass: what the
#                            connector is registered with (its slot: postgres_debezium_slot)
#   CDC_BIN                  the programs; default build/release/bin
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=${CDC_BIN:-$root/build/release/bin}
kafka=${KAFKA_BOOTSTRAP_SERVERS:-localhost:9092}
topic=${KAFKA_TOPIC:-postgres.public.customers}
delta=${DELTA_TABLE_PATH:-/tmp/delta-cdc/customers}
warehouse=${ICEBERG_WAREHOUSE:-/tmp/iceberg-warehouse}
checkpoints=$(realpath -m "${CHECKPOINT_LOCATION:-/tmp/cdc-checkpoints}")
connect=${DEBEZIUM_URL:-http://localhost:8083}
connector=${CONNECTOR_NAME:-postgres-cdc-connector}
prefix=${topic%%.*}

usage() { sed -n '2,/^set -/{/^set -/d; s/^# \{0,1\}//; p}' "$0"; }
say() { printf '[pipelines] %s\n' "$*"; }
die() { printf '[pipelines] error: %s\n' "$*" >&2; exit 1; }

config_of() { echo "$checkpoints/kafka-to-$1/tables.toml"; }
log_of() { echo "$checkpoints/kafka-to-$1/state/logs/orchestrator.log"; }
# pid_of PIPELINE: of the orchestrator that runs now; nothing, and 1, where none does. cdc looks at its lock.
pid_of() {
  local answer
  answer=$("$bin/cdc" status --config "$(config_of "$1")" 2>/dev/null) || true
  [[ $answer =~ ^orchestrator\ pid\ ([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}
runs() { pid_of "$1" >/dev/null; }

# --- what must be there -----------------------------------------------------------------------------------------------
kafka_answers() {
  local first=${kafka%%,*}
  timeout 5 bash -c "exec 3<>/dev/tcp/${first%:*}/${first##*:}" 2>/dev/null
}
connector_state() {
  local answer
  answer=$(curl -sS --max-time 10 "$connect/connectors/$connector/status" 2>/dev/null) || { echo UNREACHABLE; return; }
  python3 -c '
import json, sys
status = json.loads(sys.argv[1])
states = [t["state"] for t in status.get("tasks", [])]
print("MISSING" if "connector" not in status else
      "FAILED" if "FAILED" in states else
      "RUNNING" if states and set(states) == {"RUNNING"} else status["connector"]["state"] if not states else states[0])' \
    "$answer" 2>/dev/null || echo UNREACHABLE
}

# fill FILE…: the files, with each @NAME@ and ${NAME} as the environment has it, escaped as JSON and TOML want it.
fill() {
  cat "$@" | python3 -c '
import json, os, re, sys
print(re.sub(r"@([A-Z]+)@|\$\{([A-Z_]+)\}", lambda name: json.dumps(os.environ[name[1] or name[2]])[1:-1], sys.stdin.read()))'
}

# The settings of scripts/connector, for this database.
connector_settings() {
  CDC_SOURCE_HOST=${POSTGRES_HOST:-localhost} CDC_SOURCE_PORT=${POSTGRES_PORT:-5432} CDC_SOURCE_DATABASE=${POSTGRES_DB:-cdcdb} \
    CDC_SOURCE_USER=${POSTGRES_USER:-cdcuser} CDC_SOURCE_PASSWORD=${POSTGRES_PASSWORD:-cdcpass} \
    CDC_SLOT_NAME=postgres_debezium_slot CDC_STACK_SCHEMAS=true CDC_SNAPSHOT_MODE=initial \
    fill "$root/scripts/connector/university-server.json" | sed "s/\"topic.prefix\": \"university-server\"/\"topic.prefix\": \"$prefix\"/"
}
register_connector() {
  say "connector $connector is not registered: registering it at $connect"
  local answer
  answer=$(connector_settings | curl -sS --max-time 30 -X PUT -H 'Content-Type: application/json' --data-binary @- \
    -w '\n%{http_code}' "$connect/connectors/$connector/config") || die "connector: $connect does not answer"
  case ${answer##*$'\n'} in
    2*) ;;
    *) die "connector: Kafka Connect refuses it: $(head -c 500 <<<"${answer%$'\n'*}")" ;;
  esac
}
check_connector() {
  local state deadline=$((SECONDS + 60))
  state=$(connector_state)
  [ "$state" != UNREACHABLE ] || die "Kafka Connect does not answer at $connect; start it (scripts/stack up postgres kafka connect), or name it in DEBEZIUM_URL"
  [ "$state" != MISSING ] || register_connector
  until state=$(connector_state); [ "$state" = RUNNING ]; do
    [ "$state" != FAILED ] || die "connector $connector has FAILED; see $connect/connectors/$connector/status"
    [ $SECONDS -lt $deadline ] || die "connector $connector is $state after a minute; see $connect/connectors/$connector/status"
    sleep 0.5
  done
  say "connector $connector: RUNNING"
}
check_prerequisites() {
  [ -x "$bin/cdc" ] || die "no programs in $bin; run scripts/build.sh, or set CDC_BIN"
  [[ $topic =~ ^[A-Za-z0-9_-]+\.[^.]+\.[^.]+$ ]] || die "KAFKA_TOPIC=$topic is not prefix.schema.table"
  kafka_answers || die "Kafka does not answer at $kafka; start it (scripts/stack up kafka), or name it in KAFKA_BOOTSTRAP_SERVERS"
  say "Kafka: $kafka answers"
  check_connector
}

# --- one pipeline -----------------------------------------------------------------------------------------------------
configure() {
  local folder=$warehouse table=${ICEBERG_TABLE:-customers_analytics} run=$checkpoints/kafka-to-$1
  if [ "$1" = delta ]; then folder=$(dirname "$delta") table=$(basename "$delta"); fi
  mkdir -p "$run" "$folder" || die "cannot make $run and $folder"
  folder=$(cd "$folder" && pwd)
  KAFKA=$kafka PREFIX=$prefix CONNECT=$connect STATE=state FOLDER=$folder TOPIC=$topic TABLE=$table \
    CATALOG=${ICEBERG_CATALOG:-iceberg} NAMESPACE=${ICEBERG_NAMESPACE:-analytics} PIPELINE=postgres_to_$1 \
    fill "$root/scripts/examples/shop.d/$1.toml" "$root/scripts/examples/shop.d/customers.toml" >"$run/tables.toml"
}
start_one() {
  if runs "$1"; then say "$1: runs already, pid $(pid_of "$1")"; return; fi
  configure "$1"
  "$bin/cdc" start --config "$(config_of "$1")" >/dev/null || die "$1: did not start; see $(log_of "$1")"
  local link=${LOG_DIR:-/tmp}/kafka-to-$1.log
  if [ ! -e "$link" ] || [ -L "$link" ]; then ln -sfn "$(log_of "$1")" "$link"; fi
  say "$1: started, pid $(pid_of "$1"), log $(log_of "$1")"
}
stop_one() {
  if ! runs "$1"; then say "$1: does not run"; return; fi
  "$bin/cdc" stop --config "$(config_of "$1")" >/dev/null || die "$1: did not stop; see $(log_of "$1")"
  say "$1: stopped"
}
status_one() {
  if ! runs "$1"; then say "$1: STOPPED"; return 1; fi
  say "$1: RUNNING, pid $(pid_of "$1"), log $(log_of "$1")"
  "$bin/cdc" status --config "$(config_of "$1")" || true
}

command=${1:-}
[ $# -eq 0 ] || shift
follow=0 which=all
for argument in "$@"; do
  case $argument in
    -f) follow=1 ;;
    delta|iceberg|all) which=$argument ;;
    *) echo "pipelines: unknown pipeline $argument; delta, iceberg or all" >&2; exit 64 ;;
  esac
done
pipelines=("$which")
[ "$which" != all ] || pipelines=(delta iceberg)

case $command in
  start) check_prerequisites; for p in "${pipelines[@]}"; do start_one "$p"; done ;;
  stop) for p in "${pipelines[@]}"; do stop_one "$p"; done ;;
  restart) for p in "${pipelines[@]}"; do stop_one "$p"; done
           check_prerequisites; for p in "${pipelines[@]}"; do start_one "$p"; done ;;
  status)
    say "connector $connector: $(connector_state)"
    failed=0
    for p in "${pipelines[@]}"; do status_one "$p" || failed=1; done
    exit $failed ;;
  logs)
    for p in "${pipelines[@]}"; do
      [ -f "$(log_of "$p")" ] || { say "$p: no log yet at $(log_of "$p")"; continue; }
      if [ $follow -eq 1 ] && [ "$which" != all ]; then exec tail -n 50 -F "$(log_of "$p")"; fi
      say "$p: $(log_of "$p")"; tail -n 50 "$(log_of "$p")"
    done ;;
  -h|--help|help) usage ;;
  "") usage >&2; exit 64 ;;
  *) echo "pipelines: unknown command $command; see --help" >&2; exit 64 ;;
esac
