# Elasticsearch 7.17 as one node on loopback, on request. Sourced by scripts/stack.

elasticsearch_version=7.17.29
elasticsearch_port=${CDC_ELASTICSEARCH_PORT:-9200}
elasticsearch_transport=${CDC_ELASTICSEARCH_TRANSPORT:-9300}
elasticsearch_dir=$stack_dir/elasticsearch
elasticsearch_name=elasticsearch-$elasticsearch_version
elasticsearch_pid=$elasticsearch_dir/elasticsearch.pid
elasticsearch_log=$elasticsearch_dir/elasticsearch.log
elasticsearch_address=127.0.0.1:$elasticsearch_port

elasticsearch_compile() {
  local classes=$elasticsearch_dir/classes source=$root/scripts/stack.d/java/LoopbackSearch.java
  [ "$classes/.complete" -nt "$source" ] && return 0
  need_javac
  rm -rf "$classes"
  mkdir -p "$classes"
  javac -nowarn -proc:none -d "$classes" -cp "$cache_dir/$elasticsearch_name/*" "$source" >"$elasticsearch_dir/javac.log" 2>&1 \
    || die "elasticsearch: $source could not be compiled; see $elasticsearch_dir/javac.log"
  touch "$classes/.complete"
}

elasticsearch_ready() {
  curl -fsS --max-time 5 "http://$elasticsearch_address/_cluster/health" | grep -qE '"status":"(green|yellow)"'
}

elasticsearch_up() {
  if alive "$elasticsearch_pid"; then say "elasticsearch: running at http://$elasticsearch_address"; return 0; fi
  need_curl
  need_java
  maven_jars "$elasticsearch_name" "org.elasticsearch:elasticsearch:$elasticsearch_version" \
    "org.elasticsearch.plugin:transport-netty4-client:$elasticsearch_version" org.apache.logging.log4j:log4j-core:2.17.1
  mkdir -p "$elasticsearch_dir"
  elasticsearch_compile
  say "elasticsearch: starting at http://$elasticsearch_address"
  spawn "$elasticsearch_pid" "$elasticsearch_log" \
    java -Xms64m "-Xmx${CDC_ELASTICSEARCH_HEAP:-400m}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -cp "$elasticsearch_dir/classes:$cache_dir/$elasticsearch_name/*" org.elasticsearch.node.LoopbackSearch \
    "$elasticsearch_dir" "$elasticsearch_port" "$elasticsearch_transport"
  wait_for 180 elasticsearch "$elasticsearch_pid" "$elasticsearch_log" elasticsearch_ready
  say "elasticsearch: ready at http://$elasticsearch_address"
}

elasticsearch_down() { take_down elasticsearch "$elasticsearch_pid" 30; }

elasticsearch_ports() {
  echo "$elasticsearch_port CDC_ELASTICSEARCH_PORT"
  echo "$elasticsearch_transport CDC_ELASTICSEARCH_TRANSPORT"
}
