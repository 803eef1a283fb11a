# machine.sh - what the machine must offer before something is started: an unprivileged user, a place for the state,
# room on the disk, short socket paths, free ports. Each lack is a sentence that says what to do.
# shellcheck shell=bash

SYSTEM_USER=hocvu
MARKER=.hocvu-state # in the root of every state directory; its content is the user who runs what is in it

# Makes the system user if it is missing; root only.
machine_user()
{
    getent passwd "$SYSTEM_USER" >/dev/null && return
    useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$SYSTEM_USER" ||
        die "the system user $SYSTEM_USER could not be made (useradd, above)."
}

# reachable USER DIR: may the user enter this directory?
reachable()
{
    [ "$1" = "$(id -un)" ] || s6-setuidgid "$1" sh -c 'cd "$1"' - "$2" 2>/dev/null
}

# state_find DIR: sets STATE (the real path) and RUN_USER from an existing installation; fails when there is none.
state_find()
{
    [ -f "$1/$MARKER" ] || return 1
    STATE=$(cd "$1" && pwd -P)
    RUN_USER=$(cat "$1/$MARKER")
    [ "$(id -u)" -eq 0 ] || [ "$RUN_USER" = "$(id -un)" ] ||
        die "$1 belongs to an installation of the user $RUN_USER. Run this as root (sudo), or use another --dir."
}

# state_make DIR: finds or makes the state directory. Root keeps it where the system user can reach it: a checkout under
# /root gets a link to a directory in /var/lib/hocvu.
state_make()
{
    local dir=$1 parent part
    if ! state_find "$dir"; then
        [ ! -e "$dir" ] || [ -z "$(ls -A "$dir" 2>&1)" ] ||
            die "$dir exists and was not made by this script. Move it away, or use another --dir."
        parent=$(dirname "$dir")
        mkdir -p "$parent" || die "$parent cannot be made. Use another --dir."
        RUN_USER=$(id -un)
        if [ "$(id -u)" -eq 0 ]; then
            machine_user
            RUN_USER=$SYSTEM_USER
        fi
        if reachable "$RUN_USER" "$parent"; then
            mkdir -p "$dir" || die "$dir cannot be made. Use another --dir."
            STATE=$(cd "$dir" && pwd -P)
        else
            mkdir -p /var/lib/hocvu
            STATE=$(mktemp -d /var/lib/hocvu/XXXXXX)
            rmdir "$dir" 2>/dev/null || true
            ln -sfn "$STATE" "$dir"
            say "$RUN_USER may not enter $parent: $dir is a link to $STATE."
        fi
        chmod 755 "$STATE"
        printf '%s\n' "$RUN_USER" >"$STATE/$MARKER"
    fi
    reachable "$RUN_USER" "$STATE" ||
        die "the user $RUN_USER may not enter $STATE. Give the right of entry back, or use another --dir."
    for part in etc etc/local secrets run pg redis log service; do
        [ -d "$STATE/$part" ] || install -d -m 700 "$STATE/$part"
    done
    [ "$(id -u)" -ne 0 ] || chown "$RUN_USER:" "$STATE"/{etc,etc/local,secrets,run,pg,redis,log,service}
}

# Unix sockets have paths of at most 107 bytes; 27 of them for the longest name in run/.
check_socket_paths()
{
    [ ${#STATE} -le 74 ] || die "the path $STATE is too long for Unix sockets (${#STATE} characters, 74 at most)." \
        "Use a shorter one with --dir."
}

check_disk()
{
    local free
    free=$(df -Pk "$STATE" | awk 'NR == 2 {print $4}')
    [ "$free" -ge 1048576 ] || die "only $((free / 1024)) MiB are free where $STATE lies; 1024 MiB are needed." \
        "Make room, or use a --dir on another disk."
}

# Inodes of the sockets that listen on TCP port $1 where 127.0.0.1 would clash with them.
listeners()
{
    local port
    printf -v port '%04X' "$1"
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$port" '$4 == "0A" && split($2, at, ":") == 2 &&
        at[2] == port && at[1] ~ /^(0100007F|0+|0000000000000000FFFF00000100007F)$/ {print $10}'
}

# check_port PORT PURPOSE PIDS: dies when the port is taken by a process that is not one of PIDS.
check_port()
{
    local inode pid name
    for inode in $(listeners "$1"); do
        # The descriptors of other users can be read by root only.
        pid=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n 1 | cut -d/ -f3) || true
        case " $3 " in *" ${pid:-none} "*) continue ;; esac
        name=
        [ -z "$pid" ] || name=" ($(cat "/proc/$pid/comm" 2>/dev/null), process $pid)"
        die "port $1, wanted for $2, is taken by another process$name. End it, or choose other ports: --port" \
            "(make up PORT=...)."
    done
}
