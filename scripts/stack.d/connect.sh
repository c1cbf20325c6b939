# Kafka Connect with Debezium, and the connector university-server. Sourced by scripts/stack.

debezium_version=3.7.0.Final
connect_port=${CDC_CONNECT_PORT:-8083}
connect_dir=$stack_dir/connect
connect_plugin=debezium-postgres-$debezium_version
connect_pid=$connect_dir/connect.pid
connect_log=$connect_dir/connect.log
connect_address=127.0.0.1:$connect_port
connector=university-server
connector_config=$connect_dir/$connector.json  # as registered
connector_source=$connect_dir/$connector.source # the database and the broker it was registered for, its snapshot mode

connect_properties() {
  cat <<TXT
bootstrap.servers=$kafka_address
group.id=connect-cdc
listeners=http://$connect_address
rest.advertised.host.name=127.0.0.1
plugin.path=$connect_dir/plugins
plugin.discovery=service_load
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
config.storage.topic=connect-configs
offset.storage.topic=connect-offsets
status.storage.topic=connect-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=1
status.storage.partitions=1
scheduled.rebalance.max.delay.ms=0
offset.flush.interval.ms=2000
session.timeout.ms=6000
heartbeat.interval.ms=1000
rebalance.timeout.ms=10000
producer.max.request.size=10485760
TXT
}

connect_healthy() { alive "$connect_pid" && http_ok "http://$connect_address/health"; }

# connect_call METHOD PATH [FILE]: the answer on stdout. A rebalance (409) or a worker that is just starting is tried again.
connect_call() {
  local method=$1 path=$2 deadline=$((SECONDS + 30)) answer code
  local body=()
  [ -z "${3:-}" ] || body=(-H 'Content-Type: application/json' --data-binary "@$3")
  while :; do
    answer=$(curl -sS --max-time 20 -X "$method" "${body[@]}" -w '\n%{http_code}' "http://$connect_address$path" 2>&1) || true
    code=${answer##*$'\n'}
    case $code in
      2*) printf '%s' "${answer%$'\n'*}"; return 0 ;;
      404) return 1 ;;
      400|405|422) break ;;
    esac
    [ $SECONDS -lt $deadline ] || break
    sleep 0.3
  done
  say "connect: $method $path failed: $(head -c 500 <<<"$answer")"
  return 2
}

# The placeholders of scripts/connector/university-server.json; see scripts/connector/README.md.
connector_render() {  # SNAPSHOT_MODE
  local text name
  local -A value=(
    [CDC_SOURCE_HOST]=127.0.0.1 [CDC_SOURCE_PORT]=$postgres_port [CDC_SOURCE_DATABASE]=sourcedb
    [CDC_SOURCE_USER]=cdc [CDC_SOURCE_PASSWORD]=cdc [CDC_SLOT_NAME]=$slot_name
    [CDC_STACK_SCHEMAS]=${CDC_STACK_SCHEMAS:-true} [CDC_SNAPSHOT_MODE]=$1
  )
  text=$(cat "$root/scripts/connector/$connector.json")
  for name in "${!value[@]}"; do text=${text//"\${$name}"/${value[$name]}}; done
  printf '%s\n' "$text"
}

connector_identity() { slot_identity; echo "kafka=$(kafka_cluster_id)"; }
connector_exists() { [ -n "$(connect_call GET "/connectors/$connector" || true)" ]; }

# A connector that was registered for this database and this broker, with its slot: it goes on.
connector_valid() {
  [ -f "$connector_source" ] && [ "$(grep -v '^mode=' "$connector_source")" = "$(connector_identity)" ] \
    && slot_usable && connector_exists
}

connector_stop() {
  connect_call PUT "/connectors/$connector/stop" >/dev/null || true
  (wait_for 30 "the connector's end" "" "$connect_log" slot_inactive) || true
}

# Past its snapshot: the offset says nothing of one. (With no_data there was none.)
connector_streaming() {
  local offsets
  grep -q '^mode=no_data' "$connector_source" 2>/dev/null && return 0
  offsets=$(connect_call GET "/connectors/$connector/offsets") || return 1
  [[ $offsets == *'"lsn"'* && $offsets != *'"snapshot"'* ]]
}

# With its offsets: they belong to a slot that will be gone.
connector_delete() {
  rm -f "$connector_source" "$connector_config"
  connect_healthy || return 0
  connector_exists || return 0
  connect_call PUT "/connectors/$connector/stop" >/dev/null || true
  connect_call DELETE "/connectors/$connector/offsets" >/dev/null || true
  connect_call DELETE "/connectors/$connector" >/dev/null || true
}

# Stopped at first, so that offsets of an earlier connector of this name can be removed before it reads them.
connector_create() {
  local mode=initial request=$connect_dir/request.json
  if [ -f "$connector_source" ] && ! slot_usable; then say "connect: the slot $slot_name is gone or was invalidated; $slot_missed"; fi
  connector_delete
  if [ -f "$slot_continues" ] && slot_usable && grep -qx "kafka=$(kafka_cluster_id)" "$slot_continues"; then
    mode=no_data
  else
    slot_drop
  fi
  rm -f "$slot_position"
  connector_render "$mode" >"$connector_config.new"
  printf '{"name":"%s","initial_state":"STOPPED","config":%s}\n' "$connector" "$(cat "$connector_config.new")" >"$request"
  connect_call POST /connectors "$request" >/dev/null || die "connect: the connector was refused; see $connect_log"
  connect_call DELETE "/connectors/$connector/offsets" >/dev/null \
    || die "connect: old offsets could not be removed; see $connect_log"
  mv "$connector_config.new" "$connector_config"
  { connector_identity; echo "mode=$mode"; } >"$connector_source"
  connect_call PUT "/connectors/$connector/resume" >/dev/null \
    || die "connect: the connector could not be started; see $connect_log"
  rm -f "$slot_continues"
  case $mode in
    no_data) say "connect: $connector continues where it ended" ;;
    *) say "connect: $connector registered, with a snapshot of all tables" ;;
  esac
}

