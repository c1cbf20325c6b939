# Processes of the stack: start, readiness, stop, ports. Sourced by scripts/stack.

# A pid file holds the pid and the process's start time (clock ticks after boot): a pid that the kernel gave to somebody
# else is not ours.
start_time() {  # PID: field 22 of its stat, the 20th behind the name in brackets
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  awk '{print $20}' <<<"${stat##*) }"
}
pid_of() { head -1 "$1" 2>/dev/null; }

alive() {  # PIDFILE
  local pid started
  [ -f "$1" ] || return 1
  { read -r pid; read -r started; } <"$1" || true
  [ -n "${pid:-}" ] || return 1
  [ "$(start_time "$pid" || true)" = "${started:-none}" ] || return 1
  # A zombie (no parent reaps in some containers) has ended.
  ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null
}

# spawn PIDFILE CONSOLE COMMAND…: in a session of its own, with nothing of ours inherited (descriptor 9: the stack's lock).
spawn() {
  local pid_file=$1 console=$2
  shift 2
  setsid "$@" >"$console" 2>&1 </dev/null 9>&- &
  local pid=$! started
  started=$(start_time "$pid" || true)
  printf '%s\n%s\n' "$pid" "$started" >"$pid_file.new"
  mv "$pid_file.new" "$pid_file"
  disown "$pid" 2>/dev/null || true
}

# wait_for SECONDS WHAT PIDFILE LOG COMMAND…: polls until COMMAND succeeds. An empty PIDFILE: no process to watch.
wait_for() {
  local seconds=$1 what=$2 pid_file=$3 log=$4 deadline=$((SECONDS + $1)) shown=$SECONDS
  shift 4
  until "$@" >/dev/null 2>&1; do
    [ -z "$pid_file" ] || alive "$pid_file" || die "$what ended while starting; see $log"
    [ $SECONDS -lt $deadline ] || die "$what was not ready after $seconds s; see $log"
    if [ $((SECONDS - shown)) -ge 5 ]; then shown=$SECONDS; say "waiting for $what …"; fi
    sleep 0.1
  done
}

# stop_process PIDFILE SECONDS [SIGNAL]: SIGNAL (TERM), then SIGKILL.
stop_process() {
  local pid_file=$1 deadline=$((SECONDS + $2)) signal=${3:-TERM} pid
  alive "$pid_file" || { rm -f "$pid_file"; return 0; }
  pid=$(pid_of "$pid_file")
  kill "-$signal" "$pid" 2>/dev/null || true
  while alive "$pid_file"; do
    if [ $SECONDS -ge $deadline ]; then
      say "pid $pid did not stop in time: killed"
      kill -KILL "$pid" 2>/dev/null || true
    fi
    sleep 0.1
  done
  rm -f "$pid_file"
}

# take_down COMPONENT PIDFILE SECONDS [SIGNAL]: stop_process, told to the user.
take_down() {
  alive "$2" || { rm -f "$2"; say "$1: not running"; return 0; }
  stop_process "${@:2}"
  say "$1: stopped"
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# need_port COMPONENT PORT VARIABLE: somebody else's listener is an error that names the way out.
need_port() {
  [[ $2 =~ ^[0-9]+$ ]] || die "$3=$2 is not a port number"
  port_taken "$2" || return 0
  die "$1: port $2 is taken by another process; stop it ('ss -ltnp sport = :$2' shows it), or set $3 to a free port"
}

# memory_bytes PID: proportional set size of the process and its children; resident size where that may not be read.
memory_bytes() {
  local pid total=0 kib
  for pid in "$1" $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
    kib=$(awk '/^Pss:/ {print $2; exit}' "/proc/$pid/smaps_rollup" 2>/dev/null) || kib=
    [ -n "$kib" ] || kib=$(awk '/^VmRSS:/ {print $2}' "/proc/$pid/status" 2>/dev/null) || kib=
    total=$((total + ${kib:-0}))
  done
  echo $((total * 1024))
}

http_ok() { curl -fsS --max-time 5 -o /dev/null "$1"; }
