#!/bin/bash
# Healthy when GET /health of the orchestrator says 200. CDC_HEALTH: host:port, where `listen` is not on port 8081.
address=${CDC_HEALTH:-127.0.0.1:8081}
# In a subshell: a refused connection ends the shell that asks.
answer=$(exec 2>/dev/null 3<>"/dev/tcp/${address%:*}/${address##*:}" || exit 1
  printf 'GET /health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$address" >&3
  IFS= read -r -t 4 line <&3 && printf '%s' "${line%$'\r'}")
case $answer in
  'HTTP/1.'[01]' 200'*) echo "$answer" ;;
  *) echo "unhealthy: GET http://$address/health: ${answer:-no answer}"; exit 1 ;;
esac
