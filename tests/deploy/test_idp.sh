#!/bin/sh
# test_idp.sh - the demonstration identity provider: whole code flows, refusals, concurrency.
set -eu
cd "$(dirname "$0")/../../deploy/idp"
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --omit=dev --no-audit --no-fund --loglevel=error
exec node --test test.mjs
