# storm.sh - BENCH=storm: 2,000 running attempts save an answer every one to two seconds; then 10,000 learners, each with a
# connection, press start within the same ten seconds. All are to run within 60 s, without error, saves' p99 under 250 ms.
# BENCH_LEARNERS, BENCH_SAVERS.
# shellcheck shell=bash

bench()
{
    local learners=${BENCH_LEARNERS:-10000} savers=${BENCH_SAVERS:-2000} p memory
    local troubles resent running_longest paper_longest paper_n not_running start_n storm_p50 storm_p99 storm_worst storm_saves cpu
    ulimit -n "$(ulimit -Hn)"
    [ "$(ulimit -n)" -gt $((learners + savers + 200)) ] ||
        { say "only $(ulimit -n) files may be open; $((learners + savers + 200)) are needed"; exit 1; }
    stack_up
    conf_add gateway "connections = $((learners + savers + 100))"
    stack_up
    seed --learners "$learners" --to "$DIR/people" --running "$savers" --to "$DIR/savers"
    settle
    cpu_begin
    say "storm: $savers save answers; after 5 s $learners press start within 10 s"
    load storm --people "$DIR/people" --savers "$DIR/savers" --seconds 75 --result "$DIR/result"
    . "$DIR/result"
    cpu_end "$start_n" start
    say "    load generator: $cpu s of CPU"
    say "  highest resident memory (MB):"
    for p in $PROCESSES; do
        printf '    %-14s %7.1f\n' "$p" "$(memory_peak "$p")"
    done
    memory=$(memory_peak assessment)
    awk -v n="$start_n" -v left="$not_running" -v r="$running_longest" -v l="$paper_longest" -v e="$troubles" -v s="$storm_saves" \
        -v p50="$storm_p50" -v p99="$storm_p99" -v w="$storm_worst" -v m="$memory" 'BEGIN {
        printf "  %d started, %d not; nobody waited longer than %.1f s to run, %.1f s for the paper (aim: 60); %d errors\n", n, left, r / 1000, l / 1000, e
        printf "  %d saves meanwhile: p50 %.1f ms, p99 %.1f ms (aim: 250), worst second p99 %.1f ms\n", s, p50, p99, w
        printf "  memory of assessment %.1f MB (aim: 150)\n", m }'
    json figure="$(over "$paper_longest" 1000)" unit="s until all are running" limit=60 \
        ratio="$(over "$paper_longest" 60000)" p50_ms="$storm_p50" p99_ms="$storm_p99" worst_second_p99_ms="$storm_worst" \
        started="$start_n" not_started="$not_running" with_paper="$paper_n" errors="$troubles" resent="$resent" \
        memory_mb="$memory"
    [ "$paper_n" = "$learners" ] || { say "only $paper_n of $learners got the paper: the figure is not that of all"; exit 1; }
}
