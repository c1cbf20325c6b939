#!/usr/bin/env bash
# Builds everything into build/release; what it would say is in build/release.log.
set -euo pipefail
case ${1:-} in -h|--help) sed -n '2s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
mkdir -p build
log=build/release.log
started=$SECONDS
if ! { cmake --preset release && cmake --build --preset release; } >"$log" 2>&1; then
  grep -nE 'error|FAILED|CMake Error' "$log" | head -20 >&2 || true
  printf '[build] error: the build failed; see %s\n' "$root/$log" >&2
  exit 1
fi
printf '[build] ready in %s s\n' "$((SECONDS - started))" >&2
