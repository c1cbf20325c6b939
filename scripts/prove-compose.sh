#!/usr/bin/env bash
# Proves the container packaging with a Docker daemon of its own: docker-compose.yml is valid, the image builds, runs as
# another user than root, is small, stops gracefully, and does real work. Public images are not needed: the base image is a
# Debian 12 made by debootstrap and named like the public one. Needs root; installs docker.io, docker-compose and debootstrap
# by apt where they are missing. The first run takes about ten minutes, the next only what has changed. Not part of CI.
#
#   scripts/prove-compose.sh [--tree TREE] [--keep] [STEP…]
#     --tree TREE  build this commit or tree; default: HEAD, what a clone would give
#     --keep       leave the run's folder (its path is printed) in place
#     STEP         of: config image container embedded native; default: all of them
#
# Exit: 0 proven · 1 something is not as it should be · 64 bad arguments · 77 this machine cannot run a Docker daemon, and why
set -euo pipefail
export LC_ALL=C.UTF-8
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
work=$root/build/prove-compose   # the daemon's images, the base image
image=cdc-orchestrator:prove
base=debian:bookworm-slim
steps=()
tree=HEAD
keep=0
while [ $# -gt 0 ]; do
  case $1 in
    --tree) tree=${2:?--tree wants a commit or tree}; shift ;;
    --keep) keep=1 ;;
    -h|--help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    config|image|container|embedded|native) steps+=("$1") ;;
    *) echo "unknown argument $1; try --help" >&2; exit 64 ;;
  esac
  shift
