#!/bin/bash
# test_rights.sh - every METHOD with every role, inside and outside, before and after the role was taken away, over a
# private installation of its own: see rights_try.c and objects.def. RIGHTS_ONLY: the name of one METHOD.
. "$(dirname "$0")/../flow/lib.sh"
. "$ROOT/tests/load/lib.sh"

flow_up --fast-unsafe-db
# All requests come from one address, and the callers are quick.
conf_add gateway "rate_per_second = 0" "account_per_second = 0"
"$ROOT/deploy/stack" up --dir "$STATE"
hocvu demo --learners 4 >"$FLOW_DIR/demo.out" 2>&1 || { tail -n 20 "$FLOW_DIR/demo.out"; exit 1; }

eval "$("$ROOT/deploy/stack" env --dir "$STATE")"
"$BUILD/tests/rights/rights_try" --conninfo "" --key "$STATE/secrets/token_sign.key" \
    --url "http://127.0.0.1:$FLOW_PORT" ${RIGHTS_ONLY:+--only "$RIGHTS_ONLY"}

# The command line says why: by id, and by a number that only standard input sees.
lan=$(psql -X -At -c "SELECT person_id FROM certification.certificate ORDER BY person_id LIMIT 1")
place=$(psql -X -At -c "SELECT u.code FROM identity.tenure t JOIN identity.unit u USING (unit_id)
    WHERE person_id = '$lan' AND kind = 'principal' AND valid_to IS NULL")
said=$(hocvu rights explain "$lan" my_programmes "$place") || { echo "$said"; echo "a learner may not learn"; exit 1; }
code=0
said=$(hocvu rights explain "$lan" attempts "$place") || code=$?
case $code$said in 1*"exam_officer"*"Verdict: no."*) ;; *) echo "$said"; echo "no answer why not: $code"; exit 1 ;; esac
number=$(awk -F, '$7 ~ /national_operator/ { print $1; exit }' "$ROOT/deploy/sample/roster.csv")
said=$(hocvu rights explain --number people "$place" <<<"$number") || { echo "$said"; echo "no answer by number"; exit 1; }
code=0
hocvu rights explain --number people "$place" <<<"12345" >/dev/null 2>&1 || code=$?
must "$code" 2 "the exit code for a bad number"
