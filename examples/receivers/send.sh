#!/bin/sh
# Try a receiver out without a server: sign an event as we do, and post it.
# WEBHOOK_SECRET=whsec_… ./send.sh http://127.0.0.1:8080/ [EVENT-FILE]     Needs openssl, od and curl.
set -eu
[ $# -ge 1 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }

now=$(date +%s)
id=evt_$(openssl rand -hex 16)
body=$(mktemp)
trap 'rm -f "$body"' EXIT
if [ $# -ge 2 ]; then
    cat "$2" > "$body"
else
    printf '{"id":"%s","object":"event","type":"webhook.test","created_at":%s,"data":{"id":"we_example"}}' "$id" "$now" > "$body"
fi

key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$({ printf '%s.%s.' "$id" "$now"; cat "$body"; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

curl --silent --show-error --output /dev/null --write-out '%{http_code}\n' --data-binary @"$body" \
    --header 'Content-Type: application/json' --header "webhook-id: $id" --header "webhook-timestamp: $now" \
    --header "webhook-signature: v1,$signature" "$1"
