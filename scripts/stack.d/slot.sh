# The replication slot's life, so that nothing is lost between `down` and `up`. Sourced by scripts/stack.
#
# `down` of everything leaves no slot (a forgotten slot keeps WAL), but only changes that are in Kafka may be forgotten:
#   slot_retire  stops the connector, looks with the slot itself whether anything is left in it, writes down the next
#                transaction id of that moment (`position`), and drops the slot.
#   slot_reopen  makes a new slot as soon as PostgreSQL is back. Only if no transaction took an id since then was nothing
#                missed, and the connector goes on without a snapshot. In any other case it takes a new snapshot of all tables.
# `down connect` alone keeps connector and slot: it continues where it stopped.

slot_name=${CDC_SLOT_NAME:-university_server}
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

# Everything committed so far is confirmed by the connector, so it is in Kafka.
slot_confirmed() {
  [ "$(sql -c "SELECT confirmed_flush_lsn >= '$1' FROM pg_replication_slots WHERE slot_name = '$slot_name'")" = t ]
}

# Nothing is left in the slot: committed transactions before $xid are in Kafka, and none was open at that moment.
slot_drained() {
  [ "$(sql -c "SELECT count(*) FROM pg_logical_slot_peek_binary_changes('$slot_name', NULL, 1,
               'proto_version', '1', 'publication_names', 'dbz_publication')" 2>/dev/null)" = 0 ]
}

# slot_retire: with PostgreSQL up, and Connect if it can be. Afterwards there is no connector and no slot.
slot_retire() {
  local xid=0 streaming=0
  slot_exists || { connector_delete; return 0; }
  if connect_healthy; then
    slot_wait_confirmed
    ! connector_streaming || streaming=1
    connector_stop
  elif [ -f "$slot_continues" ]; then
    streaming=1  # made anew since the last down and never used: what counts is whether it is still empty
  fi
  rm -f "$slot_position"
  xid=$(slot_quiet_xid || true)
  if [ $streaming -eq 1 ] && [ -n "$xid" ] && slot_drained; then
    { slot_identity; echo "kafka=$(kafka_cluster_id)"; echo "xid=$xid"; } >"$slot_position.new"
    mv "$slot_position.new" "$slot_position"
    say "connect: all changes are in Kafka; connector and slot removed"
  else
    say "connect: connector and slot removed with changes not yet in Kafka; the next 'up' takes a new snapshot"
  fi
  rm -f "$slot_continues"
  connector_delete
  slot_drop
}

# A message of our own in the WAL, which the connector is told to leave out: a position it will confirm even if no table
# changed behind its last change. It is outside of transactions and takes no id.
slot_wait_confirmed() {
  local lsn at=none now deadline=$((SECONDS + 15)) shown=$SECONDS
  lsn=$(sql -c "SELECT pg_logical_emit_message(false, 'cdc_stack', 'down')")
  until slot_confirmed "$lsn"; do
    now=$(sql -c "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '$slot_name'")
    if [ "$now" != "$at" ]; then at=$now deadline=$((SECONDS + 15)); fi
    [ $SECONDS -lt $deadline ] || { say "connect: behind PostgreSQL, and no progress for 15 s"; return 0; }
    if [ $((SECONDS - shown)) -ge 5 ]; then shown=$SECONDS; say "connect: catching up with PostgreSQL, at $at of $lsn …"; fi
    sleep 0.2
  done
}

# slot_reopen: after `down`, before anybody's first change if possible. The slot is made first and the id read then: a
# transaction in between makes the ids differ.
slot_reopen() {
  [ -f "$slot_position" ] || return 0
  rm -f "$slot_continues"
  slot_drop
  slot_create || die "the slot $slot_name could not be made; see $postgres_log"
  local expected
  expected=$({ slot_identity; grep '^kafka=' "$slot_position"; echo "xid=$(slot_quiet_xid)"; })
  if [ "$expected" = "$(cat "$slot_position")" ] && [ "$(sed -n 's/^kafka=//p' "$slot_position")" = "$(kafka_cluster_id)" ]; then
    mv "$slot_position" "$slot_continues"
  else
    rm -f "$slot_position"
    slot_drop
  fi
}
