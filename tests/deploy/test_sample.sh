#!/bin/sh
# test_sample.sh - the sample nation is consistent: people, units, and the roster is what its generator makes.
set -eu
cd "$(dirname "$0")/../.."
exec deploy/sample/check-people
