# Kafka: one broker and controller in one process (KRaft). Sourced by scripts/stack.

kafka_version=4.3.1
kafka_port=${CDC_KAFKA_PORT:-9092}
kafka_dir=$stack_dir/kafka
kafka_jars=$cache_dir/kafka-$kafka_version
kafka_pid=$kafka_dir/kafka.pid
kafka_log=$kafka_dir/kafka.log
kafka_address=127.0.0.1:$kafka_port

kafka_properties() {
  cat <<TXT
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((kafka_port + 1))
listeners=PLAINTEXT://127.0.0.1:$kafka_port,CONTROLLER://127.0.0.1:$((kafka_port + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$kafka_port
controller.listener.names=CONTROLLER
log.dirs=$kafka_dir/data
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
log.retention.hours=-1
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
message.max.bytes=10485760
TXT
}

# A TCP connect comes too early: the broker is ready when its log says so and its port answers.
kafka_ready() { grep -q 'Kafka Server started' "$kafka_log" && port_taken "$kafka_port"; }

kafka_cluster_id() { sed -n 's/^cluster.id=//p' "$kafka_dir/data/meta.properties" 2>/dev/null || true; }

kafka_java() {
  java -Xms64m "-Xmx${CDC_KAFKA_HEAP:-192m}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    "-Dlog4j2.configurationFile=$kafka_dir/log4j2.properties" -cp "$kafka_jars/*" "$@"
}

# 16 random bytes in Base64 for URLs. The first letter is fixed: StorageTool takes an id that begins with '-' for an option.
kafka_new_cluster_id() { printf 'k%s\n' "$(head -c16 /dev/urandom | base64 | tr '+/' '-_' | tr -d = | cut -c2-)"; }

kafka_format() {
  local id
  id=$(kafka_new_cluster_id)
  rm -rf "$kafka_dir/data"
  kafka_java kafka.tools.StorageTool format -t "$id" -c "$kafka_dir/server.properties" >"$kafka_dir/format.log" 2>&1 \
    || die "kafka: formatting failed: $(tail -n1 "$kafka_dir/format.log"); see $kafka_dir/format.log"
}

kafka_up() {
  if alive "$kafka_pid"; then say "kafka: running at $kafka_address"; return 0; fi
  need_java
  maven_jars "kafka-$kafka_version" "org.apache.kafka:kafka_2.13:$kafka_version" "org.apache.kafka:kafka-tools:$kafka_version" \
    org.apache.logging.log4j:log4j-slf4j-impl:2.25.4
  mkdir -p "$kafka_dir"
  kafka_properties >"$kafka_dir/server.properties"
  log4j_file "$kafka_log" >"$kafka_dir/log4j2.properties"
  [ -f "$kafka_dir/data/meta.properties" ] || kafka_format
  : >"$kafka_log"
  say "kafka: starting at $kafka_address"
  spawn "$kafka_pid" "$kafka_dir/console.log" \
    java -Xms64m "-Xmx${CDC_KAFKA_HEAP:-192m}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    "-Dlog4j2.configurationFile=$kafka_dir/log4j2.properties" -cp "$kafka_jars/*" kafka.Kafka "$kafka_dir/server.properties"
  wait_for 180 kafka "$kafka_pid" "$kafka_log" kafka_ready
  say "kafka: ready at $kafka_address"
}

kafka_down() { take_down kafka "$kafka_pid" 30; }
