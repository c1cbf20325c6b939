#!/usr/bin/env bash
# Makes Polaris' catalog on MinIO and grants its content:  setup.sh NAME s3://bucket[/path]   May be repeated.
set -euo pipefail
name=$1
location=$2
url=${POLARIS_URL:-http://polaris:8181}
die() { printf '[polaris-setup] error: %s\n' "$*" >&2; exit 1; }

# call METHOD PATH [BODY]: prints the answer's body, the status on a line of its own at the end.
call() {
  curl -sS --max-time 30 -w '\n%{http_code}' -X "$1" "$url$2" -H @<(printf 'Authorization: Bearer %s' "$token") \
    -H 'Content-Type: application/json' ${3:+-d "$3"}
}
status_of() { printf '%s' "${1##*$'\n'}"; }

quoted=${POLARIS_CLIENT_ID:?}:${POLARIS_CLIENT_SECRET:?}   # for a curl configuration: secrets are in no process' arguments
quoted=${quoted//\\/\\\\}
answer=$(curl -sS --max-time 30 --retry 10 --retry-connrefused "$url/api/catalog/v1/oauth/tokens" \
  -K <(printf 'user = "%s"' "${quoted//\"/\\\"}") \
  -d grant_type=client_credentials -d scope=PRINCIPAL_ROLE:ALL) || die "no answer from $url"
pattern='"access_token" *: *"([^"]+)"'
[[ $answer =~ $pattern ]] && token=${BASH_REMATCH[1]} || die "$url refuses POLARIS_CLIENT_ID and POLARIS_CLIENT_SECRET. They are fixed when its database is made: set them
back, or make it anew (docker-compose down -v deletes all data)"

# Without `endpoint`, clients use the one they are configured for: minio:9000 in containers, localhost:9000 on the host.
answer=$(call POST /api/management/v1/catalogs '{"catalog": {"name": "'"$name"'", "type": "INTERNAL", "readOnly": false,
  "properties": {"default-base-location": "'"$location"'"},
  "storageConfigInfo": {"storageType": "S3", "allowedLocations": ["'"$location"'"], "endpointInternal": "http://minio:9000",
    "pathStyleAccess": true, "region": "us-east-1"}}}')
case $(status_of "$answer") in
  201) echo "[polaris-setup] catalog $name made in $location" ;;
  409) echo "[polaris-setup] catalog $name is there" ;;
  *) die "making the catalog: $answer" ;;
esac

answer=$(call PUT "/api/management/v1/catalogs/$name/catalog-roles/catalog_admin/grants" \
  '{"grant": {"type": "catalog", "privilege": "CATALOG_MANAGE_CONTENT"}}')
case $(status_of "$answer") in
  200|201|204) echo "[polaris-setup] ready" ;;
  *) die "granting the catalog's content: $answer" ;;
esac
