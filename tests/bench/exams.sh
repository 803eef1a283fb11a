# exams.sh - BENCH=exams: whole journeys over HTTP without pauses: start, paper, 20 answers, submit, result.
# shellcheck shell=bash

bench()
{
    local n rate p50 p99 troubles start_p99 answer_p99 submit_p99 limit
    stack_up
    seed --learners $(((SECONDS_EACH + 2) * 4000)) --to "$DIR/people" --running 4096 --to "$DIR/running"
    settle
    "$BUILD/bench/bin/http_echo" $((PORT + 5)) &
    echo_pid=$!
    sleep 0.3
    read -r limit _ <<<"$(wrk_run answers "$DIR/running" "http://127.0.0.1:$((PORT + 5))" "${BENCH_CONNECTIONS:-256}")"
    kill "$echo_pid" && wait "$echo_pid" 2>/dev/null || true
    echo_pid=
    cpu_begin
    say "exams: start, paper, 20 answers, submit, result over HTTP, ${BENCH_CONNECTIONS:-256} connections, ${SECONDS_EACH} s"
    load exams --people "$DIR/people" --connections "${BENCH_CONNECTIONS:-256}" --warm 2 --seconds "$SECONDS_EACH" \
        --result "$DIR/result"
    . "$DIR/result"
    cpu_end "$(ask 'SELECT count(*) FROM assessment.result')" exam
    # A journey is 24 requests, so a 24th of the bare echo's rate is what HTTP alone would allow.
    awk -v f="$rate" -v h="$limit" -v p50="$answer_p50" -v p99="$answer_p99" 'BEGIN {
        printf "  figure                    %8.0f exams/s   saves p50 %.2f ms, p99 %.2f ms; aim: 500/s\n", f, p50, p99
        printf "  limit: bare echo / 24     %8.0f exams/s\n  ratio %.3f\n", h / 24, f * 24 / h }'
    json figure="$rate" unit=exams/s limit_http="$(over "$limit" 24)" ratio_http="$(over "$rate" "$(over "$limit" 24)")" \
        p50_ms="$answer_p50" p99_ms="$answer_p99" start_p99_ms="$start_p99" submit_p99_ms="$submit_p99" errors="$troubles" aim=500
}
