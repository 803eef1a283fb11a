#!/bin/bash
# test_pages.sh - the portal's pages in a real browser, over an installation with both demonstration providers.
. "$(dirname "$0")/lib.sh"

tests=$ROOT/tests/browser
done=$tests/node_modules/.package-lock.json # npm writes this file last
if [ ! -f "$done" ] || [ "$tests/package-lock.json" -nt "$done" ]; then
    (cd "$tests" && npm ci --no-audit --no-fund --loglevel=error)
fi

flow_up --fast-unsafe-db --idp both >"$FLOW_DIR/up.out" 2>&1 || { cat "$FLOW_DIR/up.out"; exit 1; }
URL_OF_PORTAL=$(sed -n 's/^url = //p' "$STATE/etc/hocvu.conf")
PASSWORD_FILE=$STATE/secrets/demo.password
NUMBERS=$(awk -F, 'NR > 60 && NR <= 64 { printf "%s ", $1 }' "$ROOT/deploy/sample/roster.csv")
export URL_OF_PORTAL PASSWORD_FILE NUMBERS
node --test --test-reporter=spec "$tests/pages_test.mjs"
