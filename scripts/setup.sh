#!/usr/bin/env bash
# Installs what building, testing and verifying need on Debian 12: packages by apt, Catch2 3 from the backports suite, and
# a Python environment in .venv for Arrow's libraries and the independent readers. Idempotent; needs root or sudo once.
set -euo pipefail
case ${1:-} in -h|--help) sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
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
  librdkafka-dev libboost1.81-dev libboost-filesystem1.81-dev libpq-dev libsqlite3-dev libspdlog-dev libfmt-dev
  libtomlplusplus-dev libcli11-dev nlohmann-json3-dev libxxhash-dev libsodium-dev zlib1g-dev libzstd-dev libcurl4-openssl-dev
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

# Catch2 3 lives in bookworm-backports only. The suite is added on the mirror that apt already uses.
catch2_version() { dpkg-query -W -f='${Version}' catch2 2>/dev/null || echo 0; }
if ! dpkg --compare-versions "$(catch2_version)" ge 3; then
  say "installing Catch2 3 from bookworm-backports"
  available() { apt-cache madison catch2 2>/dev/null | awk '{print $3}' | grep -q '^3\.'; }
  if ! available; then
    as_root apt-get update -q >/dev/null
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' | head -1)
    [ -n "$mirror" ] || die "apt knows no mirror for Debian bookworm; see 'apt-get indextargets'"
    options=""
    keyring=$(apt-get indextargets --format '$(SIGNED_BY)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' | head -1)
    [ -n "$keyring" ] && [ -f "$keyring" ] && options="[signed-by=$keyring] "
    echo "deb ${options}${mirror} bookworm-backports main" | as_root tee /etc/apt/sources.list.d/cdc-backports.list >/dev/null
    as_root apt-get update -q >/dev/null
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -t bookworm-backports catch2 >/dev/null \
    || die "apt could not install catch2 3 from bookworm-backports"
fi

venv="$root/.venv"
stamp="$venv/.requirements"
if ! cmp -s scripts/requirements.txt "$stamp" || ! "$venv/bin/python" -c '' 2>/dev/null; then
  say "making the Python environment .venv (Arrow's libraries, pyiceberg, DuckDB)"
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r scripts/requirements.txt \
    || die "pip could not install scripts/requirements.txt"
  cp scripts/requirements.txt "$stamp"
fi
say "ready"
