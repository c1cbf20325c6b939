# Kafka: one broker and controller in one process (KRaft). Sourced by scripts/stack.

kafka_version=4.3.1
kafka_port=${CDC_KAFKA_PORT:-9092}
kafka_dir=$stack_dir/kafka
kafka_jars=$cache_dir/kafka-$kafka_version
kafka_pid=$kafka_dir/kafka.pid
kafka_log=$kafka_dir/kafka.log

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

kafka_log4j() {
  cat <<TXT
status=error
appender.f.type=File
appender.f.name=f
appender.f.fileName=$kafka_log
appender.f.layout.type=PatternLayout
appender.f.layout.pattern=%d %p %m (%c)%n
rootLogger.level=info
rootLogger.appenderRef.f.ref=f
TXT
}

# A TCP connect comes too early: the broker is ready when its log says so and its port answers.
kafka_ready() { grep -q 'Kafka Server started' "$kafka_log" && (exec 3<>"/dev/tcp/127.0.0.1/$kafka_port"); }

kafka_up() {
  if alive "$kafka_pid"; then say "kafka: running at 127.0.0.1:$kafka_port"; return 0; fi
  maven_jars "$kafka_jars" "org.apache.kafka:kafka_2.13:$kafka_version" "org.apache.kafka:kafka-tools:$kafka_version" \
    org.apache.logging.log4j:log4j-slf4j-impl:2.25.4
  need_java
  mkdir -p "$kafka_dir"
  kafka_properties >"$kafka_dir/server.properties"
  kafka_log4j >"$kafka_dir/log4j2.properties"
  : >"$kafka_log"
  local java=(java -Xms64m -Xmx${CDC_KAFKA_HEAP:-192m} -XX:+UseSerialGC -XX:TieredStopAtLevel=1
    -Dlog4j2.configurationFile="$kafka_dir/log4j2.properties" -cp "$kafka_jars/*")
  if [ ! -d "$kafka_dir/data" ]; then
    "${java[@]}" kafka.tools.StorageTool format -t "$(head -c16 /dev/urandom | base64 | tr '+/' '-_' | tr -d =)" \
      -c "$kafka_dir/server.properties" >"$kafka_dir/format.log" 2>&1 || die "kafka: formatting failed; see $kafka_dir/format.log"
  fi
  say "kafka: starting at 127.0.0.1:$kafka_port"
  setsid "${java[@]}" kafka.Kafka "$kafka_dir/server.properties" >"$kafka_dir/console.log" 2>&1 </dev/null &
  echo $! >"$kafka_pid"
  wait_for 60 kafka "$kafka_pid" "$kafka_log" kafka_ready
  say "kafka: ready at 127.0.0.1:$kafka_port"
}

kafka_down() {
  alive "$kafka_pid" || { rm -f "$kafka_pid"; say "kafka: not running"; return 0; }
  stop_process "$kafka_pid" 30
  say "kafka: stopped"
}

kafka_status() {
  if alive "$kafka_pid"; then say "kafka: running at 127.0.0.1:$kafka_port pid $(cat "$kafka_pid")"; else say "kafka: stopped"; fi
}

kafka_logs() { say "kafka: $kafka_log"; tail -n 20 "$kafka_log" 2>/dev/null || true; }
