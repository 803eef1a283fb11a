#!/bin/bash
# test_sessions.sh - sessions that end at the provider end here, at two gateways; sessions while the key of tokens is
# changed, and while Redis is emptied, killed and stays away: nobody is logged out, nobody is let in, the limits hold.
# People log in as browsers do, at the demonstration provider.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/load/lib.sh"

URL=http://127.0.0.1:$FLOW_PORT
BURST=300   # of an account
ADDRESS=900 # of the one address that everything here comes from
REFUSED=8   # logins of one network

fail() { echo "$*"; exit 1; }

# of FILE NAME: a member of a flat JSON object.
of() { sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" "$1"; }

# login NUMBER FILE [JAR]: a whole login in a browser with these cookies, whose tokens go into FILE.
login()
{
    local jar=${3:-$FLOW_DIR/jar} page=$FLOW_DIR/page form
    rm -f "$jar"
    form=$(curl -s -L -c "$jar" -b "$jar" -o "$page" -w '%{url_effective}' -H 'Accept: text/html' "$URL/login/openid")
    form=${form%%\?*}
    local action
    action=$(sed -n 's/.*<form method="post" action="\([^"]*\)".*/\1/p' "$page" | head -n 1)
    [ -n "$action" ] || fail "the provider shows no form at $form: $(head -c 300 "$page")"
    case $action in http*) ;; *) action=$(sed -E 's#^(https?://[^/]*).*#\1#' <<<"$form")$action ;; esac
    curl -s -L -c "$jar" -b "$jar" -o "$2" -H 'Accept: application/json' -A 'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0' \
        --data-urlencode "number=$1" --data-urlencode "password@$STATE/secrets/demo.password" "$action"
    [ -n "$(of "$2" access_token)" ] || fail "the login of a person of the sample failed: $(cat "$2")"
}

# many N TOKEN PATH: the statuses of so many requests over one connection, counted: `200 150`.
many()
{
    local i
    for ((i = 0; i < $1; i++)); do
        [ $i -eq 0 ] || echo next
        printf 'url = "%s%s"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\nheader = "Authorization: Bearer %s"\n' \
            "$URL" "$3" "$2"
    done | curl -s -K - | sort | uniq -c | awk '{print $2, $1}'
}

status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
me() { status -H "Authorization: Bearer $1" "$URL/v1/me"; }
redis() { redis-cli -s "$STATE/run/redis.sock" "$@"; }

number() { awk -F, -v n="$1" 'NR == n + 1 {print $1}' "$ROOT/deploy/sample/roster.csv"; }

flow_up --fast-unsafe-db >"$FLOW_DIR/up.out" 2>&1 || { cat "$FLOW_DIR/up.out"; exit 1; }
conf_add gateway "account_per_second = 1" "account_burst = $BURST" "rate_per_second = 1" "rate_burst = $ADDRESS"
conf_add identity "login_refused_address = $REFUSED"
"$ROOT/deploy/stack" up --dir "$STATE" >"$FLOW_DIR/up.out" 2>&1 || { cat "$FLOW_DIR/up.out"; exit 1; }

login "$(number 20)" "$FLOW_DIR/a"
login "$(number 21)" "$FLOW_DIR/b"
login "$(number 22)" "$FLOW_DIR/gone"
a=$(of "$FLOW_DIR/a" access_token) b=$(of "$FLOW_DIR/b" access_token) gone=$(of "$FLOW_DIR/gone" access_token)
forged=${a%????????????????????}AAAAAAAAAAAAAAAAAAAA
must "$(me "$a") $(me "$b") $(me "$gone") $(me "$forged")" "200 200 200 401" "before anything happened"
must "$(curl -s -H "Authorization: Bearer $a" "$URL/v1/me/sessions" | grep -o '"current":true' | wc -l)" 1 "its own session"
must "$(status -X POST -H "Authorization: Bearer $gone" "$URL/v1/me/sessions/end")" 200 "signing out everywhere"
must "$(me "$gone")" 401 "a token of an ended session"

