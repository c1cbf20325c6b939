# What runs, and where it writes. Sourced by scripts/stack.

# Components on request are shown when they run or are named.
shown() { [ "$named" -gt 0 ] || [[ " ${components[*]} " == *" $1 "* ]] || alive "$(pid_file "$1")"; }

status() {
  local c pid state memory address log outcome=0 separator=""
  if [ "$json" -eq 1 ]; then printf '['; else printf '%-13s %-8s %8s %8s  %-28s %s\n' COMPONENT STATE PID 'MEM MB' ADDRESS LOG; fi
  for c in "${chosen[@]}"; do
    shown "$c" || continue
    address=${c}_address log=${c}_log
    if alive "$(pid_file "$c")"; then
      state=running pid=$(pid_of "$(pid_file "$c")")
      memory=$(memory_bytes "$pid")
    else
      state=stopped pid="" memory=0 outcome=1
    fi
    if [ "$json" -eq 1 ]; then
      printf '%s{"component":"%s","state":"%s","address":"%s","pid":%s,"memory_bytes":%s,"log":"%s"}' \
        "$separator" "$c" "$state" "${!address}" "${pid:-null}" "$memory" "${!log}"
      separator=,
    else
      printf '%-13s %-8s %8s %8s  %-28s %s\n' "$c" "$state" "${pid:--}" $((memory / 1000000)) "${!address}" "${!log}"
    fi
  done
  [ "$json" -eq 0 ] || printf ']\n'
  exit "$outcome"
}

logs() {
  local c log
  for c in "${chosen[@]}"; do
    log=${c}_log
    [ -f "${!log}" ] || continue
    say "$c: ${!log}"
    tail -n 20 "${!log}"
  done
}

postgres_ports() { echo "$postgres_port CDC_POSTGRES_PORT"; }
kafka_ports() { echo "$kafka_port CDC_KAFKA_PORT"; echo "$((kafka_port + 1)) CDC_KAFKA_PORT"; }
connect_ports() { echo "$connect_port CDC_CONNECT_PORT"; }
minio_ports() { echo "$minio_port CDC_MINIO_PORT"; }
catalog_ports() { echo "$catalog_port CDC_CATALOG_PORT"; }
trino_ports() { echo "$trino_port CDC_TRINO_PORT"; }
nessie_ports() { echo "$nessie_port CDC_NESSIE_PORT"; echo "$((nessie_port + 1)) CDC_NESSIE_PORT"; }
