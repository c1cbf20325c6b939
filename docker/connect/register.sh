#!/usr/bin/env bash
# Registers or updates a connector and waits until it runs:  register.sh NAME TEMPLATE.json
# The template's ${NAMES} are taken from the environment; one that is not set is an error.
set -euo pipefail
name=$1
body=$(<"$2")
url=${CONNECT_URL:-http://debezium-connect:8083}
die() { printf '[register] error: %s\n' "$*" >&2; exit 1; }

while [[ $body =~ \$\{([A-Z_]+)\} ]]; do
  variable=${BASH_REMATCH[1]}
  [ -n "${!variable+set}" ] || die "$2 wants \${$variable}, which is not set"
  value=${!variable}
  value=${value//\\/\\\\}
  body=${body//"\${$variable}"/"${value//\"/\\\"}"}
done

answer=$(curl -sS --max-time 60 --retry 10 --retry-connrefused -w '\n%{http_code}' -X PUT -H 'Content-Type: application/json' \
  -d @- "$url/connectors/$name/config" <<<"$body") || die "no answer from $url"
case ${answer##*$'\n'} in
  200|201) ;;
  *) die "Connect refused the connector: $answer" ;;
esac

deadline=$((SECONDS + 120))
failed=0
while [ $SECONDS -lt $deadline ]; do
  status=$(curl -sS --max-time 10 "$url/connectors/$name/status" || true)
  # Right after an update it may still be the earlier task's state.
  case $status in *'"FAILED"'*) failed=$((failed + 1)); [ $failed -lt 5 ] || die "the connector failed: $status" ;; esac
  # The connector's own state and its task's.
  if [ "$(grep -o '"state":"RUNNING"' <<<"$status" | wc -l)" -ge 2 ]; then echo "[register] $name runs"; exit 0; fi
  sleep 1
done
die "the connector does not run after 120 s: ${status:-no answer}"
