# submits.sh - BENCH=submits: attempts with 40 answers each are handed in over HTTP and graded. Beside it the end of the
# attempt and the row of its result, written by bare batched statements.
# shellcheck shell=bash

bench()
{
    local n rate p50 p99 troubles limit_pg graded
    stack_up
    conf_add gateway "tokens_kept = 262144"
    stack_up
    seed --answered $(((SECONDS_EACH + 2) * 9000)) --to "$DIR/people"
    settle
    head -n 40000 "$DIR/people" >"$DIR/some"
    limit_pg=$(pg_rows submits "$DIR/some" 2)
    settle
    looked_at "$DIR/people"
    cpu_begin
    say "submits: hand in and grade 40 items over HTTP, ${BENCH_CONNECTIONS:-256} connections, ${SECONDS_EACH} s"
    load submits --people "$DIR/people" --connections "${BENCH_CONNECTIONS:-256}" --warm 2 --seconds "$SECONDS_EACH" \
        --result "$DIR/result"
    . "$DIR/result"
    graded=$(ask 'SELECT count(*) FROM assessment.result')
    cpu_end "$graded" submit
    awk -v f="$rate" -v g="$limit_pg" -v p50="$p50" -v p99="$p99" -v n="$graded" 'BEGIN {
        printf "  figure                    %8.0f submits/s   p50 %.2f ms, p99 %.2f ms, %d results stored; aim: 5,000/s\n", f, p50, p99, n
        printf "  limit: bare batches       %8.0f rows/s\n  ratio %.3f\n", g, f / g }'
    json figure="$rate" unit=submits/s limit_pg="$limit_pg" ratio="$(over "$rate" "$limit_pg")" p50_ms="$p50" p99_ms="$p99" \
        errors="$troubles" aim=5000
}