done
[ ${#steps[@]} -gt 0 ] || steps=(config image container embedded native)

say() { printf '[prove-compose] %s\n' "$*" >&2; }
die() { printf '[prove-compose] error: %s\n' "$*" >&2; exit 1; }
cannot() { printf '[prove-compose] cannot be proven here: %s\n' "$*" >&2; exit 77; }
results=()
failures=0
pass() { results+=("PASS  $*"); printf 'PASS  %s\n' "$*"; }
fail() { results+=("FAIL  $*"); failures=$((failures + 1)); printf 'FAIL  %s\n' "$*"; }
check() {  # what, command…: its output is shown when it fails
  local what=$1 out
  shift
  if out=$("$@" 2>&1); then pass "$what"; else printf '%s\n' "$out" | tail -20 | sed 's/^/      /'; fail "$what"; fi
}
seconds_of() { local from=$EPOCHREALTIME; "$@" >/dev/null; awk "BEGIN {printf \"%.2f\", $EPOCHREALTIME - $from}"; }

run=
daemon_pid=
d() { DOCKER_CONFIG=$run/client DOCKER_BUILDKIT=0 docker --host "unix://$run/docker.sock" "$@"; }

cleanup() {
  trap - EXIT INT TERM
  local mounted
  if [ -n "$daemon_pid" ] && kill -0 "$daemon_pid" 2>/dev/null; then
    d ps -aq 2>/dev/null | while read -r id; do d rm -f -v "$id" >/dev/null 2>&1; done
    kill -TERM "$daemon_pid" 2>/dev/null; wait "$daemon_pid" 2>/dev/null  # containerd ends with it
  fi
  [ -n "$run" ] || return 0
  while read -r mounted; do umount "$mounted" 2>/dev/null || umount -l "$mounted" 2>/dev/null; done \
    < <(awk -v a="$run/" -v b="$work/docker/" 'index($2, a) == 1 || index($2, b) == 1 {print $2}' /proc/mounts | sort -r)
  if [ $keep -eq 1 ]; then say "kept: $run"; else rm -rf --one-file-system "$run"; fi
}

need_tools() {
  [ "$(id -u)" -eq 0 ] || cannot "a Docker daemon needs root"
  local missing=() tool
  declare -A package=([dockerd]=docker.io [docker]=docker.io [docker-compose]=docker-compose [debootstrap]=debootstrap)
  for tool in "${!package[@]}"; do command -v "$tool" >/dev/null || missing+=("${package[$tool]}"); done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || cannot "${missing[*]} missing, and no apt-get"
  say "installing by apt: ${missing[*]}"
  apt-get update -q >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null 2>&1 \
    || cannot "apt could not install ${missing[*]}"
}

# A daemon of our own: own images, own socket, no bridge and no firewall rules. Nothing of another daemon is touched.
start_daemon() {
  mkdir -p "$work/docker" "$run/client" "$run/exec"
  dockerd --host "unix://$run/docker.sock" --data-root "$work/docker" --exec-root "$run/exec" --pidfile "$run/dockerd.pid" \
    --bridge none --iptables=false --ip-forward=false --ip-masq=false --userland-proxy=false >"$work/dockerd.log" 2>&1 &
  daemon_pid=$!
  echo "dockerd $daemon_pid" >"$work/dockerd.pid"
  local deadline=$((SECONDS + 60))
  until d info >/dev/null 2>&1; do
    kill -0 "$daemon_pid" 2>/dev/null || { tail -3 "$work/dockerd.log" >&2; cannot "dockerd ended; see $work/dockerd.log"; }
    [ $SECONDS -lt $deadline ] || cannot "dockerd does not answer; see $work/dockerd.log"
    sleep 0.2
  done
  pass "a Docker daemon of its own: $(d version --format '{{.Server.Version}}, storage driver') $(d info --format '{{.Driver}}')"
}

# What the public image of the same name holds, with this machine's registries: mirror, certificates, pip's settings.
make_base_image() {
  d image inspect "$base" >/dev/null 2>&1 && return
  local folder=$work/base mirror path
  if [ ! -f "$work/base.ready" ]; then
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' | head -1)
    [ -n "$mirror" ] || cannot "apt knows no mirror for Debian bookworm; see 'apt-get indextargets'"
    say "making a minimal Debian 12"
    rm -rf --one-file-system "$folder"
    debootstrap --variant=minbase bookworm "$folder" "$mirror" >"$work/debootstrap.log" 2>&1 \
      || cannot "debootstrap failed; see $work/debootstrap.log"
    # Slim, like the public one: no documentation, now or later.
    printf 'path-exclude /usr/share/%s/*\n' doc man info locale >"$folder/etc/dpkg/dpkg.cfg.d/slim"
    rm -rf "$folder"/var/cache/apt/* "$folder"/var/lib/apt/lists/* "$folder"/usr/share/{doc,man,info,locale}/* "$folder"/var/log/*.log
    touch "$work/base.ready"
  fi
  for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/keyrings \
      /etc/apt/trusted.gpg.d /usr/share/keyrings /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    [ -e "$path" ] || continue
    mkdir -p "$folder$(dirname "$path")"
    cp -aLT "$path" "$folder$path" 2>/dev/null || cp -rLT "$path" "$folder$path" || true
  done
  rm -f "$folder/etc/apt/sources.list.d/cdc-backports.list"
  [ -e /etc/apt/sources.list ] || rm -f "$folder/etc/apt/sources.list"  # debootstrap's, which would name the mirror twice
  tar -C "$folder" -c . | d import - "$base" >/dev/null
}

prove_config() {
  check "docker-compose config accepts docker-compose.yml" docker-compose -f docker-compose.yml --profile orchestrator config
  if docker compose version >/dev/null 2>&1; then
    check "docker compose config accepts docker-compose.yml" docker compose -f docker-compose.yml --profile orchestrator config
  else
    say "docker compose (version 2) is not installed: not checked with it"
  fi
  local services
  services=$(docker-compose -f docker-compose.yml --profile orchestrator config --services 2>/dev/null | sort | tr '\n' ' ')
  check "all services are there: $services" bash -c 'for s in postgres kafka-broker debezium-connect register-university-connector \
    minio minio-client polaris trino cdc-orchestrator; do case " $0 " in *" $s "*) ;; *) echo "no service $s"; exit 1 ;; esac; done' "$services"
  check "every published port is on 127.0.0.1" bash -c \
    '! docker-compose -f docker-compose.yml --profile orchestrator config | grep -E "^ +- .*[0-9]+:[0-9]+(/tcp)?$" | grep -v "127\.0\.0\.1:"'
}

prove_image() {
  make_base_image
  local arguments=() name log=$work/build.log from=$SECONDS
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST PIP_CERT; do
    [ -z "${!name:-}" ] || arguments+=(--build-arg "$name=${!name}")
  done
  say "building the image of $tree; $log"
  mkdir -p "$run/context"
  git archive "$tree" | tar -x -C "$run/context"
  d build --network host "${arguments[@]}" -t "$image" "$run/context" >"$log" 2>&1 || { grep -nE 'error|FAILED' "$log" | tail -20 >&2; die "the image does not build; see $log"; }
  pass "the image builds in $((SECONDS - from)) s: $(($(d image inspect --format '{{.Size}}' "$image") / 1000000)) MB," \
    "base $(($(d image inspect --format '{{.Size}}' "$base") / 1000000)) MB"
}

container_has() { [ "$(d image inspect --format "$1" "$image")" = "$2" ] || { d image inspect --format "$1" "$image"; return 1; }; }
in_image() { d run --rm --network host --read-only --cap-drop ALL --security-opt no-new-privileges "${@:2}" "$image" ${1}; }

prove_container() {
  local out status=0
  check "the image's user is not root" container_has '{{.Config.User}}' cdc
  check "its processes are user 10001 without capabilities" bash -c '[ "$0" = "10001" ]' "$(in_image 'id -u' 2>&1)"
  check "it stops by SIGTERM" container_has '{{.Config.StopSignal}}' SIGTERM
  check "its state is a volume" container_has '{{index .Config.Volumes "/var/lib/cdc"}}' '{}'
  check "cdc --version" in_image "cdc --version"
  check "cdc-orchestrator --version" in_image "cdc-orchestrator --version"
  check "the worker finds its libraries" in_image "/opt/cdc/bin/jobs/upsert --version"
  check "no compiler, no Python in it" bash -c '! "$@" 2>/dev/null' sh in_image "sh -c 'command -v cc python3 gcc'"
  mkdir -p "$run/bad"
  printf '[kafka]\nbootstrap_server = "x"\n' >"$run/bad/tables.toml"
  out=$(in_image "cdc-orchestrator --check" -v "$run/bad:/etc/cdc:ro" 2>&1) || status=$?
  check "--check tells a mistake with its line, exit 78" bash -c '[ "$0" = 78 ] && grep -q "tables.toml:2" <<<"$1"' $status "$out"
  check "--check accepts the configuration of docker-compose.yml" in_image "cdc-orchestrator --check" \
    -v "$root/docker/cdc:/etc/cdc:ro" -e CDC_CATALOG_CREDENTIAL=a:b -e AWS_ACCESS_KEY_ID=a -e AWS_SECRET_ACCESS_KEY=b \
    -e CDC_SOURCE_PASSWORD=c
}

# Polls a command until it succeeds.
wait_until() { local deadline=$((SECONDS + $1)); shift; until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $deadline ] || return 1; sleep 0.2; done; }
state_of() { d inspect --format "$1" orchestrator; }
is_healthy() { [ "$(state_of '{{.State.Health.Status}}')" = healthy ]; }
log_lines() { d logs orchestrator 2>&1 | grep -cF -- "$1" || true; }
triggered_more_than() { [ "$(log_lines 'Successfully triggered job for:')" -gt "$1" ]; }
no_zombies() { d exec orchestrator bash -c 'for f in /proc/[0-9]*/stat; do read -r line <"$f" || continue; case ${line##*) } in Z*) echo "$line"; exit 1 ;; esac; done'; }

# The orchestrator as docker-compose.yml runs it, but on the host's network. Arguments: more of docker run's.
run_orchestrator() {
  d rm -f orchestrator >/dev/null 2>&1 || true
  d run -d --name orchestrator --network host --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
    -v cdc-prove-state:/var/lib/cdc -v "$run/config:/etc/cdc:ro" -e "CDC_HEALTH=127.0.0.1:$port" "$@" "$image" >/dev/null
  check "HEALTHCHECK says healthy" wait_until 30 is_healthy
  is_healthy || { d inspect --format '{{json .State.Health}}' orchestrator | tail -c 600; d logs --tail 5 orchestrator; }
}

stop_gracefully() {  # within seconds
  local took
  took=$(seconds_of d stop -t 90 orchestrator)
  check "docker stop ends it in $took s, exit code $(state_of '{{.State.ExitCode}}')" bash -c \
    '[ "$0" = 0 ] && awk "BEGIN {exit !($1 < $2)}"' "$(state_of '{{.State.ExitCode}}')" "$took" "$1"
}

embedded_config() {
  port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  mkdir -p "$run/config" "$run/lake" "$run/events"
  chmod 755 "$run/config" "$run/events"
  chown 10001:10001 "$run/lake"
  d run -d --name broker --network host "$image" cdc broker >/dev/null
  wait_until 20 bash -c "DOCKER_CONFIG=$run/client docker --host unix://$run/docker.sock logs broker 2>&1 | grep -q bootstrap_servers=" \
    || die "the embedded Kafka does not start: $(d logs broker 2>&1 | tail -3)"
  bootstrap=$(d logs broker 2>&1 | sed -n 's/.*bootstrap_servers=\([^ ]*\).*/\1/p' | head -1)
  cat >"$run/config/tables.toml" <<TOML
[kafka]
bootstrap_servers = "$bootstrap"
[source]
topic_prefix = "university-server"
[catalog]
uri = "$run/lake/catalog.db"
warehouse = "$run/lake/warehouse"
namespace = "university"
[orchestrator]
state_dir = "/var/lib/cdc"
rate_limit = "2s"
listen = "127.0.0.1:$port"
[tables.faculty]
[tables.program]
[tables.students]
[tables.payment]
TOML
  printf '#!/bin/sh\nDOCKER_CONFIG=%s exec docker --host unix://%s exec orchestrator cdc "$@"\n' "$run/client" "$run/docker.sock" >"$run/cdc"
  chmod +x "$run/cdc"
}

produce() {  # before|after
  local t
  for t in "${tables[@]}"; do
    [ -s "$run/events/$1/$t.jsonl" ] || continue
    d run --rm --network host -v "$run/events:/events:ro" "$image" \
      cdc produce --bootstrap-servers "$bootstrap" --topic "university-server.public.$t" --file "/events/$1/$t.jsonl" >/dev/null
  done
}
caught_up() { "$python" tests/support/wait_status.py --cdc "$run/cdc" --config /etc/cdc/tables.toml --timeout 60 --caught-up "$@"; }
rows_are() {
  "$python" tests/support/verify_tables.py --catalog "$run/lake/catalog.db" --name iceberg_catalog --namespace university \
    --expected "tests/data/expected/$1" --tables "$(IFS=,; echo "${tables[*]}")"
}

# Captured events, an embedded Kafka, a SQLite catalog and a local warehouse: everything but the base image is the project's.
prove_embedded() {
  python=$root/.venv/bin/python
  tables=(faculty program students payment)
  [ -x "$python" ] || die "the readers are missing: scripts/setup.sh"
  d volume rm -f cdc-prove-state >/dev/null
  embedded_config
  local before=() all=() t first total triggers
  "$python" tests/support/split_events.py tests/data/fixtures/schema_precise.jsonl "$run/events" "${tables[@]}" >"$run/events.txt"
  while read -r t _ first total; do before+=("$t=$first"); all+=("$t=$total"); done <"$run/events.txt"
  chmod -R a+rX "$run/events"
  run_orchestrator --init -v "$run/lake:$run/lake"
  produce before
  check "tables caught up" caught_up "${before[@]}"
  check "every row, by pyiceberg and DuckDB" rows_are before_truncate
  check "docker logs shows what it does" bash -c '[ "$0" -ge 4 ] && [ "$1" -ge 4 ]' \
    "$(log_lines 'operation on table:')" "$(log_lines 'Successfully triggered job for:')"
  check "no zombies" no_zombies
  say "with its workers: $(d stats --no-stream --format '{{.MemUsage}}' orchestrator)"
  stop_gracefully 15
  produce after
  triggers=$(log_lines 'Successfully triggered job for:')
  d start orchestrator >/dev/null
  check "started again on the same volume, a worker comes" wait_until 30 triggered_more_than "$triggers"
  d kill -s KILL orchestrator >/dev/null
  d start orchestrator >/dev/null
  check "killed and started again: tables caught up" caught_up "${all[@]}"
  check "every row at the end, by pyiceberg and DuckDB" rows_are final
  stop_gracefully 15
  say "and as process 1, without docker's --init:"
  run_orchestrator -v "$run/lake:$run/lake"
  stop_gracefully 15
  d rm -f orchestrator broker >/dev/null
}

# Programs of the image that can be called like those of build/release/bin: in a container with this machine's network and
# processes (a test kills workers by the ids that cdc status tells), and the configuration's folder at its own path.
write_programs() {
  mkdir -p "$run/bin/jobs"
  cat >"$run/bin/program" <<SH
#!/usr/bin/env bash
set -euo pipefail
export DOCKER_CONFIG=$run/client DOCKER_HOST=unix://$run/docker.sock
image=$image
SH
  cat >>"$run/bin/program" <<'SH'
program=$(basename "$0")
config=$PWD/tables.toml
for ((i = 1; i < $#; i++)); do [ "${!i}" != --config ] || { i=$((i + 1)); config=${!i}; }; done
folder=$(cd "$(dirname "$config")" && pwd)
name=cdc-$(cksum <<<"$folder" | cut -d' ' -f1)
options=(--network host --pid host --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges
  -v "$folder:$folder" -w "$folder" -e AWS_ACCESS_KEY_ID -e AWS_SECRET_ACCESS_KEY)
runs() { [ "$(docker inspect --format '{{.State.Running}}' "$name" 2>/dev/null)" = true ]; }
case "$program ${1:-}" in
  'cdc start')
    chmod 755 "$folder"
    install -d -o 10001 -g 10001 "$folder/state" "$folder/data"
    docker rm -f "$name" >/dev/null 2>&1 || true
    address=$(sed -n 's/^listen *= *"\(.*\)"/\1/p' "$config")
    docker run -d --init --name "$name" "${options[@]}" -e "CDC_HEALTH=${address:-127.0.0.1:8081}" "$image" \
      cdc-orchestrator --config "$config" >/dev/null
    for _ in $(seq 150); do
      [ "$(docker inspect --format '{{.State.Health.Status}}' "$name")" != healthy ] || exit 0
      sleep 0.2
    done
    docker logs --tail 20 "$name" >&2
    exit 1 ;;
  'cdc stop')
    runs || exit 0
    docker stop -t 90 "$name" >/dev/null
    exit "$(docker inspect --format '{{.State.ExitCode}}' "$name")" ;;
esac
if [ "$program" = cdc ] && runs; then exec docker exec "$name" cdc "$@"; fi
exec docker run --rm "${options[@]}" "$image" "$program" "$@"
SH
  chmod 755 "$run" "$run/bin/program"
  local program
  for program in cdc cdc-orchestrator; do ln -sf program "$run/bin/$program"; done
  ln -sf ../program "$run/bin/jobs/upsert"
}

# The container does the whole native run: PostgreSQL, Debezium, Kafka, MinIO and the REST catalog are processes of this
# machine (scripts/stack), the orchestrator and its workers are the image's.
prove_native() {
  [ -f scripts/demo/native.sh ] || { say "native: ./test-dynamic-cdc.sh has no --stack native yet; not proven"; return; }
  write_programs
  if ./test-dynamic-cdc.sh --stack native --bin "$run/bin" >"$work/native.log" 2>&1; then
    pass "the container does the native run: $(grep RESULT "$work/native.log" | tail -1)"
  else
    tail -25 "$work/native.log"
    fail "the container does the native run; see $work/native.log"
  fi
}

need_tools
mkdir -p "$work"
exec 9>"$work/lock"  # the daemon inherits it
flock -n 9 || die "another run, or its daemon, still works in $work: $(cat "$work/dockerd.pid" 2>/dev/null)"
run=$(mktemp -d /tmp/cdc-prove-XXXXXX)
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
start_daemon
for step in "${steps[@]}"; do "prove_$step"; done
printf '\n'; printf '%s\n' "${results[@]}"
[ $failures -eq 0 ] || { printf 'RESULT: FAIL, %s of %s checks\n' $failures ${#results[@]}; exit 1; }
printf 'RESULT: PASS, %s checks\n' ${#results[@]}
