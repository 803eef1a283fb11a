#!/bin/bash
# test_hostile.sh - tests/hostile.txt, the list of every hostile case that is tried: each line names a test that there is,
# and there are at least 60 cases by at least 60 tests. Run by tests/run.
#
# A line is `<test file> <suite> <test>: what is tried`. In a .c file the test is a Criterion test, also by a macro of its
# own that has the suite in it; in a script (.sh, .mjs) the suite is `-` and the test a word that stands in it.
set -euo pipefail
export LC_ALL=C

ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
LIST=${1:-$ROOT/tests/hostile.txt}
LEAST=60
faults=0

fault()
{
    printf 'test_hostile: %s\n' "$*"
    faults=$((faults + 1))
}

# is_test FILE SUITE TEST
is_test()
{
    local text
    case $1 in
    *.c)
        text=$(tr -s ' \n' ' ' <"$ROOT/$1")
        if grep -qE "(^| )[A-Za-z_]*(Test|TEST)\( ?$2, ?$3 ?[,)]" <<<"$text"; then
            ! grep -qE "(Test|TEST)\( ?$2, ?$3 ?,[^{]*\.disabled = true" <<<"$text"
        else # a macro that names the suite itself
            grep -qE "#define [A-Z_]*TEST\([a-z]+\) Test\($2," <<<"$text" && grep -qE " [A-Z_]*TEST\( ?$3 ?\)" <<<"$text"
        fi
        ;;
    *.sh | *.mjs) [ "$2" = - ] && grep -qw -- "$3" "$ROOT/$1" ;;
    *) return 1 ;;
    esac
}

while IFS= read -r line; do
    if ! [[ $line =~ ^(tests/[a-z0-9_/]+\.(c|sh|mjs))\ ([a-z0-9_-]+)\ ([a-z0-9_]+):\ .{8,}$ ]]; then
        fault "this line is not of the form '<test file> <suite> <test>: what is tried': $line"
    elif [ ! -f "$ROOT/${BASH_REMATCH[1]}" ]; then
        fault "there is no file ${BASH_REMATCH[1]}"
    elif ! is_test "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[4]}"; then
        fault "${BASH_REMATCH[1]} has no test ${BASH_REMATCH[3]} ${BASH_REMATCH[4]}"
    fi
done <"$LIST"
sort -c "$LIST" 2>/dev/null || fault "the list is not sorted; LC_ALL=C sort -u -o tests/hostile.txt tests/hostile.txt"
[ -z "$(uniq -d "$LIST")" ] || fault "a case stands twice: $(uniq -d "$LIST" | head -n 1)"
cases=$(wc -l <"$LIST") tests=$(cut -d: -f1 "$LIST" | sort -u | wc -l)
[ "$cases" -ge $LEAST ] && [ "$tests" -ge $LEAST ] || fault "$cases cases by $tests tests; at least $LEAST are wanted of each"
echo "$cases hostile cases by $tests tests"
[ $faults -eq 0 ]
