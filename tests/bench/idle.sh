# idle.sh - BENCH=idle: resident memory of an installation that nobody uses.
# shellcheck shell=bash

# Resident memory of all our processes, a while after start. PostgreSQL, Redis and the demonstration provider are not ours.
# Together: what belongs to one process alone, added up, and each shared file's pages once, in full; adding up rss would
# count the same library seven times.
bench()
{
    stack_up
    sleep 5
    local p pid maps=()
    say "idle: resident memory of all our processes"
    for p in $PROCESSES; do
        pid=$(pid_of "$p")
        maps+=("/proc/$pid/smaps")
        awk -v p="$p" '/^Rss:/ {r = $2} /^Private_(Clean|Dirty):/ {own += $2} END {printf "  %-14s rss %5.1f MB, its own %4.1f MB\n", p, r / 1024, own / 1024}' \
            "/proc/$pid/smaps_rollup"
    done
    awk -v build="$BUILD" '
        /^[0-9a-f]+-[0-9a-f]+ / {name = $6}
        FNR == 1 {process++}
        /^Rss:/ {rss += $2}
        /^Private_(Clean|Dirty):/ {own += $2}
        /^Shared_(Clean|Dirty):/ {shared[name, process] += $2; names[name]}
        END {
            for (name in names) {
                most = 0
                for (i = 1; i <= process; i++)
                    if (shared[name, i] > most) most = shared[name, i]
                once += most
            }
            printf "  together %.1f MB (own %.1f, shared %.1f); rss added up %.1f MB; aim: under 80 MB\n", (own + once) / 1024, own / 1024, once / 1024, rss / 1024
            printf "{\"figure\":%.1f,\"unit\":\"MB\",\"rss_added_up\":%.1f,\"limit\":80,\"ratio\":%.3f}\n", (own + once) / 1024, rss / 1024, (own + once) / 1024 / 80 > (build "/bench/idle.json")
        }' "${maps[@]}"
}
