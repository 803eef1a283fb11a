# ports.sh - ports for installations of tests. Sourced.
# shellcheck shell=bash

# ports_free FIRST: does nobody listen on the 50 ports from FIRST on?
ports_free()
{
    local hex
    while read -r hex; do
        [ $((16#$hex)) -lt "$1" ] || [ $((16#$hex)) -ge $(($1 + 50)) ] || return 1
    done < <(awk '$4 == "0A" { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
}