# A second gateway, as beside the first behind a balancer.
SECOND=http://127.0.0.1:$((FLOW_PORT + 44))
sed -E "s/^(listen = .*:)[0-9]+/\1$((FLOW_PORT + 44))/; s/^(admin_listen = .*:)[0-9]+/\1$((FLOW_PORT + 45))/" \
    "$STATE/etc/gateway.conf" >"$FLOW_DIR/second.conf"
"$BUILD/bin/gateway" --conf "$FLOW_DIR/second.conf" >"$FLOW_DIR/second.log" 2>&1 &
second=$!
trap 'code=$?; kill $second 2>/dev/null || true; flow_finish $code' EXIT
for ((tries = 0; tries < 100; tries++)); do
    [ "$(status "$SECOND/portal.css")" = 200 ] && break
    sleep 0.1
done

# leave JAR EVERYWHERE: a logout at the provider, in the browser with these cookies.
leave()
{
    local provider=http://127.0.0.1:$((FLOW_PORT + 1)) page=$FLOW_DIR/page
    curl -s -c "$1" -b "$1" -o "$page" "$provider/session/end"
    must "$(curl -s -o /dev/null -w '%{http_code}' -c "$1" -b "$1" -d logout=yes -d "everywhere=$2" \
        -d "xsrf=$(sed -n 's/.*name="xsrf" value="\([^"]*\)".*/\1/p' "$page")" "$provider/session/end/confirm")" 303 \
        "a logout at the provider"
}

# ends TOKEN: at both gateways, at most 2 s from now.
ends()
{
    local from=${EPOCHREALTIME/[.,]/} at
    for at in "$URL" "$SECOND"; do
        until [ "$(status -H "Authorization: Bearer $1" "$at/v1/me")" = 401 ]; do
            [ $((${EPOCHREALTIME/[.,]/} - from)) -lt 2000000 ] || fail "$2 goes on at $at 2 s after the logout at the provider"
            sleep 0.1
        done
    done
}
both() { echo "$(me "$1") $(status -H "Authorization: Bearer $1" "$SECOND/v1/me")"; }

# provider_logout: who logs out at the provider is out here, in that browser; or everywhere, at other devices too.
for device in desk phone; do login "$(number 25)" "$FLOW_DIR/$device" "$FLOW_DIR/$device.jar"; done
desk=$(of "$FLOW_DIR/desk" access_token) phone=$(of "$FLOW_DIR/phone" access_token)
must "$(both "$desk") $(both "$phone")" "200 200 200 200" "two devices at two gateways"
leave "$FLOW_DIR/phone.jar" no
ends "$phone" "the session of the browser"
must "$(both "$desk")" "200 200" "the other device goes on"
login "$(number 25)" "$FLOW_DIR/phone" "$FLOW_DIR/phone.jar"
leave "$FLOW_DIR/phone.jar" yes
ends "$desk" "the session at another device"
must "$(both "$(of "$FLOW_DIR/phone" access_token)") $(me "$a")" "401 401 200" "this device as well, and nobody else"
kill $second

# The key of tokens is changed: those by the old one count on, new ones are by the new one.
for step in next before; do
    hocvu keys rotate token_sign "$STATE/secrets" >"$FLOW_DIR/rotate.out" || { cat "$FLOW_DIR/rotate.out"; exit 1; }
    "$ROOT/deploy/stack" up --dir "$STATE" >"$FLOW_DIR/up.out" 2>&1 || { cat "$FLOW_DIR/up.out"; exit 1; }
    [ -f "$STATE/secrets/token_sign_$step.pub" ] || fail "there is no token_sign_$step.pub"
    must "$(me "$a") $(me "$b") $(me "$gone") $(me "$forged")" "200 200 401 401" "while keys are changed ($step)"
