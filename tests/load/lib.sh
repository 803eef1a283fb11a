# lib.sh - people and rules for benchmarks and tests of faults. Sourced; needs ROOT, BUILD, STATE, and `deploy/stack env` in
# the shell.
# shellcheck shell=bash

# seed OPTION...: the rules once, then people; options as seed_exam has them.
seed()
{
    psql -X -q -v forms=16 -f "$ROOT/tests/load/seed_rules.sql" >/dev/null
    "$BUILD/bench/bin/seed_exam" --conninfo "$CONNINFO" --key "$STATE/secrets/token_sign.key" "$@"
}

# conf_add NAME LINE...: rows for one process of the installation; the next `deploy/stack up` takes them over.
conf_add()
{
    local file=$STATE/etc/local/$1.conf
    shift
    printf '%s\n' "$@" >>"$file"
    chmod 644 "$file"
}

pid_of() { s6-svstat -o pid "$STATE/service/$1"; }
