# supervise.sh - the processes of an installation under s6: one s6-svscan in DIR/service, one directory per process.
# Every directory has a file `down`, so nothing starts by itself: `up` starts the processes in order.
# shellcheck shell=bash

SCAN=  # DIR/service; set by supervise_init
NAMES= # what is supervised, in the order of starting; replicas are those that have a directory

supervise_init()
{
    SCAN=$STATE/service
    NAMES="postgres redis"
    case $IDP in openid | both) NAMES="$NAMES idp" ;; esac
    case $IDP in vneid | both) NAMES="$NAMES vneid" ;; esac
    NAMES="$NAMES $(bus_services "$ROOT" | cut -d' ' -f2 | tr '\n' ' ')$(replicas | tr '\n' ' ')gateway"
}

# Processes of services beside the first ones: all, or those of one service.
replicas()
{
    local path
    # shellcheck disable=SC2086 # a name or a pattern
    for path in "$SCAN"/${1:-*}.[2-9]; do
        [ ! -d "$path" ] || basename "$path"
    done
}

# supervise_write NAME...: service directories; a changed run script restarts its process like a changed binary.
supervise_write()
{
    local name kind
    for name in "$@"; do
        case $name in postgres | redis | idp) kind=$name ;; vneid) kind=idp ;; *) kind=service ;; esac
        mkdir -p "$SCAN/$name/log" "$STATE/log/$name"
        put "$SCAN/$name/run" 700 <"$ROOT/deploy/supervise/$kind"
        put "$SCAN/$name/log/run" 700 <"$ROOT/deploy/supervise/log"
        put "$SCAN/$name/down" </dev/null
        echo 20 | put "$SCAN/$name/max-death-tally"
    done
    # SIGINT is PostgreSQL's fast shutdown.
    [ ! -d "$SCAN/postgres" ] || echo SIGINT | put "$SCAN/postgres/down-signal"
}

# supervise_end NAME: it is down already; its supervisor and its directory go.
supervise_end()
{
    mv "$SCAN/$1" "$SCAN/.$1" # s6-svscan does not look at names with a dot before them
    s6-svscanctl -an "$SCAN"
    wait_for 100 not_supervised ".$1" && wait_for 100 not_supervised ".$1/log" ||
        die "the supervisor of $1 does not end. See $STATE/log/s6-svscan."
    rm -rf "${SCAN:?}/.$1"
}

# Process id of our s6-svscan, nothing when it does not run. A reused id is told by its name and place.
scan_pid()
{
    local pid
    pid=$(cat "$STATE/run/s6-svscan.pid" 2>/dev/null) || return 0
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = s6-svscan ] && [ "$(readlink "/proc/$pid/cwd")" = "$SCAN" ]; then
        echo "$pid"
    fi
}

# A killed s6-svscan leaves its supervisors behind: they and their processes end here.
scan_left_over()
{
    local name
    for name in $NAMES; do
        ! supervised "$name" || s6-svc -dx "$SCAN/$name"
        ! supervised "$name/log" || s6-svc -dx "$SCAN/$name/log"
    done
    for name in $NAMES; do
        wait_for 600 not_supervised "$name" ||
            die "an old supervisor of $name does not end. See $STATE/log/$name/current."
    done
}

# Starts s6-svscan away from this terminal, with an environment of its own.
scan_start()
{
    local keep=() name
    [ -z "$(scan_pid)" ] || return 0
    for name in ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS LSAN_OPTIONS NODE_EXTRA_CA_CERTS; do
        [ -z "${!name:-}" ] || keep+=("$name=${!name}")
    done
    scan_left_over
    # shellcheck disable=SC2016 # expanded by the inner shell
    env -i PATH="$PATH" HOME="$STATE" LANG=C.UTF-8 "${keep[@]}" setsid sh -c 'echo $$ >"$1/run/s6-svscan.pid" &&
        exec s6-svscan "$1/service"' - "$STATE" </dev/null >>"$STATE/log/s6-svscan" 2>&1 9>&- &
    for name in $NAMES; do
        wait_for 100 supervised "$name" || die "s6 does not supervise $name. See $STATE/log/s6-svscan."
    done
}

supervised()
{
    s6-svok "$SCAN/$1" 2>/dev/null
}

not_supervised()
{
    ! supervised "$1"
}

# pid_of NAME: process id, or -1.
pid_of()
{
    s6-svstat -o pid "$SCAN/$1" 2>/dev/null || echo -1
}

is_up()
{
    [ "$(pid_of "$1")" -gt 0 ]
}

