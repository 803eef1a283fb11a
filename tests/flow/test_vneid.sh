#!/bin/bash
# test_vneid.sh - the journey with either kind of provider, and what `hocvu idp test` says of both: steps, a test login that
# opens no session, a provider that has lost its secret, one that is away.
. "$(dirname "$0")/lib.sh"

LEARNERS=${VNEID_LEARNERS:-8}

# idp_says NAME WANTED: exit code, with what it said in $FLOW_DIR/said.
idp_says()
{
    code=0
    hocvu idp test "$1" >"$FLOW_DIR/said" 2>&1 || code=$?
    [ "$code" = "$2" ] || { cat "$FLOW_DIR/said"; echo "hocvu idp test $1 exits with $code, expected $2"; exit 1; }
}

# A person's way through the provider's form, as a browser does it: visit URL NUMBER; the last page in $FLOW_DIR/page.
visit()
{
    local form
    rm -f "$FLOW_DIR/cookies"
    form=$(curl -sS -L -b "$FLOW_DIR/cookies" -c "$FLOW_DIR/cookies" -w '\n%{url_effective}' "$1")
    local url=${form##*$'\n'} action
    action=$(sed -n 's/.*<form method="post" action="\([^"]*\)".*/\1/p' <<<"$form" | sed 's/&amp;/\&/g' | head -n 1)
    case $action in /*) action=$(sed 's|\(^[a-z]*://[^/]*\).*|\1|' <<<"$url")$action ;; http*) ;; *) action=$url ;; esac
    curl -sS -L -b "$FLOW_DIR/cookies" -c "$FLOW_DIR/cookies" -o "$FLOW_DIR/page" -w '%{http_code}' \
        --data-urlencode "number=$2" --data-urlencode "password=$(cat "$STATE/secrets/demo.password")" "$action"
}

flow_up --fast-unsafe-db --idp both >"$FLOW_DIR/up"
url=$(sed -n 's/^url = //p' "$STATE/etc/hocvu.conf")
learner=$(awk -F, 'NR == 40 { print $1 }' "$ROOT/deploy/sample/roster.csv")

for name in openid vneid; do
    idp_says $name 0
    [ "$(grep -c ' ok ' "$FLOW_DIR/said")" -ge 4 ] && ! grep -q FAULT "$FLOW_DIR/said" || { cat "$FLOW_DIR/said"; exit 1; }
    # A test login: claims are told, covered up, and there is no session.
    before=$(ask "SELECT count(*) FROM identity.session")
    : >"$FLOW_DIR/login"
    hocvu idp test $name --login >"$FLOW_DIR/login" 2>&1 &
    teller=$!
    for ((tenths = 0; tenths < 100; tenths++)); do
        ! grep -q 'test=' "$FLOW_DIR/login" || break
        sleep 0.1
    done
    visit "$(grep -o 'http[^ ]*test=[^ ]*' "$FLOW_DIR/login")" "$learner" >"$FLOW_DIR/status"
    code=0
    wait $teller || code=$?
    [ $code -eq 0 ] && grep -q '^the account would be linked' "$FLOW_DIR/login" ||
        { cat "$FLOW_DIR/login" "$FLOW_DIR/page"; echo "a test login at $name ends with $code"; exit 1; }
    ! grep -q "$learner" "$FLOW_DIR/login" || { echo "a test login tells a personal number"; exit 1; }
    must "$(ask "SELECT count(*) FROM identity.session")" "$before" "sessions after a test login"
    # The journey.
    hocvu demo --learners "$LEARNERS" --provider $name >"$FLOW_DIR/demo.out" 2>&1 ||
        { tail -n 20 "$FLOW_DIR/demo.out"; echo "the journey fails with $name"; exit 1; }
    grep "^journey: linked=[0-9]* assigned=$LEARNERS completed=$LEARNERS .* report_matches=yes" "$FLOW_DIR/demo.out"
    [ "$(ask "SELECT count(*) FROM identity.account WHERE provider = '$name' AND state = 'linked'")" -ge "$LEARNERS" ] ||
        { echo "$name has linked too few accounts"; exit 1; }
done
# The same people by both: one person has an account at each.
[ "$(ask "SELECT count(*) FROM (SELECT person_id FROM identity.account WHERE state = 'linked' GROUP BY 1 HAVING count(*) = 2) p")" \
    -ge "$LEARNERS" ] || { echo "people are not the same at both providers"; exit 1; }

# Several: a person chooses, a name that nobody has is nobody's.
curl -sS -H 'Accept: text/html' "$url/login" >"$FLOW_DIR/page"
grep -q 'href="/login/openid"' "$FLOW_DIR/page" && grep -q 'href="/login/vneid"' "$FLOW_DIR/page" ||
    { cat "$FLOW_DIR/page"; echo "there is no choice"; exit 1; }
must "$(curl -sS -o /dev/null -w '%{http_code}' "$url/login/nobody")" 404 "login at a provider that is not there"
code=0
hocvu idp test nobody >"$FLOW_DIR/said" 2>&1 || code=$?
must $code 1 "idp test of a provider that is not there"

# Away: said by the step, and by the page; the other one goes on.
"$ROOT/deploy/stack" stop vneid --dir "$STATE" >/dev/null
idp_says vneid 1
grep -q FAULT "$FLOW_DIR/said"
"$ROOT/deploy/stack" stop idp --dir "$STATE" >/dev/null
idp_says openid 1
grep -q 'discovery.*FAULT' "$FLOW_DIR/said" || { cat "$FLOW_DIR/said"; exit 1; }
"$ROOT/deploy/stack" restart identity --dir "$STATE" >/dev/null # what it has looked up is kept for an hour
for ((tenths = 0; tenths < 50; tenths++)); do # the gateway finds it again
    code=$(curl -sS -o "$FLOW_DIR/page" -w '%{http_code}' -H 'Accept: text/html' "$url/login/openid")
    [ "$code" = 503 ] || break
    sleep 0.1
done
case $code in 502 | 504) ;; *) echo "a provider that is away gives $code"; exit 1 ;; esac
grep -q 'lang="en"' "$FLOW_DIR/page" || { cat "$FLOW_DIR/page"; echo "no page"; exit 1; }
echo "both kinds: journey, test login, away"
