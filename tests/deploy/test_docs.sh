#!/bin/bash
# test_docs.sh - docs/ says what is so: its examples verify good bodies and no others; errors, rows of configuration, kinds
# of items, commands and files that it names exist, and none that an integrator meets is left out. Run by tests/run;
# binaries are those of $BUILD.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
BIN=${BUILD:-$ROOT/build}/bin
DOC=$ROOT/docs/integrators.md
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
faults=0

fault()
{
    printf 'test_docs: %s\n' "$*"
    faults=$((faults + 1))
}

# block MARK: the fenced block below <!-- MARK -->.
block()
{
    awk -v mark="<!-- $1 -->" '$0 == mark { found = 1; next } found && /^```/ { if (inside) exit; inside = 1; next }
        inside' "$DOC"
}

# names MARK: the words in backquotes of the first column, of the tables between <!-- MARK --> and the next mark.
names()
{
    awk -v mark="<!-- $1 -->" '$0 == mark { inside = 1; next } inside && /^<!--/ { exit } inside && /^\|/' "$DOC" |
        awk -F'|' '{ print $2 }' | grep -o '`[^`]*`' | tr -d '`' | sort
}

# --- the examples, against a body signed by somebody else: openssl ---
printf 'a key of thirty-two letters, more\n' >"$tmp/key"
printf '{"version" : 1, "data" : {"full_name" : "Nguyễn Thị Lan"}}' >"$tmp/body"
hmac() { openssl dgst -sha256 -hmac "$1" "$2" | sed 's/.*= //'; }
good=sha256=$(hmac 'a key of thirty-two letters, more' "$tmp/body")
sed 's/Lan/Lam/' "$tmp/body" >"$tmp/changed"
{ cat "$tmp/body" && echo; } >"$tmp/longer"
head -c 20 "$tmp/body" >"$tmp/shorter"
: >"$tmp/nothing"
printf 'another key of thirty-two letters' >"$tmp/other-key"
for language in python3 node perl; do
    block "verify: $language" >"$tmp/$language"
    [ "$(wc -l <"$tmp/$language")" -ge 8 ] || fault "there is no example in $language"
    verify() { "$language" "$tmp/$language" "$1" "$2" <"$3" >"$tmp/said" 2>&1; }
    verify "$tmp/key" "$good" "$tmp/body" || fault "$language refuses a good body: $(cat "$tmp/said")"
    for body in changed longer shorter nothing; do
        ! verify "$tmp/key" "$good" "$tmp/$body" || fault "$language takes a body that was changed ($body)"
    done
    ! verify "$tmp/other-key" "$good" "$tmp/body" || fault "$language takes a body signed with another key"
    for header in '' sha256= "${good#sha256=}" "${good%?}" "${good}0" "sha256=$(printf '0%.0s' {1..64})"; do
        ! verify "$tmp/key" "$header" "$tmp/body" || fault "$language takes the header '$header'"
    done
done

# --- errors: each has the status of errors.def, and those of a login are all there ---
while IFS='|' read -r _ code status _; do
    code=$(tr -d '` ' <<<"$code") status=$(tr -d ' ' <<<"$status")
    grep -qE "^ERR\([0-9]+, $code, $status," "$ROOT/proto/errors.def" || fault "the error $code $status is not in errors.def"
done < <(awk '/<!-- errors: begin/ { on = 1 } /<!-- errors: end/ { on = 0 } on && /^\| `/' "$DOC")
for code in UNAUTHENTICATED NOT_ON_ROSTER ASSURANCE LINK_REVIEW PENDING PROVIDER PROVIDER_SLOW PROVIDER_REFUSED TOO_MANY; do
    names 'errors: begin' | grep -qx "$code" || fault "the error $code is missing"
done

# --- rows: those of --help ---
# rows PROGRAM BEGIN END: names of rows in --help between the lines that match; END empty: to the end.
rows()
{
    "$BIN/$1" --help | awk -v from="$2" -v to="$3" '$0 ~ from { on = 1; next } on && to != "" && $0 ~ to { exit }
        on && /^  [a-z_]+ = / { print $1 }' | sort
}

# same MARK WORDS: does the table name exactly these?
same()
{
    local differs
    [ -n "$2" ] || fault "$1: --help tells no rows"
    differs=$(diff <(echo "$2") <(names "$1")) || fault "$1: docs (>) and --help (<) differ:" $differs
}
claims=$(printf 'claim_%s\n' birth_date full_name level national_id)
without_claims() { grep -vxF "$claims" || true; }
same 'rows: common' "$(sort <(rows identity '^Rows of every kind|Rows of every kind:' '^Rows of kind' | without_claims) <(echo "$claims"))"
same 'rows: openid' "$(rows identity '^Rows of kind openid' '^Rows of kind' | without_claims)"
if "$BIN/identity" --help | grep -q '^Rows of kind vneid'; then
    same 'rows: vneid' "$(rows identity '^Rows of kind vneid' '^Rows of kind' | without_claims)"
fi
same 'rows: sync' "$(rows sync '^Rows of <target_dir>' '')"

# --- kinds of items: those of the service ---
kinds=$(sed -n '/kind_names\[N_KINDS\] = {/,/};/p' "$ROOT/services/sync/conf.c" | grep -o '"[a-z_]*"' | tr -d '"' | sort)
[ "$(names 'kinds: begin')" = "$kinds" ] || fault "kinds of items differ:" $(diff <(echo "$kinds") <(names 'kinds: begin'))

# --- commands: hocvu knows them ---
for command in $(grep -o '\bhocvu [a-z]\+ ' "$DOC" | awk '{ print $2 }' | sort -u); do
    "$BIN/hocvu" help "$command" >/dev/null 2>&1 || fault "there is no command: hocvu $command"
done

# --- files of the tree ---
for file in deploy/README.md ARCHITECTURE.md proto/derived/openapi.json tests/deploy/test_docs.sh; do
    [ -e "$ROOT/$file" ] || fault "$file is not there"
done
[ $faults -eq 0 ]