# wait_for TENTHS COMMAND...: until the command succeeds.
wait_for()
{
    local tenths=$1
    shift
    until "$@"; do
        [ $((tenths -= 1)) -gt 0 ] || return 1
        sleep 0.1
    done
}

# Files whose change means that NAME must start anew.
parts_of()
{
    printf '%s\n' "$SCAN/$1/run"
    case $1 in
    postgres) printf '%s\n' "$STATE"/etc/{postgresql,pg_hba}.conf ;;
    redis) printf '%s\n' "$STATE/etc/redis.conf" ;;
    idp | vneid) printf '%s\n' "$STATE/etc/$1.env" "$ROOT/deploy/idp" "$ROOT/deploy/sample/roster.csv" ;;
    *) printf '%s\n' "$STATE/etc/$1.conf" "$ROOT/bin/$(service_of "$1")" ;;
    esac
    case $1 in identity | identity.*) printf '%s\n' "$STATE"/etc/providers/*.conf ;; esac
    case $1 in sync | sync.*) printf '%s\n' "$STATE"/etc/local/sync/*.conf ;; esac
}

# Starts NAME, or restarts it when one of its parts is newer than its start.
start()
{
    local part
    if is_up "$1"; then
        while read -r part; do
            [ ! "$part" -nt "$SCAN/$1/started" ] || {
                say "restarting $1: $(basename "$part") has changed"
                s6-svc -wr -T 60000 -r "$SCAN/$1" || die "$1 does not restart. $(last_words "$1")"
                return
            }
        done < <(parts_of "$1")
        return
    fi
    s6-svc -u "$SCAN/$1"
}

# Has NAME died again and again since wait_healthy began? Then there is nothing to wait for.
died_often()
{
    [ "$(s6-svdt "$SCAN/$1" 2>/dev/null | wc -l)" -ge 4 ]
}

last_words()
{
    printf 'The end of its log (%s):\n%s' "$STATE/log/$1/current" "$(tail -n 8 "$STATE/log/$1/current" 2>/dev/null)"
}

# Is NAME up and well?
healthy()
{
    is_up "$1" || return 1
    case $1 in
    postgres) pg_isready -q -U postgres -h "$STATE/run" -d hocvu -t 3 ;;
    redis) [ "$(redis-cli -s "$STATE/run/redis.sock" ping 2>/dev/null)" = PONG ] ;;
    idp) http_ok "$(port_idp)" /.well-known/openid-configuration ;;
    vneid) http_ok "$(port_vneid)" /health ;;
    gateway) http_ok "$PORT" /health && http_ok "$(port_admin 10)" /health ;;
    *) http_ok "$(port_of "$1")" /health ;;
    esac
}

# wait_healthy SECONDS NAME...: dies with the log of the first one that is not well in time.
wait_healthy()
{
    local until=$((SECONDS + $1)) name
    shift
    for name in "$@"; do
        s6-svdt-clear "$SCAN/$name"
    done
    for name in "$@"; do
        until healthy "$name"; do
            [ $SECONDS -lt "$until" ] || die "$name is not healthy in time. $(last_words "$name")"
            ! died_often "$name" || die "$name ends as soon as it is started. $(last_words "$name")"
            sleep 0.1
        done
    done
}

# Stops NAME. A process that does not drain in time is killed; PostgreSQL gets longer, a checkpoint may be large.
stop()
{
    s6-svc -wd -T "$([ "$1" = postgres ] && echo 120000 || echo 15000)" -d "$SCAN/$1" && return
    say "$1 does not stop: killing it"
    s6-svc -wd -T 10000 -k "$SCAN/$1"
}

# Stops what scan_start started: the edge first, PostgreSQL last, so that what is in flight ends well.
scan_stop()
{
    local name pid pids=() order=
    for name in $NAMES; do
        order="$name $order"
    done
    for name in $order; do
        supervised "$name" || continue
        pid=$(pid_of "$name")
        [ "$pid" -lt 0 ] || pids+=("$pid")
        stop "$name"
    done
    pid=$(scan_pid)
    if [ -n "$pid" ]; then
        pids+=("$pid")
        s6-svscanctl -t "$SCAN"
    else
        scan_left_over
    fi
    for pid in "${pids[@]}"; do
        wait_for 200 gone "$pid" || die "process $pid is still there; see $STATE/log."
    done
    rm -f "$STATE/run/s6-svscan.pid"
}

# A process that nobody has buried yet is gone too: in a container process 1 may not.
gone()
{
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    case ${stat##*) } in Z*) return 0 ;; esac
    return 1
}
