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
