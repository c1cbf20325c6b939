# The replication slot's life, so that no change is lost between `down` and `up`. Sourced by scripts/stack.
#
# A forgotten slot keeps WAL, so `down` of everything leaves none. But a change that is in no slot and not in Kafka is lost, and
# a snapshot does not tell of deletes. So:
#   slot_retire  waits for the connector, stops it, and looks into the slot itself while nobody else can reach PostgreSQL. If
#                nothing is left in it, it is dropped, and the next transaction id is written down (`position`). Otherwise slot
#                and connector stay, and the next `up` goes on with them.
#   slot_reopen  makes the slot anew before anybody can reach PostgreSQL again. With the same next transaction id nothing was
#                missed, and a connector without a snapshot goes on from there. Otherwise somebody else ran this cluster.
# `down connect` alone keeps connector and slot too.

slot_name=${CDC_SLOT_NAME:-university_server}
slot_missed="a new snapshot is taken, but it does not tell of rows deleted meanwhile: see 'cdc reset'"
slot_position=$stack_dir/slot.position   # where a retired slot ended: system id, Kafka cluster, next transaction id
slot_continues=$stack_dir/slot.continues # the slot was made anew and nothing was missed

slot_exists() { [ "$(sql -c "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '$slot_name'")" = 1 ]; }
slot_usable() {
  [ "$(sql -c "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '$slot_name' AND database = 'sourcedb'
               AND wal_status IN ('reserved', 'extended')")" = 1 ]
}
slot_active() { [ "$(sql -c "SELECT active FROM pg_replication_slots WHERE slot_name = '$slot_name'")" = t ]; }
slot_inactive() { ! slot_active; }
slot_create() { sql -c "SELECT pg_create_logical_replication_slot('$slot_name', 'pgoutput')" >/dev/null; }

slot_drop() {
  local i
  for i in $(seq 100); do
    slot_exists || return 0
    sql -c "SELECT pg_drop_replication_slot('$slot_name')" >/dev/null 2>&1 && return 0
    # A walsender whose client is gone: told once, after two seconds.
    [ "$i" != 20 ] || sql >/dev/null -c \
      "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '$slot_name'"
    sleep 0.1
  done
  die "the slot $slot_name could not be dropped; see 'SELECT * FROM pg_replication_slots' and $postgres_log"
}

# The next transaction id, if no transaction is open that has one already.
slot_quiet_xid() {
  sql -c "SELECT pg_snapshot_xmax(s) FROM pg_current_snapshot() s WHERE pg_snapshot_xmin(s) = pg_snapshot_xmax(s)"
}
slot_identity() { sql -c "SELECT 'source=' || system_identifier FROM pg_control_system()"; }

slot_confirmed_at() { sql -c "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '$slot_name'"; }

# Everything committed so far is confirmed by the connector, so it is in Kafka.
slot_confirmed() {
  [ "$(sql -c "SELECT confirmed_flush_lsn >= '$1' FROM pg_replication_slots WHERE slot_name = '$slot_name'")" = t ]
}

# Nothing is left in the slot: committed transactions before $xid are in Kafka, and none was open at that moment.
slot_drained() {
  [ "$(sql -c "SELECT count(*) FROM pg_logical_slot_peek_binary_changes('$slot_name', NULL, 1,
               'proto_version', '1', 'publication_names', 'dbz_publication')" 2>/dev/null)" = 0 ]
}

# slot_retire: with PostgreSQL up, which is stopped. Fails if connector and slot have to stay.
slot_retire() {
  slot_exists || return 0
  connect_healthy || { say "connect: not running, so connector and slot stay: the next 'up' continues"; return 1; }
  connector_exists || { slot_drop; return 0; }
  slot_wait_confirmed
  connector_streaming || { say "connect: its snapshot is not finished, so connector and slot stay"; return 1; }
  connector_stop
  local confirmed
  confirmed=$(slot_confirmed_at)
  postgres_down
  postgres_privately slot_close "$confirmed" || {
    say "connect: changes are not in Kafka yet, so connector and slot stay: the next 'up' continues"
    return 1
  }
  connector_delete
  say "connect: all changes are in Kafka; connector and slot removed"
}

# slot_close CONFIRMED: PostgreSQL 15 forgets in a restart what was confirmed last, so the slot is told again.
slot_close() {
  local xid
  sql -c "SELECT pg_replication_slot_advance('$slot_name', '$1')" >/dev/null 2>&1 || true  # an error: it is there already
  xid=$(slot_quiet_xid)
  [ -n "$xid" ] && slot_drained || return 1
  { slot_identity && echo "kafka=$(kafka_cluster_id)" && echo "xid=$xid"; } >"$slot_position.new" || return 1
  mv "$slot_position.new" "$slot_position" || return 1
  rm -f "$slot_continues"
  slot_drop
}

# A message of our own in the WAL, which the connector is told to leave out: a position it will confirm even if no table
# changed behind its last change. It is outside of transactions and takes no id.
slot_wait_confirmed() {
  local lsn at=none now deadline=$((SECONDS + 15)) shown=$SECONDS
  lsn=$(sql -c "SELECT pg_logical_emit_message(false, 'cdc_stack', 'down')")
  until slot_confirmed "$lsn"; do
    now=$(slot_confirmed_at)
    if [ "$now" != "$at" ]; then at=$now deadline=$((SECONDS + 15)); fi
    [ $SECONDS -lt $deadline ] || { say "connect: behind PostgreSQL, and no progress for 15 s"; return 0; }
    if [ $((SECONDS - shown)) -ge 5 ]; then shown=$SECONDS; say "connect: catching up with PostgreSQL, at $at of $lsn …"; fi
    sleep 0.2
  done
}

slot_reopen() {
  local here
  here=$(slot_identity; grep '^kafka=' "$slot_position"; echo "xid=$(slot_quiet_xid)")
  rm -f "$slot_continues"
  slot_drop
  if [ "$here" = "$(cat "$slot_position")" ]; then
    slot_create || die "the slot $slot_name could not be made; see $postgres_log"
    mv "$slot_position" "$slot_continues"
  else
    say "connect: PostgreSQL's data changed while the stack was down; $slot_missed"
    rm -f "$slot_position"
  fi
}
