#!/bin/bash
# test_forgotten.sh - on a whole installation, over HTTP: a person asks that the data only be kept, which receivers and lists
# obey until it is lifted; withdraws a request; and is erased, after which the name stands nowhere but on the certificate.
. "$(dirname "$0")/lib.sh"

URL=http://127.0.0.1:$FLOW_PORT
KEY='a key of thirty-two letters, more'
port=$((FLOW_PORT + 46))
receiver=
trap 'code=$?; [ -z "$receiver" ] || kill $receiver 2>/dev/null || true; flow_finish $code' EXIT

fail() { echo "$*"; exit 1; }
id() { ask "SELECT hocvu.uuid7()"; }
of() { sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" "$1"; }

# login NUMBER: a whole login at the demonstration provider; the access token.
login()
{
    local jar=$FLOW_DIR/jar page=$FLOW_DIR/page form action
    rm -f "$jar"
    form=$(curl -s -L -c "$jar" -b "$jar" -o "$page" -w '%{url_effective}' -H 'Accept: text/html' "$URL/login/openid")
    form=${form%%\?*}
    action=$(sed -n 's/.*<form method="post" action="\([^"]*\)".*/\1/p' "$page" | head -n 1)
    case $action in http*) ;; *) action=$(sed -E 's#^(https?://[^/]*).*#\1#' <<<"$form")$action ;; esac
    curl -s -L -c "$jar" -b "$jar" -o "$FLOW_DIR/tokens" -H 'Accept: application/json' \
        --data-urlencode "number=$1" --data-urlencode "password@$STATE/secrets/demo.password" "$action"
    of "$FLOW_DIR/tokens" access_token
}

# post TOKEN PATH JSON: what is answered, with the status in a line of its own.
post() { curl -s -w '\n%{http_code}\n' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d "$3" "$URL$2"; }

# until SECONDS SQL VALUE SENTENCE: waits for what other processes do.
until_is()
{
    local tenths value
    for ((tenths = 0; tenths < $1 * 10; tenths++)); do
        value=$(ask "$2")
        [ "$value" != "$3" ] || return 0
        sleep 0.1
    done
    fail "$4: $value, expected $3"
}

# step REQUEST STEP: the officer does something about a request.
step()
{
    post "$officer" "/v1/data-requests/$1/steps" "{\"step_id\":\"$(id)\",\"step\":\"$2\"}" >"$FLOW_DIR/step"
    must "$(tail -n 1 "$FLOW_DIR/step")" 200 "$2: $(cat "$FLOW_DIR/step")"
}

# asks KIND: the person asks; the request's id.
asks()
{
    local request
    request=$(id)
    post "$person_token" /v1/me/data-requests "{\"request_id\":\"$request\",\"kind\":\"$1\"}" >"$FLOW_DIR/asked"
    must "$(tail -n 1 "$FLOW_DIR/asked")" 200 "$1: $(cat "$FLOW_DIR/asked")" >&2
    echo "$request"
}

items() { echo "SELECT string_agg(kind, ' ' ORDER BY sequence) FROM sync.item WHERE subject_id = '$person' AND state = '$1' AND sequence > $2"; }

flow_up >"$FLOW_DIR/up" 2>&1 || { cat "$FLOW_DIR/up"; exit 1; }
printf '%s\n' "$KEY" >"$FLOW_DIR/key" && chmod 644 "$FLOW_DIR/key"
KEY=$KEY KEY_ID=k1 LOG=$FLOW_DIR/received PORT=$port node "$ROOT/tests/services/sync/receiver.mjs" >"$FLOW_DIR/receiver" &
receiver=$!
printf 'receiver = http://127.0.0.1:%s/ok\nkey_id = k1\nkey = %s\n' $port "$FLOW_DIR/key" >"$STATE/etc/local/sync/mps.conf"
chmod 644 "$STATE/etc/local/sync/mps.conf"
"$ROOT/deploy/stack" up --dir "$STATE" >"$FLOW_DIR/up" 2>&1 || { cat "$FLOW_DIR/up"; exit 1; }
hocvu demo --learners 8 >"$FLOW_DIR/demo.out" 2>&1 || { tail -n 20 "$FLOW_DIR/demo.out"; exit 1; }
hocvu calendar status >/dev/null 2>&1 && fail "a calendar that nobody has loaded reaches"
hocvu calendar load "$ROOT/deploy/data/holidays-vn.csv" >/dev/null
hocvu calendar status | grep -q 'until 2027-12-31' || fail "how far the calendar reaches"

# Somebody with a certificate whose name nobody else has.
cut -d, -f2 "$ROOT/deploy/sample/roster.csv" | sort | uniq -u >"$FLOW_DIR/unique"
ask "SELECT p.full_name || '|' || person_id FROM certification.certificate JOIN identity.person p USING (person_id)
     WHERE person_id NOT IN (SELECT person_id FROM identity.role_grant WHERE role <> 'learner')" >"$FLOW_DIR/certified"
while IFS='|' read -r name person; do
    ! grep -qxF "$name" "$FLOW_DIR/unique" || break
    name=
