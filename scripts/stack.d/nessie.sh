# Nessie as a second REST catalog, on request: for tests of the client, not for proofs (it shows the newest snapshot only).
# Sourced by scripts/stack.

nessie_version=0.99.0
nessie_port=${CDC_NESSIE_PORT:-19120}
nessie_dir=$stack_dir/nessie
nessie_jar=$cache_dir/nessie-$nessie_version/nessie-quarkus-$nessie_version-runner.jar
nessie_pid=$nessie_dir/nessie.pid
nessie_log=$nessie_dir/nessie.log
nessie_address=127.0.0.1:$nessie_port
nessie_vended=${CDC_NESSIE_VENDED:-false}

nessie_fetch() { maven_file "org.projectnessie.nessie:nessie-quarkus:$nessie_version:jar:runner" "$1" "nessie-$nessie_version"; }

# Vended credentials are STS sessions, and MinIO's administrator may not open one: they are made for a user of their own.
nessie_properties() {
  local key=admin secret=password s3=nessie.catalog.service.s3.default-options
  if [ "$nessie_vended" = true ]; then key=$minio_user_key secret=$minio_user_secret; fi
  cat <<TXT
quarkus.http.host=127.0.0.1
quarkus.http.port=$nessie_port
quarkus.management.host=127.0.0.1
quarkus.management.port=$((nessie_port + 1))
quarkus.oidc.enabled=false
quarkus.otel.sdk.disabled=true
nessie.version.store.type=ROCKSDB
nessie.version.store.persist.rocks.database-path=$nessie_dir/data
nessie.catalog.default-warehouse=warehouse
nessie.catalog.warehouses.warehouse.location=s3://warehouse/nessie
$s3.endpoint=http://127.0.0.1:$minio_port/
$s3.sts-endpoint=http://127.0.0.1:$minio_port/
$s3.region=us-east-1
$s3.path-style-access=true
$s3.request-signing-enabled=false
$s3.auth-type=STATIC
$s3.access-key=urn:nessie-secret:quarkus:cdc-secrets.minio
cdc-secrets.minio.name=$key
cdc-secrets.minio.secret=$secret
$s3.client-iam.enabled=$nessie_vended
$s3.client-iam.assume-role=arn:aws:iam::000000000000:role/cdc
TXT
}

nessie_ready() { http_ok "http://127.0.0.1:$((nessie_port + 1))/q/health/ready"; }

nessie_up() {
  if alive "$nessie_pid"; then say "nessie: running at http://$nessie_address"; return 0; fi
  alive "$minio_pid" || die "nessie needs minio: scripts/stack up minio nessie"
  need_curl
  need_jdk
  once "nessie-$nessie_version" nessie_fetch
  mkdir -p "$nessie_dir"
  if [ "$nessie_vended" = true ]; then minio_user; fi
  (umask 077; nessie_properties >"$nessie_dir/nessie.properties")
  say "nessie: starting at http://$nessie_address (vended credentials: $nessie_vended)"
  spawn "$nessie_pid" "$nessie_log" env "QUARKUS_CONFIG_LOCATIONS=$nessie_dir/nessie.properties" AWS_REGION=us-east-1 \
    "$jdk_home/bin/java" -Xms64m "-Xmx${CDC_NESSIE_HEAP:-256m}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -jar "$nessie_jar"
  wait_for 180 nessie "$nessie_pid" "$nessie_log" nessie_ready
  say "nessie: ready at http://$nessie_address/iceberg/ (warehouse 'warehouse')"
}

nessie_down() { take_down nessie "$nessie_pid" 20; }