connector_update() {
  local mode
  mode=$(sed -n 's/^mode=//p' "$connector_source")
  connector_render "$mode" >"$connector_config.new"
  if ! cmp -s "$connector_config.new" "$connector_config"; then
    connect_call PUT "/connectors/$connector/config" "$connector_config.new" >/dev/null \
      || die "connect: the new configuration was refused; see $connect_log"
    say "connect: configuration of $connector changed"
  fi
  mv "$connector_config.new" "$connector_config"
  local status
  status=$(connect_call GET "/connectors/$connector/status" || true)
  case $status in
    *'"STOPPED"'*|*'"PAUSED"'*) connect_call PUT "/connectors/$connector/resume" >/dev/null || true ;;
    *'"FAILED"'*) connect_call POST "/connectors/$connector/restart?includeTasks=true&onlyFailed=true" >/dev/null || true ;;
  esac
}

connector_ready() {
  local status
  status=$(connect_call GET "/connectors/$connector/status") || return 1
  [ "$(grep -o '"state":"RUNNING"' <<<"$status" | wc -l)" -eq 2 ] && slot_active
}

connect_start() {
  need_java
  maven_jars "kafka-$kafka_version" "org.apache.kafka:kafka_2.13:$kafka_version" "org.apache.kafka:kafka-tools:$kafka_version" \
    org.apache.logging.log4j:log4j-slf4j-impl:2.25.4
  maven_jars "$connect_plugin" "io.debezium:debezium-connector-postgres:$debezium_version"
  mkdir -p "$connect_dir"
  # One folder per plugin below plugin.path.
  rm -rf "$connect_dir/plugins"
  mkdir "$connect_dir/plugins"
  ln -s "$cache_dir/$connect_plugin" "$connect_dir/plugins/debezium"
  connect_properties >"$connect_dir/worker.properties"
  log4j_file "$connect_log" >"$connect_dir/log4j2.properties"
  : >"$connect_log"
  say "connect: starting at http://$connect_address"
  spawn "$connect_pid" "$connect_dir/console.log" \
    java -Xms64m "-Xmx${CDC_CONNECT_HEAP:-256m}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    "-Dlog4j2.configurationFile=$connect_dir/log4j2.properties" -cp "$kafka_jars/*" \
    org.apache.kafka.connect.cli.ConnectDistributed "$connect_dir/worker.properties"
  wait_for 180 connect "$connect_pid" "$connect_log" connect_healthy
}

connect_up() {
  alive "$postgres_pid" || die "connect needs postgres: scripts/stack up postgres kafka connect"
  alive "$kafka_pid" || die "connect needs kafka: scripts/stack up postgres kafka connect"
  need_curl
  alive "$connect_pid" || connect_start
  if connector_valid; then connector_update; else connector_create; fi
  wait_for 180 "the connector (http://$connect_address/connectors/$connector/status)" "$connect_pid" "$connect_log" connector_ready
  say "connect: ready at http://$connect_address, $connector running, slot $slot_name active"
}

connect_down() { take_down connect "$connect_pid" 30; }
