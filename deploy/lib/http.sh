# http.sh - is a process of ours well? Asked over HTTP without a program beside bash. deploy/stack and the health check of
# containers use it.
# shellcheck shell=bash

# http_ok PORT PATH: does GET answer 200 within three seconds?
http_ok()
{
    local status
    status=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" || exit
        printf "GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n" "$1" "$0" >&3
        read -r line <&3 && echo "$line"' "$1" "$2" 2>/dev/null) || return 1
    case $status in "HTTP/1."?" 200"*) return 0 ;; esac
    return 1
}
