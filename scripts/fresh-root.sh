#!/usr/bin/env bash
# Runs both of the README's commands on a Debian 12 with nothing installed: a minimal system made by debootstrap, the
# committed files (HEAD) in it, and chroot. Needs root, debootstrap and a few GB. Not part of CI.
#
#   scripts/fresh-root.sh [--root DIR] [--keep] [COMMAND...]
#     --root DIR  where to make it; default build/fresh-root. One that exists is used again: a second run in the same system
#     --keep      do not remove it after a success
#     COMMAND     instead of scripts/test.sh and ./test-dynamic-cdc.sh (twice), e.g. scripts/setup.sh
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$root/build/fresh-root
keep=0
while [ $# -gt 0 ]; do
  case $1 in
    --root) target=${2:?--root wants a folder}; shift ;;
    --keep) keep=1 ;;
    -h|--help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) break ;;
  esac
  shift
done
say() { printf '[fresh-root] %s\n' "$*" >&2; }
die() { printf '[fresh-root] error: %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || die "needs root: chroot and mounts"
command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"

mounts=()
unmount() {
  local i
  for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do umount "${mounts[$i]}" || umount -l "${mounts[$i]}" || true; done
  mounts=()
}
trap unmount EXIT
# Private: what is mounted below a bound /dev must not appear in this machine's /dev.
mount_in() { mkdir -p "$target/$2"; mount ${3:-} "$1" "$target/$2"; mounts+=("$target/$2"); mount --make-private "$target/$2"; }

if [ ! -x "$target/usr/bin/apt-get" ]; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' | head -1)
  [ -n "$mirror" ] || die "apt knows no mirror for Debian bookworm; see 'apt-get indextargets'"
  say "making a minimal Debian 12 in $target"
  mkdir -p "$target"
  debootstrap --variant=minbase bookworm "$target" "$mirror" >"$target.log" 2>&1 || die "debootstrap failed; see $target.log"
fi

# How this machine reaches its registries: mirror, certificates and pip's settings, nothing that is installed.
for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/keyrings \
    /etc/apt/trusted.gpg.d /usr/share/keyrings /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt \
    /etc/pip.conf /etc/resolv.conf /etc/hosts; do
  [ -e "$path" ] || continue
  mkdir -p "$target$(dirname "$path")"
  cp -aLT "$path" "$target$path" 2>/dev/null || cp -rLT "$path" "$target$path" || true
done
rm -f "$target/etc/apt/sources.list.d/cdc-backports.list"
[ -e /etc/apt/sources.list ] || rm -f "$target/etc/apt/sources.list"  # debootstrap's, which would name the mirror twice

src=$target/src/cdc
mkdir -p "$src"
# Committed files only: what a clone would give. Build folders of an earlier run stay, as they would for a user.
git -C "$root" archive HEAD | tar -x -C "$src"

mount_in proc proc "-t proc"
mount_in /dev dev "--bind"
mount_in devpts dev/pts "-t devpts"
mount_in tmpfs dev/shm "-t tmpfs"
find_links=${PIP_FIND_LINKS:-}
if [ -d "$find_links" ]; then mount_in "$find_links" "$find_links" "--bind"; fi

enter() {
  local variables=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8) name
  for name in $(compgen -e | grep -E '^(PIP_|SSL_CERT_|REQUESTS_CA|CURL_CA|GIT_SSL|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)'); do
    variables+=("$name=${!name}")
  done
  env -i "${variables[@]}" chroot "$target" /bin/bash -c 'cd /src/cdc && exec "$@"' fresh-root "$@"
}

started=$SECONDS
if [ $# -gt 0 ]; then
  enter "$@"
else
  for command in scripts/test.sh ./test-dynamic-cdc.sh ./test-dynamic-cdc.sh; do
    say "$command"
    enter "$command" || die "$command failed in the fresh system; look into it with: $0 --root $target bash"
  done
fi
say "passed in $((SECONDS - started)) s"
unmount
if [ $keep -eq 0 ] && [ $# -eq 0 ]; then rm -rf --one-file-system "$target"; fi
