# Flink on request: job manager with the web UI, one task manager, SQL gateway. Three components, so that status tells which
# of them has died; `flink` on the command line means all three. Sourced by scripts/stack.

flink_version=1.20.0
flink_port=${CDC_FLINK_PORT:-8091}
flink_sql_port=$((flink_port + 1))
flink_slots=${CDC_FLINK_SLOTS:-8}
flink_jars=$cache_dir/flink-$flink_version

flink_dir=$stack_dir/flink
flink_pid=$flink_dir/flink.pid
flink_log=$flink_dir/flink.log
flink_address=127.0.0.1:$flink_port

flink_tasks_dir=$stack_dir/flink_tasks
flink_tasks_pid=$flink_tasks_dir/flink_tasks.pid
flink_tasks_log=$flink_tasks_dir/flink_tasks.log
flink_tasks_address=127.0.0.1:$((flink_port + 4))

flink_sql_dir=$stack_dir/flink_sql
flink_sql_pid=$flink_sql_dir/flink_sql.pid
flink_sql_log=$flink_sql_dir/flink_sql.log
flink_sql_address=127.0.0.1:$flink_sql_port

# Maven's `flink-dist` does not exist: the parts that it is made of, the connectors for Kafka, Iceberg (with Hadoop's
# configuration classes, which its catalogs load) and Elasticsearch 7.
flink_fetch() {
  local part coordinates=()
  for part in clients runtime-web table-api-java-uber table-planner-loader table-runtime sql-gateway sql-gateway-api json \
    connector-files connector-base; do
    coordinates+=("org.apache.flink:flink-$part:$flink_version")
  done
  maven_jars "flink-$flink_version" "${coordinates[@]}" org.apache.flink:flink-connector-kafka:3.4.0-1.20 \
    org.apache.kafka:kafka-clients:3.9.1 org.apache.flink:flink-sql-connector-elasticsearch7:3.0.1-1.17 \
    org.apache.iceberg:iceberg-flink-runtime-1.20:1.11.0 org.apache.iceberg:iceberg-aws-bundle:1.11.0 \
    org.apache.hadoop:hadoop-client-api:3.3.6 org.apache.hadoop:hadoop-client-runtime:3.3.6 \
    org.apache.logging.log4j:log4j-slf4j-impl:2.24.3 org.apache.logging.log4j:log4j-core:2.24.3
}

# Without rest.bind-port: the gateway would take it for its own. The query service of metrics takes a random port unless told.
# Checkpoints and savepoints are files: all three processes are on this machine.
flink_config() {
  cat <<TXT
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: $((flink_port + 2))
jobmanager.bind-host: 127.0.0.1
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: $flink_port
blob.server.port: '$((flink_port + 3))'
taskmanager.host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.rpc.port: '$((flink_port + 4))'
taskmanager.data.port: $((flink_port + 5))
taskmanager.numberOfTaskSlots: $flink_slots
metrics.internal.query-service.port: '$((flink_port + 6))'
sql-gateway.endpoint.rest.address: 127.0.0.1
sql-gateway.endpoint.rest.bind-address: 127.0.0.1
sql-gateway.endpoint.rest.port: $flink_sql_port
sql-gateway.endpoint.rest.bind-port: '$flink_sql_port'
execution.checkpointing.interval: 2s
execution.checkpointing.dir: file://$flink_dir/checkpoints
execution.checkpointing.savepoint-dir: file://$flink_dir/savepoints
io.tmp.dirs: $flink_dir/tmp
parallelism.default: 1
TXT
}

