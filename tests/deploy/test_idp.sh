#!/bin/sh
# test_idp.sh - the demonstration identity provider: whole code flows, refusals, concurrency. The Makefile fetches
# the provider's modules.
set -eu
cd "$(dirname "$0")/../../deploy/idp"
exec node --test test.mjs
