# asof.sh - BENCH=asof: questions about subtrees as of random days, through the service, 20,000 units and 3 million tenures.
# shellcheck shell=bash

# Tops are the nation (10 %), ministries and provinces (30 %), all below (60 %); days from 2010 on. The limit is the same
# number of rows of the same shape by a plain key. `longest` are pages of 500 people, five times the usual, and not counted
# among all. BENCH_UNITS and BENCH_TENURES make it smaller.
bench()
{
    local kind level n p50 p99 rows bare bare99 worst=0 fields=() began
    stack_up
    began=$(date +%s)
    psql -X -q -U postgres -v units="${BENCH_UNITS:-20000}" -v tenures="${BENCH_TENURES:-3000000}" \
        -f "$ROOT/tests/bench/asof_seed.sql" >"$DIR/seed.log" 2>&1 || { cat "$DIR/seed.log" >&2; exit 1; }
    say "seeded in $(($(date +%s) - began)) s: $(ask 'SELECT count(*) FROM identity.unit') units, $(ask 'SELECT count(*) FROM identity.unit_version') versions, $(ask 'SELECT count(*) FROM identity.tenure') tenures"
    sed -n 's/^Time: /  (ways of all days, then counts by day, made in) /p' "$DIR/seed.log"
    psql -X -q -U postgres -c CHECKPOINT
    grep -E '^(bus_dir|replicas|peers|peer_keys|bus_[a-z_]+|curve_[a-z_]+) *=' "$STATE/etc/hocvu.conf" >"$DIR/asof.conf" || true
    "$BUILD/bench/bin/asof_ask" "$DIR/asof.conf" "$CONNINFO" "$SECONDS_EACH" >"$DIR/result"
    say "asof: one question at a time over the bus, days and tops at random; aim: under 5 ms each"
    while read -r kind level n p50 p99 rows bare bare99; do
        printf '  %-10s %-9s %6d asked  p50 %7.3f ms  p99 %7.3f ms  %4d rows  limit: bare rows %.3f ms, p99 %.3f\n' "$kind" \
            "$level" "$n" "$p50" "$p99" "$rows" "$bare" "$bare99"
        if [ "$kind" = all ]; then
            fields+=(figure="$p99" unit=ms limit_pg="$bare99" ratio_pg="$(over "$bare" "$p50")" p50_ms="$p50" p99_ms="$p99" asked="$n")
        else
            fields+=("${kind}_${level}_p50_ms=$p50" "${kind}_${level}_p99_ms=$p99")
            [ "$kind" = longest ] || worst=$(awk -v a="$worst" -v b="$p99" 'BEGIN { print (b > a ? b : a) }')
        fi
    done <"$DIR/result"
    json "${fields[@]}" worst_p99_ms="$worst" errors=0 aim=5
}
