#!/bin/sh
# test_corpus.sh - every input that a fuzzer kept, and every one that ever hurt, once more.
set -eu
for corpus in "$(dirname "$0")"/corpus/*; do
    "$BUILD/tests/fuzz/replay_$(basename "$corpus")" "$corpus"
done
