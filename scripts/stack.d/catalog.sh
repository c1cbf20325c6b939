# Iceberg's own REST catalog server on loopback, tables in a SQLite file, data in MinIO. Sourced by scripts/stack.

iceberg_version=1.10.1
catalog_port=${CDC_CATALOG_PORT:-8182}
catalog_dir=$stack_dir/catalog
catalog_name=iceberg-rest-$iceberg_version
catalog_pid=$catalog_dir/catalog.pid
catalog_log=$catalog_dir/catalog.log
catalog_address=127.0.0.1:$catalog_port
catalog_jars() {
  maven_jars "$catalog_name" "org.apache.iceberg:iceberg-open-api:$iceberg_version:test-fixtures" \
    "org.apache.iceberg:iceberg-core:$iceberg_version" "org.apache.iceberg:iceberg-core:$iceberg_version:tests" \
    "org.apache.iceberg:iceberg-aws:$iceberg_version" "org.apache.iceberg:iceberg-aws-bundle:$iceberg_version" \
    "org.apache.iceberg:iceberg-data:$iceberg_version" "org.apache.iceberg:iceberg-parquet:$iceberg_version" \
    org.apache.hadoop:hadoop-client-api:3.4.2 org.apache.hadoop:hadoop-client-runtime:3.4.2 org.xerial:sqlite-jdbc:3.50.3.0 \
    org.eclipse.jetty:jetty-server:11.0.26 org.eclipse.jetty:jetty-servlet:11.0.26 org.slf4j:slf4j-simple:2.0.17
}

catalog_compile() {
  local classes=$catalog_dir/classes source=$root/scripts/stack.d/java/LoopbackCatalog.java
  [ "$classes/.complete" -nt "$source" ] && return 0
  need_javac
  rm -rf "$classes"
  mkdir -p "$classes"
  javac -nowarn -proc:none -d "$classes" -cp "$cache_dir/$catalog_name/*" "$source" >"$catalog_dir/javac.log" 2>&1 \
    || die "catalog: $source could not be compiled; see $catalog_dir/javac.log"
  touch "$classes/.complete"
}

# CATALOG_*: one underscore is a dot, two are a dash. With SQLite the pool must have one connection: more of them lock each
# other out. include-credentials hands MinIO's key to every client that loads a table.
catalog_environment() {
  cat <<TXT
CATALOG_CATALOG_NAME=iceberg_catalog
CATALOG_CATALOG__IMPL=org.apache.iceberg.jdbc.JdbcCatalog
CATALOG_WAREHOUSE=s3://warehouse/iceberg
CATALOG_URI=jdbc:sqlite:$catalog_dir/catalog.db
CATALOG_JDBC_SCHEMA__VERSION=V1
CATALOG_CLIENTS=1
CATALOG_IO__IMPL=org.apache.iceberg.aws.s3.S3FileIO
CATALOG_S3_ENDPOINT=http://127.0.0.1:$minio_port
CATALOG_S3_PATH__STYLE__ACCESS=true
CATALOG_S3_ACCESS__KEY__ID=admin
CATALOG_S3_SECRET__ACCESS__KEY=password
CATALOG_CLIENT_REGION=us-east-1
CATALOG_INCLUDE__CREDENTIALS=${CDC_CATALOG_VENDED:-false}
AWS_REGION=us-east-1
TXT
}

catalog_ready() { http_ok "http://$catalog_address/v1/config"; }

catalog_up() {
  if alive "$catalog_pid"; then say "catalog: running at http://$catalog_address"; return 0; fi
  alive "$minio_pid" || die "catalog needs minio: scripts/stack up minio catalog"
  need_curl
  need_java
  catalog_jars
  mkdir -p "$catalog_dir"
  catalog_compile
  local environment
  mapfile -t environment < <(catalog_environment)
  say "catalog: starting at http://$catalog_address"
  spawn "$catalog_pid" "$catalog_log" env "${environment[@]}" \
    java -Xms64m "-Xmx${CDC_CATALOG_HEAP:-192m}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -Dorg.slf4j.simpleLogger.showDateTime=true "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS" \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$catalog_dir/classes:$cache_dir/$catalog_name/*" \
    org.apache.iceberg.rest.LoopbackCatalog "$catalog_port"
  wait_for 180 catalog "$catalog_pid" "$catalog_log" catalog_ready
  say "catalog: ready at http://$catalog_address"
}

catalog_down() { take_down catalog "$catalog_pid" 20; }
