# What a demonstration tells: steps, checks and the summary. Sourced by test-dynamic-cdc.sh.

results=()
failures=0
step() { printf '\n== %s\n' "$*"; }
pass() { results+=("PASS  $*"); printf 'PASS  %s\n' "$*"; }
fail() {  # what, where to look
  results+=("FAIL  $1"$'\n'"      look at: $2")
  failures=$((failures + 1))
  printf 'FAIL  %s\n      look at: %s\n' "$1" "$2"
}

give_up() { summary; exit 1; }
summary() {
  step "Summary ($((SECONDS - started_at)) s)"
  printf '%s\n' "${results[@]}"
  if [ $failures -eq 0 ]; then
    printf '\nRESULT: PASS, %s checks\n' "${#results[@]}"
  else
    printf '\nRESULT: FAIL, %s of %s checks; everything of this run is in %s\n' "$failures" "${#results[@]}" "$run"
    if [ -f "$log" ]; then printf '\nLast lines of the orchestrator:\n'; tail -n 15 "$log"; fi
  fi
}


# wait_for WHAT ARGUMENTS…: of tests/support/wait_status.py; $wait_seconds at most.
wait_for() {  # what, arguments of wait_status.py
  local what=$1 out
  shift
  if out=$($python tests/support/wait_status.py --cdc "$bin/cdc" --config "$config" --timeout $wait_seconds "$@"); then
    pass "$what"
  else
    printf '%s\n' "$out" | sed 's/^/      /'
    fail "$what (waited $wait_seconds s)" "$log, $run/state/logs/<table>.log, '$bin/cdc status --config $config'"
    return 1
  fi
}

lines() { grep -cF -- "$1" "$log" 2>/dev/null || true; }

free_port() { $python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# For an exit in the middle: asks first, then insists. Its workers commit and leave with it.
stop_orchestrator() {
  local orchestrator=
  [ -f "$run/state/orchestrator.pid" ] && orchestrator=$(grep -oE '[0-9]+' "$run/state/orchestrator.pid" | head -1)
  [ -f "$config" ] && "$bin/cdc" stop --config "$config" >>"$run/stop.log" 2>&1
  if [ -n "$orchestrator" ] && kill -0 "$orchestrator" 2>/dev/null; then
    kill -TERM "$orchestrator" 2>/dev/null; sleep 1; kill -KILL "$orchestrator" 2>/dev/null
  fi
}

start_orchestrator() {
  if "$bin/cdc" start --config "$config" >"$run/start.log" 2>&1; then
    pass "orchestrator started in the background"
  else
    cat "$run/start.log"
    fail "orchestrator starts" "$run/start.log, $log"
    give_up
  fi
}

end_orchestrator() {
  if "$bin/cdc" stop --config "$config" >"$run/stop.log" 2>&1; then
    pass "orchestrator stopped"
  else
    fail "orchestrator stops" "$run/stop.log, $log"
  fi
}

# The end of a run that got this far: exit 0 if every check passed.
finish() {
  summary
  cleanup
  [ $failures -eq 0 ] || exit 1
  if [ $keep -eq 1 ]; then echo "kept: $run"; else rm -rf "$run"; fi
  exit 0
}
