# MinIO, built once from the Go module proxy. Sourced by scripts/stack.

minio_version=v0.0.0-20260212201848-7aac2a2c5b7c
minio_port=${CDC_MINIO_PORT:-9000}
minio_dir=$stack_dir/minio
minio_name=minio-$minio_version
minio_pid=$minio_dir/minio.pid
minio_log=$minio_dir/minio.log
minio_address=127.0.0.1:$minio_port
minio_bucket=warehouse

# Go 1.21 and newer can fetch the toolchain a module asks for; Debian's own is 1.19, its backports have 1.23.
go_command() {
  local go
  for go in go /usr/local/go/bin/go /usr/lib/go-*/bin/go; do
    command -v "$go" >/dev/null 2>&1 || continue
    [[ $("$go" env GOVERSION 2>/dev/null) =~ ^go1\.(2[1-9]|[3-9][0-9]) ]] && { command -v "$go"; return 0; }
  done
  return 1
}
need_go() {
  go_command >/dev/null && return 0
  add_backports
  apt_install "minio's build" golang-1.23-go ca-certificates git
  go_command >/dev/null || die "no Go newer than 1.20 was found after installing golang-1.23-go"
}

# Go's checksum database vouches for the modules.
minio_build() {
  local folder=$1 go toolchain=auto
  need_go
  go=$(go_command)
  [[ $("$go" env GOVERSION) =~ ^go1\.2[1-5] ]] || toolchain=$("$go" env GOTOOLCHAIN)
  say "minio: building $minio_version, once (3 to 6 minutes on two cores, 1.5 GB of memory)"
  with_progress "building minio" "$cache_dir/minio.log" env GOBIN="$folder" GOTOOLCHAIN="$toolchain" CGO_ENABLED=0 \
    nice "$go" install -p 2 -trimpath -ldflags '-s -w' "github.com/minio/minio@$minio_version" \
    || die "minio could not be built; see $cache_dir/minio.log"
}

minio_ready() { http_ok "http://$minio_address/minio/health/ready"; }

minio_up() {
  if alive "$minio_pid"; then say "minio: running at http://$minio_address"; return 0; fi
  need_curl
  once "$minio_name" minio_build
  # A folder is a bucket.
  mkdir -p "$minio_dir/data/$minio_bucket"
  say "minio: starting at http://$minio_address"
  spawn "$minio_pid" "$minio_log" env MINIO_ROOT_USER=admin MINIO_ROOT_PASSWORD=password MINIO_REGION=us-east-1 \
    MINIO_BROWSER=off MINIO_UPDATE=off "GOMEMLIMIT=${CDC_MINIO_MEMORY:-256MiB}" \
    "$cache_dir/$minio_name/minio" server "$minio_dir/data" --address "$minio_address"
  wait_for 180 minio "$minio_pid" "$minio_log" minio_ready
  say "minio: ready at http://$minio_address, bucket $minio_bucket, admin/password"
}

minio_down() { take_down minio "$minio_pid" 30; }

# A user of MinIO with all rights in the bucket: the administrator may not open STS sessions (AssumeRole). The admin API wants
# encrypted bodies, so MinIO's own Python client talks to it.
minio_user_key=cdc
minio_user_secret=cdc-secret
minio_admin=minio-admin-7.2.20
minio_admin_fetch() { pip_fetch "MinIO's Python client" "$root/scripts/stack.d/minio-admin.txt" "$1"; }
minio_user() {
  local python=/usr/bin/python3
  [ -x "$python" ] || apt_install "MinIO's users" python3
  once "$minio_admin" minio_admin_fetch
  PYTHONPATH=$cache_dir/$minio_admin "$python" - "$minio_address" "$minio_user_key" "$minio_user_secret" \
    <<'PY' >"$minio_dir/user.log" 2>&1 \
    || die "minio: the user $minio_user_key could not be made; see $minio_dir/user.log"
import sys
from minio import MinioAdmin
from minio.credentials import StaticProvider
address, key, secret = sys.argv[1:]
admin = MinioAdmin(endpoint=address, credentials=StaticProvider("admin", "password"), secure=False)
admin.user_add(access_key=key, secret_key=secret)
try:
    admin.attach_policy(policies=["readwrite"], user=key)
except Exception as error:
    if "already" not in str(error).lower():
        raise
PY
}
