#!/bin/sh
# test_corpus.sh - every input that a fuzzer kept, and every one that ever hurt, once more.
set -eu
exec "$BUILD/tests/fuzz/replay" "$(dirname "$0")/corpus/messages"