# Java 17 closes packages that Flink's serializers and memory segments reach into; the list is that of Flink's own config.yaml.
flink_opens() {
  local package
  for package in net.util rmi/registry security.util; do
    case $package in
      rmi/*) echo "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED" ;;
      *) echo "--add-exports=java.base/sun.$package=ALL-UNNAMED" ;;
    esac
  done
  for package in lang net io nio lang.reflect text time util util.concurrent util.concurrent.atomic util.concurrent.locks; do
    echo "--add-opens=java.base/java.$package=ALL-UNNAMED"
  done
}

# flink_spawn COMPONENT MAIN-CLASS JVM-OPTION… -- ARGUMENT…
flink_spawn() {
  local component=$1 class=$2 opens options=()
  local folder=${1}_dir pid=${1}_pid log=${1}_log
  shift 2
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  mkdir -p "${!folder}"
  log4j_file "${!log}" >"${!folder}/log4j2.properties"
  : >"${!log}"
  mapfile -t opens < <(flink_opens)
  spawn "${!pid}" "${!folder}/console.log" env "FLINK_CONF_DIR=$flink_dir/conf" AWS_REGION=us-east-1 \
    java "${options[@]}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "${opens[@]}" \
    "-Dlog4j2.configurationFile=${!folder}/log4j2.properties" "-Dlog.file=${!log}" -cp "$flink_jars/*" "$class" "$@"
}

flink_ready() { http_ok "http://$flink_address/overview"; }
# The job manager counts a task manager that was killed for a while yet: this one's own name is asked for.
flink_tasks_ready() { http_ok "http://$flink_address/taskmanagers/$flink_tasks_name"; }
flink_sql_ready() { http_ok "http://$flink_sql_address/v1/info"; }

flink_up() {
  if alive "$flink_pid"; then say "flink: running at http://$flink_address"; return 0; fi
  need_curl
  need_java
  flink_fetch
  mkdir -p "$flink_dir/conf" "$flink_dir/tmp" "$flink_dir/checkpoints" "$flink_dir/savepoints"
  flink_config >"$flink_dir/conf/config.yaml"
  say "flink: starting at http://$flink_address"
  flink_spawn flink org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint \
    -Xms64m "-Xmx${CDC_FLINK_HEAP:-384m}" -- --configDir "$flink_dir/conf"
  wait_for 180 flink "$flink_pid" "$flink_log" flink_ready
  say "flink: ready at http://$flink_address"
}

# Flink's launcher computes these sizes by another Java; here they are told: heap = 128m of the framework + that of the tasks,
# direct memory = 128m of the framework + the network's buffers.
flink_tasks_up() {
  local heap=${CDC_FLINK_TASKS_HEAP:-512m} size flink_tasks_name
  if alive "$flink_tasks_pid"; then say "flink_tasks: running at $flink_tasks_address"; return 0; fi
  [[ $heap =~ ^([0-9]+)m$ ]] && [ "${heap%m}" -gt 128 ] || die "CDC_FLINK_TASKS_HEAP=$heap: say megabytes, more than 128m, as 512m"
  alive "$flink_pid" || die "flink_tasks needs flink: scripts/stack up flink"
  say "flink_tasks: starting at $flink_tasks_address"
  flink_tasks_name=tasks-$(date +%s%N)
  local arguments=(--configDir "$flink_dir/conf")
  for size in taskmanager.cpu.cores=1 taskmanager.memory.framework.heap.size=128m \
    "taskmanager.memory.task.heap.size=$((${heap%m} - 128))m" taskmanager.memory.framework.off-heap.size=128m \
    taskmanager.memory.task.off-heap.size=0m taskmanager.memory.network.min=64m taskmanager.memory.network.max=64m \
    taskmanager.memory.managed.size=64m taskmanager.memory.jvm-metaspace.size=256m \
    taskmanager.memory.jvm-overhead.min=192m taskmanager.memory.jvm-overhead.max=192m \
    "taskmanager.resource-id=$flink_tasks_name" "metrics.internal.query-service.port=$((flink_port + 7))"; do
    arguments+=(-D "$size")
  done
  flink_spawn flink_tasks org.apache.flink.runtime.taskexecutor.TaskManagerRunner \
    -Xms64m "-Xmx$heap" -XX:MaxDirectMemorySize=192m -XX:MaxMetaspaceSize=256m -- "${arguments[@]}"
  wait_for 180 flink_tasks "$flink_tasks_pid" "$flink_tasks_log" flink_tasks_ready
  say "flink_tasks: ready, $flink_slots slots"
}

flink_sql_up() {
  if alive "$flink_sql_pid"; then say "flink_sql: running at http://$flink_sql_address"; return 0; fi
  alive "$flink_pid" || die "flink_sql needs flink: scripts/stack up flink"
  say "flink_sql: starting at http://$flink_sql_address"
  flink_spawn flink_sql org.apache.flink.table.gateway.SqlGateway -Xms64m "-Xmx${CDC_FLINK_SQL_HEAP:-384m}" --
  wait_for 180 flink_sql "$flink_sql_pid" "$flink_sql_log" flink_sql_ready
  say "flink_sql: ready at http://$flink_sql_address"
}

flink_down() { take_down flink "$flink_pid" 30; }
flink_tasks_down() { take_down flink_tasks "$flink_tasks_pid" 30; }
flink_sql_down() { take_down flink_sql "$flink_sql_pid" 30; }

flink_ports() {
  local offset
  for offset in 0 2 3 6; do echo "$((flink_port + offset)) CDC_FLINK_PORT"; done
}
flink_tasks_ports() {
  local offset
  for offset in 4 5 7; do echo "$((flink_port + offset)) CDC_FLINK_PORT"; done
}
flink_sql_ports() { echo "$flink_sql_port CDC_FLINK_PORT"; }
