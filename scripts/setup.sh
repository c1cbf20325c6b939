#!/usr/bin/env bash
# Installs what building, testing and verifying need on Debian 12: packages by apt, of which Boost 1.83 and Catch2 3 come
# from the backports suite, and a Python environment in .venv for Arrow's libraries and the independent readers. Idempotent;
# needs root or sudo once.
set -euo pipefail
case ${1:-} in -h|--help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '[setup] %s\n' "$*" >&2; }
die() { printf '[setup] error: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else die "'$*' needs root: run this script once as root, or install sudo"; fi
}
installed() { dpkg-query -W -f='${Status}\n' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

packages=(
  g++ cmake ninja-build ccache pkg-config git ca-certificates
  librdkafka-dev libpq-dev libsqlite3-dev libspdlog-dev libfmt-dev
  libtomlplusplus-dev libcli11-dev nlohmann-json3-dev libxxhash-dev libsodium-dev zlib1g-dev libzstd-dev libsnappy-dev libcurl4-openssl-dev
  libssl-dev
  python3 python3-venv sqlite3 curl postgresql-client
)
missing=()
for p in "${packages[@]}"; do installed "$p" || missing+=("$p"); done
if [ ${#missing[@]} -gt 0 ]; then
  say "installing by apt: ${missing[*]}"
  as_root apt-get update -q >/dev/null
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null \
    || die "apt could not install: ${missing[*]}"
fi

# These are in bookworm-backports only. The suite is added on the mirror that apt already uses.
version() { dpkg-query -W -f='${Version}' "$1" 2>/dev/null || echo 0; }
from_backports=()
installed libboost1.83-dev || from_backports+=(libboost1.83-dev)
dpkg --compare-versions "$(version catch2)" ge 3 || from_backports+=(catch2)
if [ ${#from_backports[@]} -gt 0 ]; then
  say "installing from bookworm-backports: ${from_backports[*]}"
  listed() { apt-cache madison "$1" 2>/dev/null | awk '{print $3}' | grep -q '^\(1\.83\|3\)\.'; }
  available() { local p; for p in "${from_backports[@]}"; do listed "$p" || return 1; done; }
  if ! available; then
    as_root apt-get update -q >/dev/null
    if ! available; then
      mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' | head -1)
      [ -n "$mirror" ] || die "apt knows no mirror for Debian bookworm; see 'apt-get indextargets'"
      options=""
      keyring=$(apt-get indextargets --format '$(SIGNED_BY)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' | head -1)
      [ -n "$keyring" ] && [ -f "$keyring" ] && options="[signed-by=$keyring] "
      echo "deb ${options}${mirror} bookworm-backports main" | as_root tee /etc/apt/sources.list.d/cdc-backports.list >/dev/null
      as_root apt-get update -q >/dev/null
    fi
  fi
  # Headers of two Boosts cannot be installed side by side: apt removes the older ones, and what wants them.
  backports=(install -y -q --no-install-recommends -t bookworm-backports "${from_backports[@]}")
  removed=$(apt-get -s "${backports[@]}" 2>/dev/null | awk '$1 == "Remv" {print $2}' | tr '\n' ' ')
  [ -z "$removed" ] || say "these give way to it: $removed"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${backports[@]}" >/dev/null \
    || die "apt could not install ${from_backports[*]} from bookworm-backports"
fi

venv="$root/.venv"
stamp="$venv/.requirements"
if ! cmp -s scripts/requirements.lock "$stamp" || ! "$venv/bin/python" -c '' 2>/dev/null; then
  say "making the Python environment .venv (Arrow's libraries, pyiceberg, DuckDB)"
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: \
    -r scripts/requirements.lock || die "pip could not install scripts/requirements.lock"
  cp scripts/requirements.lock "$stamp"
fi
say "ready"
