# starts.sh - BENCH=starts: durable starts of attempts over HTTP; each learner starts once. Beside it the same rows, attempt
# and standing, written by bare batched statements.
# shellcheck shell=bash

bench()
{
    local n rate p50 p99 troubles in_line limit_pg limit_two
    stack_up
    conf_add gateway "tokens_kept = 524288"
    stack_up
    seed --learners $(((SECONDS_EACH + 2) * 30000)) --to "$DIR/people"
    settle
    head -n 40000 "$DIR/people" >"$DIR/some"
    limit_pg=$(pg_rows starts "$DIR/some" 1)
    limit_two=$(pg_rows starts "$DIR/some" 2)
    settle
    looked_at "$DIR/people"
    cpu_begin
    say "starts: durable starts over HTTP, ${BENCH_CONNECTIONS:-512} connections, ${SECONDS_EACH} s"
    load starts --people "$DIR/people" --connections "${BENCH_CONNECTIONS:-512}" --warm 2 --seconds "$SECONDS_EACH" \
        --result "$DIR/result"
    . "$DIR/result"
    cpu_end "$(ask 'SELECT count(*) FROM assessment.attempt')" start
    awk -v f="$rate" -v g="$limit_pg" -v t="$limit_two" -v p50="$p50" -v p99="$p99" 'BEGIN {
        printf "  figure                    %8.0f starts/s   p50 %.2f ms, p99 %.2f ms\n", f, p50, p99
        printf "  limit: bare batches       %8.0f rows/s over one connection, %.0f over two\n", g, t
        printf "  ratio %.3f to one connection, %.3f to two\n", f / g, f / t }'
    json figure="$rate" unit=starts/s limit_pg="$limit_pg" ratio="$(over "$rate" "$limit_pg")" p50_ms="$p50" p99_ms="$p99" \
        errors="$troubles" in_line="$in_line" limit_pg_two="$limit_two" ratio_two="$(over "$rate" "$limit_two")"
}