done
login "$(number 24)" "$FLOW_DIR/newkey"
newkey=$(of "$FLOW_DIR/newkey" access_token)
[ "${newkey%%.*}" != "${a%%.*}" ] || fail "identity goes on to sign with the old key"
must "$(me "$newkey")" 200 "a token by the new key"

redis flushall >/dev/null
must "$(me "$a") $(me "$gone") $(me "$forged")" "200 401 401" "after Redis was emptied"

# forged_without_redis: it dies and does not come back.
s6-svc -O "$STATE/service/redis"
"$ROOT/deploy/stack" kill redis --dir "$STATE"
for ((tries = 0; tries < 100; tries++)); do
    ! redis ping >/dev/null 2>&1 || { sleep 0.1; continue; }
    break
done
! redis ping >/dev/null 2>&1 || fail "Redis lives on"
must "$(many 100 "$a" /v1/me)" "200 100" "requests of a without Redis"
must "$(many 100 "$b" /v1/me)" "200 100" "requests of b without Redis"
must "$(many 20 "$gone" /v1/me)" "401 20" "an ended session without Redis"
must "$(many 20 "$forged" /v1/me)" "401 20" "a forged token without Redis"

# Sessions begin, go on and end as ever.
login "$(number 23)" "$FLOW_DIR/new"
must "$(me "$(of "$FLOW_DIR/new" access_token)")" 200 "a login without Redis"
renew() { curl -s -o "$2" -H 'Content-Type: application/json' -d "{\"refresh_token\":\"$1\"}" "$URL/v1/session/refresh"; }
first=$(of "$FLOW_DIR/new" refresh_token)
renew "$first" "$FLOW_DIR/next"
renew "$first" "$FLOW_DIR/again"
must "$(of "$FLOW_DIR/again" refresh_token)" "$(of "$FLOW_DIR/next" refresh_token)" "an answer that was lost is given again"
must "$(me "$(of "$FLOW_DIR/next" access_token)")" 200 "a renewed token"
must "$(status -X POST -H "Authorization: Bearer $(of "$FLOW_DIR/next" access_token)" "$URL/v1/session/logout")" 200 "a logout"
must "$(me "$(of "$FLOW_DIR/next" access_token)")" 401 "a token after the logout"

# flood_without_redis: the limits hold, of an account, of refused logins, of an address.
flood=$(many 350 "$a" /v1/me)
grep -q '^429 ' <<<"$flood" || fail "an account floods without Redis: $flood"
[ "$(awk '$1 == 200 {print $2}' <<<"$flood")" -le $BURST ] || fail "an account gets more than its limit: $flood"
must "$(me "$b")" 200 "another account beside the flood"
guesses=
for ((i = 0; i <= REFUSED; i++)); do
    guesses="$guesses $(status -H 'Accept: application/json' "$URL/login/callback?code=guessed&state=guessed$i")"
done
must "${guesses##* }" 429 "guessing goes on:$guesses"
must "$(status -H 'Accept: application/json' "$URL/login/openid")" 429 "a login of a network that guesses"
flood=$(many $ADDRESS x /portal.css)
grep -q '^429 ' <<<"$flood" || fail "an address floods without Redis: $flood"
must "$(curl -s "http://$(sed -n "s/^admin_listen = //p" "$STATE/etc/gateway.conf")/metrics" | grep -c '^hocvu_account_limited_total [1-9]')" 1 "refusals are counted"

# It comes back, and nothing had to be told to it.
s6-svc -u "$STATE/service/redis"
for ((tries = 0; tries < 100; tries++)); do
    redis ping >/dev/null 2>&1 && break
    sleep 0.1
done
must "$(ask "SELECT count(*) FROM identity.session WHERE revoke_reason = 'reuse'")" 0 "sessions taken for stolen"
echo "without Redis: nobody logged out, nobody let in, limits hold"
