# answers.sh - BENCH=answers: durable answer saves over HTTP, the whole path, at 64 and at 256 connections.
# shellcheck shell=bash

# One answer, looked at, before a million are counted.
one_answer()
{
    local token attempt reply
    read -r token _ attempt <"$DIR/people"
    exec 3<>"/dev/tcp/127.0.0.1/$PORT"
    printf '%s\r\n' "PUT /v1/attempts/$attempt/answers/40 HTTP/1.1" "Host: bench" "Authorization: Bearer $token" \
        "Connection: close" "Content-Type: application/json" "Content-Length: 29" "" >&3
    printf '{"revision":1,"response":"2"}' >&3
    reply=$(cat <&3)
    exec 3>&-
    case $reply in *'"seal"'*) ;; *) say "no receipt: $reply"; exit 1 ;; esac
}

bench()
{
    local n rows echo_rate=() echo_p50=() echo_p99=() rate=() p50=() p99=() errors=() limit_pg i=0
    stack_up
    seed --running 4096 --to "$DIR/people"
    settle
    one_answer

    "$BUILD/bench/bin/http_echo" $((PORT + 5)) &
    echo_pid=$!
    sleep 0.3
    wrk_run answers "$DIR/people" "http://127.0.0.1:$((PORT + 5))" 64 >/dev/null # warm
    for n in 64 256; do
        read -r echo_rate[i] echo_p50[i] echo_p99[i] _ <<<"$(wrk_run answers "$DIR/people" "http://127.0.0.1:$((PORT + 5))" $n)"
        i=$((i + 1))
    done
    kill "$echo_pid" && wait "$echo_pid" 2>/dev/null || true
    echo_pid=
    limit_pg=$(pg_rows answers "$DIR/people" 2)

    wrk_run answers "$DIR/people" "http://127.0.0.1:$PORT" 64 >/dev/null # warm
    i=0
    for n in 64 256; do
        rows=$(ask 'SELECT count(*) FROM assessment.answer')
        cpu_begin
        read -r rate[i] p50[i] p99[i] errors[i] <<<"$(wrk_run answers "$DIR/people" "http://127.0.0.1:$PORT" $n)"
        say "answers: durable answer saves over HTTP, $n connections, ${SECONDS_EACH} s"
        cpu_end "$(($(ask 'SELECT count(*) FROM assessment.answer') - rows))" answer
        awk -v f="${rate[i]}" -v h="${echo_rate[i]}" -v g="$limit_pg" -v p50="${p50[i]}" -v p99="${p99[i]}" \
            -v hp50="${echo_p50[i]}" -v hp99="${echo_p99[i]}" -v e="${errors[i]}" 'BEGIN {
            printf "  figure                    %8.0f answers/s   p50 %.2f ms, p99 %.2f ms, %d errors\n", f, p50, p99, e
            printf "  limit: bare echo          %8.0f requests/s  p50 %.2f ms, p99 %.2f ms\n", h, hp50, hp99
            printf "  limit: bare append        %8.0f rows/s\n", g
            printf "  ratio to echo %.3f   ratio to append %.3f\n", f / h, f / g }'
        i=$((i + 1))
    done
    json figure="${rate[1]}" unit=answers/s connections=256 limit_http="${echo_rate[1]}" limit_pg="$limit_pg" \
        ratio_http="$(over "${rate[1]}" "${echo_rate[1]}")" ratio_pg="$(over "${rate[1]}" "$limit_pg")" \
        p50_ms="${p50[1]}" p99_ms="${p99[1]}" errors="${errors[1]}" figure_64="${rate[0]}" limit_http_64="${echo_rate[0]}" \
        ratio_http_64="$(over "${rate[0]}" "${echo_rate[0]}")" ratio_pg_64="$(over "${rate[0]}" "$limit_pg")" \
        p50_ms_64="${p50[0]}" p99_ms_64="${p99[0]}" errors_64="${errors[0]}"
}
