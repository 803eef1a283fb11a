# lib.sh - what the benchmarks share: a private installation with a durable database, people in it, wrk, and who took the
# processor. Sourced by run.
# shellcheck shell=bash

PROCESSES="gateway identity content learning assessment certification reporting"
echo_pid=

say() { printf '%s\n' "$*"; }

cleanup()
{
    [ -z "$echo_pid" ] || kill "$echo_pid" 2>/dev/null || true
    "$ROOT/deploy/stack" erase --dir "$STATE" >/dev/null 2>&1 || true
    rm -rf "$DIR"
}

# --sample: the load generator is one address, and the gateway's limit per address is not what is measured.
stack_up()
{
    "$ROOT/deploy/stack" up --dir "$STATE" --port "$PORT" --no-idp --sample --log-level warn >"$DIR/up.log" 2>&1 ||
        { cat "$DIR/up.log" >&2; exit 1; }
    eval "$("$ROOT/deploy/stack" env --dir "$STATE")"
    # Commands that see neither the password file nor this environment do not exist here; one string serves them all.
    CONNINFO="host=$PGHOST dbname=hocvu user=$PGUSER"
}

# What was loaded is settled before anything is measured.
settle()
{
    psql -X -q -c 'VACUUM ANALYZE' -c 'SET client_min_messages = error' 2>/dev/null
    psql -X -q -U postgres -c CHECKPOINT
}

# CPU time of a process and its children, in clock ticks.
ticks()
{
    local pid total=0 line
    for pid in "$1" $(pgrep -P "$1" || true); do
        line=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) || continue
        # shellcheck disable=SC2086 # fields
        set -- $line
        total=$((total + ${12} + ${13}))
    done
    echo $total
}

# cpu_begin, cpu_end N UNIT: microseconds of each process for each of N things between the two.
cpu_begin()
{
    local p
    CPU=()
    for p in $PROCESSES postgres; do CPU+=("$(ticks "$(pid_of "$p")")"); done
}

cpu_end()
{
    local p i=0
    say "  CPU per $2 (us):"
    for p in $PROCESSES postgres; do
        awk -v p="$p" -v t=$(($(ticks "$(pid_of "$p")") - CPU[i])) -v hz="$(getconf CLK_TCK)" -v n="$1" \
            'BEGIN { if (t > 0 && n > 0) printf "    %-14s %8.2f\n", p, t * 1e6 / hz / n }'
        i=$((i + 1))
    done
}

# Highest resident memory of a process since its start, MB.
memory_peak() { awk '/^VmHWM:/ {printf "%.1f", $2 / 1024}' "/proc/$(pid_of "$1")/status"; }

wrk_run() # SCRIPT PEOPLE URL CONNECTIONS -> requests/s p50 p99 errors
{
    PEOPLE=$2 wrk -t2 -c"$4" -d"${SECONDS_EACH}s" --timeout 5s -s "$ROOT/tests/bench/$1.lua" "$3" | sed -n 's/^RESULT //p'
}

load() { "$BUILD/bench/bin/exam_load" "$@" --server "127.0.0.1:$PORT"; }
pg_rows() { "$BUILD/bench/bin/pg_rows" "$1" "$CONNINFO" "$2" "$SECONDS_EACH" "$3"; } # WORK PEOPLE CONNECTIONS
ask() { psql -X -At -c "$1"; }

# looked_at FILE: everybody in it has looked at a page before, as people have who now start or hand in: the gateway has seen
# their tokens, of which it verifies the signature once (about 80 us). Says what that first look takes.
looked_at()
{
    local n rate p50 p99 troubles
    load look --people "$1" --result "$DIR/result" >/dev/null
    . "$DIR/result"
    say "before: $n people looked at their attempts, $rate/s, p50 $p50 ms, $troubles asked again"
    [ "$n" = "$(wc -l <"$1")" ] || { say "not everybody has"; exit 1; }
}

# json NAME=VALUE...: BUILD/bench/NAME.json; values that are not numbers become strings.
json()
{
    printf '%s\n' "$@" | awk 'BEGIN { printf "{" } {
        at = index($0, "=")
        name = substr($0, 1, at - 1)
        value = substr($0, at + 1)
        if (value !~ /^-?[0-9]+(\.[0-9]+)?$/) value = "\"" value "\""
        printf "%s\"%s\":%s", (NR > 1 ? "," : ""), name, value
    } END { print "}" }' >"$BUILD/bench/$NAME.json"
}

# over A B: the ratio with three digits.
over() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", (b > 0 ? a / b : 0) }'; }
