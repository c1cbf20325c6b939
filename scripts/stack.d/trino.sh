# Trino with the catalog `iceberg` on the REST catalog, on request. Sourced by scripts/stack and scripts/trino.

trino_version=476
trino_port=${CDC_TRINO_PORT:-8080}
trino_dir=$stack_dir/trino
trino_home=$cache_dir/trino-$trino_version
trino_cli=$cache_dir/trino-cli-$trino_version/trino-cli-$trino_version-executable.jar
trino_pid=$trino_dir/trino.pid
trino_log=$trino_dir/server.log
trino_address=127.0.0.1:$trino_port

# The archive's plugins are hard links of each other: it must be unpacked whole before most of it is removed.
trino_fetch() {
  local folder=$1 archive=trino-server-$trino_version.tar.gz
  maven_file "io.trino:trino-server:$trino_version:tar.gz" "$folder" "trino-$trino_version" || exit 1
  say "unpacking $archive"
  with_progress "unpacking trino" "$cache_dir/trino.log" tar -xf "$folder/$archive" -C "$folder" --strip-components=1 \
    || die "trino could not be unpacked; see $cache_dir/trino.log"
  rm -f "$folder/$archive"
  find "$folder/plugin" -mindepth 1 -maxdepth 1 ! -name iceberg -exec rm -rf {} + \
    || die "trino's plugins could not be removed"
}

trino_cli_fetch() { maven_file "io.trino:trino-cli:$trino_version:jar:executable" "$1" "trino-cli-$trino_version"; }

trino_configure() {
  mkdir -p "$trino_dir/etc/catalog" "$trino_dir/data"
  cat >"$trino_dir/etc/config.properties" <<TXT
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=$trino_port
discovery.uri=http://127.0.0.1:$trino_port
http-server.log.path=$trino_dir/http-request.log
web-ui.enabled=false
catalog.management=static
query.max-memory=256MB
query.max-memory-per-node=256MB
memory.heap-headroom-per-node=256MB
TXT
  printf 'io.trino=WARN\norg.apache.iceberg=WARN\n' >"$trino_dir/etc/log.properties"
  cat >"$trino_dir/etc/catalog/iceberg.properties" <<TXT
connector.name=iceberg
iceberg.catalog.type=rest
iceberg.rest-catalog.uri=http://127.0.0.1:$catalog_port
iceberg.rest-catalog.case-insensitive-name-matching=true
fs.native-s3.enabled=true
s3.endpoint=http://127.0.0.1:$minio_port
s3.region=us-east-1
s3.path-style-access=true
s3.aws-access-key=admin
s3.aws-secret-key=password
TXT
}

trino_ready() { curl -fsS --max-time 5 "http://$trino_address/v1/info" | grep -q '"starting":false'; }

trino_up() {
  if alive "$trino_pid"; then say "trino: running at http://$trino_address"; return 0; fi
  need_curl
  need_jdk
  once "trino-$trino_version" trino_fetch
  once "trino-cli-$trino_version" trino_cli_fetch
  trino_configure
  say "trino: starting at http://$trino_address"
  spawn "$trino_pid" "$trino_log" "$jdk_home/bin/java" "-Xmx${CDC_TRINO_HEAP:-1g}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -XX:-OmitStackTraceInFastThrow -Djdk.attach.allowAttachSelf=true \
    --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
    -Dnode.environment=cdc -Dnode.id=cdc-1 -Dnode.bind-ip=127.0.0.1 -Dnode.internal-address=127.0.0.1 \
    "-Dnode.data-dir=$trino_dir/data" "-Dconfig=$trino_dir/etc/config.properties" "-Dplugin.dir=$trino_home/plugin" \
    "-Dcatalog.config-dir=$trino_dir/etc/catalog" "-Dlog.levels-file=$trino_dir/etc/log.properties" \
    -cp "$trino_home/lib/*" io.trino.server.TrinoServer
  wait_for 180 trino "$trino_pid" "$trino_log" trino_ready
  say "trino: ready at http://$trino_address: scripts/trino 'SHOW TABLES'"
}

trino_down() { take_down trino "$trino_pid" 30; }
