#!/usr/bin/env bash
# Tests the web page in Debian's Chromium, on the programs of build/release. Installs what it needs.
#
#   scripts/test-page.sh [--pictures] [arguments of node --test, e.g. --test-name-pattern filter]
#     --pictures  makes the screenshots of docs/pictures anew
set -euo pipefail
case ${1:-} in -h|--help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

die() { printf '[page] error: %s\n' "$*" >&2; exit 1; }
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else die "'$*' needs root: run this script once as root, or install sudo"; fi
}

missing=()
[ -x /usr/bin/chromium ] || missing+=(chromium)
command -v node >/dev/null 2>&1 || missing+=(nodejs)
command -v npm >/dev/null 2>&1 || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
  printf '[page] installing by apt: %s\n' "${missing[*]}" >&2
  as_root apt-get update -q >/dev/null
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends "${missing[@]}" >/dev/null \
    || die "apt could not install: ${missing[*]}"
fi

stamp=tests/browser/node_modules/.lock
if ! cmp -s tests/browser/package-lock.json "$stamp"; then
  (cd tests/browser && npm ci --ignore-scripts --no-audit --no-fund --silent) || die "npm could not install tests/browser/package-lock.json"
  cp tests/browser/package-lock.json "$stamp"
fi

if [ "${1:-}" = --pictures ]; then
  shift
  mkdir -p docs/pictures
  export CDC_PICTURES=$root/docs/pictures
fi
exec node --test --test-concurrency=1 "$@" tests/browser/fixes_test.mjs tests/browser/page_test.mjs
