# PostgreSQL 15, the source: a cluster of its own. Sourced by scripts/stack.
#
# PostgreSQL refuses to run as root: for root it runs as CDC_POSTGRES_USER, and where that user may not enter the stack's
# folder (a checkout below /root) the cluster lives below /var/tmp.

postgres_bin=${CDC_POSTGRES_BIN:-/usr/lib/postgresql/15/bin}
postgres_port=${CDC_POSTGRES_PORT:-5432}
postgres_user=${CDC_POSTGRES_USER:-postgres}
postgres_dir=$stack_dir/postgres
postgres_pid=$postgres_dir/postgres.pid
postgres_log=$postgres_dir/postgres.log
postgres_address=127.0.0.1:$postgres_port
postgres_host=127.0.0.1

# sql [psql arguments]: as the superuser in sourcedb.
sql() {
  PGDATABASE=${sql_database:-sourcedb} PGOPTIONS=--client-min-messages=warning \
    "$postgres_bin/psql" -h "$postgres_host" -p "$postgres_port" -U postgres -XqAtv ON_ERROR_STOP=1 "$@"
}

# Sets postgres_as, the prefix of a command that leaves root.
postgres_owner() {
  postgres_as=()
  [ "$(id -u)" -eq 0 ] || return 0
  id -u "$postgres_user" >/dev/null 2>&1 \
    || die "PostgreSQL cannot run as root and there is no user '$postgres_user'; set CDC_POSTGRES_USER"
  postgres_as=(setpriv "--reuid=$postgres_user" "--regid=$(id -g "$postgres_user")" --init-groups)
}

postgres_data() {
  local marker=$postgres_dir/data-folder
  if [ -f "$marker" ]; then cat "$marker"; return 0; fi
  local data=$postgres_dir/data
  if [ "$(id -u)" -eq 0 ] && ! "${postgres_as[@]}" test -x "$postgres_dir"; then
    data=/var/tmp/cdc-postgres-$(printf %s "$stack_dir" | cksum | cut -d' ' -f1)
  fi
  echo "$data"
}

postgres_conf() {
  cat <<TXT
listen_addresses = '127.0.0.1'
port = $postgres_port
unix_socket_directories = ''
wal_level = logical
max_wal_senders = 20
max_replication_slots = 20
max_slot_wal_keep_size = 1GB
max_connections = 200
shared_buffers = 64MB
timezone = 'UTC'
log_timezone = 'UTC'
TXT
}

# Made beside and renamed: a cluster that was interrupted half-way is made again.
postgres_init() {
  local data=$1
  say "postgres: making the cluster in $data"
  rm -rf "$data" "$data.part"
  mkdir -p "$data.part"
  [ "$(id -u)" -ne 0 ] || chown "$postgres_user:" "$data.part"
  (cd / && "${postgres_as[@]}" "$postgres_bin/initdb" -D "$data.part" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync) \
    >"$postgres_dir/initdb.log" 2>&1 || die "postgres: initdb failed; see $postgres_dir/initdb.log"
  echo "include 'cdc.conf'" >>"$data.part/postgresql.conf"
  mv "$data.part" "$data"
  echo "$data" >"$postgres_dir/data-folder"
}

postgres_ready() { "$postgres_bin/pg_isready" -q -h "$postgres_host" -p "$postgres_port"; }

postgres_start() {  # DATA [postgres arguments]
  local data=$1 try
  shift
  postgres_conf >"$data/cdc.conf"
  # After a kill -9 the old children hold the shared memory for a moment; an outgoing connection may hold the port.
  for try in 1 2 3 4 5 6 7 8 9 10; do
    spawn "$postgres_pid" "$postgres_log" env -C / LC_ALL=C "${postgres_as[@]}" "$postgres_bin/postgres" -D "$data" "$@"
    until postgres_ready; do alive "$postgres_pid" || break; sleep 0.05; done
    alive "$postgres_pid" && return 0
    grep -q 'pre-existing shared memory block\|lock file "postmaster.pid"\|Address already in use' "$postgres_log" || break
    say "postgres: its port or memory is still held by something that is leaving ($try)"
    sleep 1
  done
  die "postgres ended while starting; see $postgres_log"
}

# postgres_privately COMMAND…: while nobody else can reach the stopped PostgreSQL, and it changes nothing by itself.
postgres_privately() {
  local outcome=0
  postgres_owner
  postgres_host=$(mktemp -d /tmp/cdc-socket-XXXXXX)
  [ "$(id -u)" -ne 0 ] || chown "$postgres_user:" "$postgres_host"
  postgres_start "$(postgres_data)" -c listen_addresses= -c "unix_socket_directories=$postgres_host" -c autovacuum=off
  "$@" || outcome=$?
  stop_process "$postgres_pid" 30 INT
  rm -rf "$postgres_host"
  postgres_host=127.0.0.1
  return $outcome
}

postgres_seed() {
  local source=$root/sql/source
  sql_database=postgres sql -c "SELECT 1 FROM pg_database WHERE datname = 'sourcedb'" | grep -q 1 && return 0
  say "postgres: database sourcedb, schema and seed data of sql/source"
  # Under another name until it is whole.
  if ! sql_database=postgres sql -c 'DROP DATABASE IF EXISTS sourcedb_part' -c 'CREATE DATABASE sourcedb_part' \
    || ! sql_database=sourcedb_part sql -1 -f "$source/roles.sql" -f "$source/schema.sql" -f "$source/seed.sql" \
    || ! sql_database=postgres sql -c 'ALTER DATABASE sourcedb_part RENAME TO sourcedb'; then
    die "postgres: sql/source could not be loaded; see the lines above and $postgres_log"
  fi
}

postgres_up() {
  if alive "$postgres_pid"; then say "postgres: running at $postgres_address"; postgres_seed; return 0; fi
  install_postgresql
  postgres_owner
  mkdir -p "$postgres_dir"
  local data
  data=$(postgres_data)
  [ -f "$data/PG_VERSION" ] || postgres_init "$data"
  say "postgres: starting at $postgres_address"
  [ ! -f "$slot_position" ] || postgres_privately slot_reopen
  postgres_start "$data"
  postgres_seed
  say "postgres: ready at $postgres_address: postgresql://postgres@$postgres_address/sourcedb"
}

postgres_down() { take_down postgres "$postgres_pid" 30 INT; }

postgres_reset() {
  local data
  data=$(cat "$postgres_dir/data-folder" 2>/dev/null || true)
  [ -z "$data" ] || rm -rf "$data" "$data.part"
}
