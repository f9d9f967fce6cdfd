#!/bin/sh
# Is a saved webhook genuine? WEBHOOK_SECRET=whsec_… ./verify.sh ID TIMESTAMP SIGNATURES BODY-FILE
# The three are the headers webhook-id, webhook-timestamp and webhook-signature. Needs openssl and od.
set -eu
[ $# -eq 4 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }

key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
wanted=$({ printf '%s.%s.' "$1" "$2"; cat "$4"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

# While a secret rotates there are several signatures, parted by spaces.
for signature in $3; do
    if [ "$signature" = "v1,$wanted" ]; then
        echo "genuine; sent $(($(date +%s) - $2)) s ago (take none that is older than 300)"
        exit 0
    fi
done
echo "NOT genuine: another secret, or it was altered" >&2
exit 1