done <"$FLOW_DIR/certified"
[ -n "$name" ] || fail "nobody with a certificate has a name of his own"
person_token=$(login "$(grep -F ",$name," "$ROOT/deploy/sample/roster.csv" | cut -d, -f1)")
who=$(ask "SELECT person_id FROM identity.role_grant WHERE role = 'reviewer' LIMIT 1")
ask "INSERT INTO identity.role_grant (parent_grant_id, person_id, role, bit, unit_id, reason)
     SELECT grant_id, '$who', 'privacy_officer', 1024, unit_id, 'flow' FROM identity.role_grant
      WHERE parent_grant_id IS NULL AND revoked_at IS NULL LIMIT 1" >/dev/null
officer=$(login "$(grep 'reviewer@VN' "$ROOT/deploy/sample/roster.csv" | cut -d, -f1)")
[ -n "$person_token" ] && [ -n "$officer" ] || fail "the logins failed: $(cat "$FLOW_DIR/tokens")"
until_is 30 "SELECT count(*) FROM sync.item WHERE state IN ('waiting', 'sending')" 0 "items that wait"
from=$(ask "SELECT max(sequence) FROM sync.item")

# --- withdrawn ---
request=$(asks access)
metrics=$(sed -n "s/^admin_listen = *//p" "$STATE/etc/identity.conf" | tail -n 1)
for ((tenths = 0; tenths < 200; tenths++)); do
    ! curl -s "http://$metrics/metrics" | grep -q '^hocvu_data_requests_open{kind="access"} 1$' || break
    sleep 0.1
done
[ $tenths -lt 200 ] || fail "an open request is not in the metrics"
post "$person_token" "/v1/me/data-requests/$request/withdraw" "{\"step_id\":\"$(id)\"}" >"$FLOW_DIR/withdrawn"
grep -q '"state":"withdrawn"' "$FLOW_DIR/withdrawn" || fail "withdrawing: $(cat "$FLOW_DIR/withdrawn")"
must "$(ask "SELECT count(*) FROM identity.audit WHERE action = 'data_request_withdrawn'")" 1 "withdrawals in the audit"

# --- restricted ---
request=$(asks restrict)
step "$request" grant
until_is 30 "$(items sent "$from")" person_restricted "what the receiver is told of a restriction"
for schema in assessment certification sync; do
    until_is 20 "SELECT count(*) FROM $schema.restriction WHERE person_id = '$person'" 1 "restrictions that $schema knows of"
done
ask "INSERT INTO identity.outbox (event, body) VALUES ('person_linked', jsonb_build_object('person_id', '$person', 'linked_at',
     now(), 'provider', 'openid', 'state', 'linked'))" >/dev/null
until_is 20 "SELECT count(*) FROM sync.held WHERE person_id = '$person'" 1 "changes that are held"
must "$(ask "$(items sent "$from")")" person_restricted "what went out of a restricted person"
step "$request" lift
until_is 30 "$(items sent "$from")" "person_restricted person_restricted person_linked" "what the receiver is told in the end"

# --- erased ---
number=$(ask "SELECT number FROM certification.certificate WHERE person_id = '$person' LIMIT 1")
ask "UPDATE identity.tenure SET valid_to = hocvu.today() WHERE person_id = '$person' AND valid_to IS NULL" >/dev/null
ask "UPDATE identity.tenure SET valid_from = valid_to - 1 WHERE person_id = '$person' AND valid_from >= valid_to" >/dev/null
[ "$(ask "SELECT count(*) FROM sync.item WHERE body LIKE '%$number%'")" -ge 1 ] || fail "no body knows the certificate"
grep -q "$number" "$FLOW_DIR/received" || fail "the certificate was not told"
request=$(asks erase)
step "$request" grant
until_is 90 "SELECT state FROM identity.data_request WHERE request_id = '$request'" "done" "the erasure"
until_is 30 "SELECT count(*) FROM sync.item WHERE subject_id = '$person' AND kind = 'person_erased' AND state = 'sent'" 1 "the notice"
for schema in learning assessment certification reporting sync; do
    until_is 20 "SELECT count(*) FROM $schema.restriction WHERE person_id = '$person' AND erased" 1 "erasures that $schema knows of"
done
must "$(ask "SELECT count(*) FROM sync.item WHERE subject_id = '$person' AND (octet_length(digest) <> 32 OR (body LIKE '%$number%'))")" 0 \
    "bodies that lead to the person"
must "$(ask "SELECT count(*) > 0 FROM sync.item WHERE subject_id = '$person' AND kind = 'certificate_issued' AND state = 'sent' AND tries > 0")" \
    t "evidence of what was sent"
(eval "$("$ROOT/deploy/stack" env --dir "$STATE")" && pg_dump --data-only -d hocvu -T certification.certificate) >"$FLOW_DIR/dump" 2>/dev/null
! grep -F "$name" "$FLOW_DIR/dump" | cut -c 1-300 | grep . || fail "the name of $person stands somewhere"
! grep -rhF "$name" "$STATE/log" | head -n 3 | grep . || fail "the name is in a log"
curl -s "$URL/v1/certificates/$number" | grep -qF "\"holder\":\"$name\"" || fail "the certificate cannot be checked any more"
for ((tenths = 0; tenths < 50; tenths++)); do
    code=$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $person_token" "$URL/v1/me")
    [ "$code" != 401 ] || break
    sleep 0.1
done
must "$code" 401 "the session of who was erased"
hocvu audit verify >"$FLOW_DIR/audit.out" || { cat "$FLOW_DIR/audit.out"; exit 1; }
echo "restricted, lifted, erased: nothing told, nothing left but the certificate"
