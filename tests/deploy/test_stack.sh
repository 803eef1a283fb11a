#!/bin/bash
# test_stack.sh - deploy/stack: starts, starts again without disturbing what runs, survives killed processes, stops what
# it started and nothing else, keeps the data, and says in a sentence what it cannot do. Run by tests/run; binaries are
# those of $BUILD.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$ROOT/tests/harness/ports.sh"
tmp=$(mktemp -d /tmp/hocvu-stack.XXXXXX)
chmod 755 "$tmp"
# As root the installation runs as another user, who may not enter this one; then DIR becomes a link.
mkdir -m 700 "$tmp/closed"
dir=$tmp/closed/var
bystander=

stack()
{
    "$ROOT/deploy/stack" "$1" --dir "$dir" "${@:2}"
}

fail()
{
    printf 'test_stack: %s\n' "$*" >&2
    exit 1
}

cleanup()
{
    [ -z "$bystander" ] || kill "$bystander" 2>/dev/null || true
    stack erase >/dev/null 2>&1 || true
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# refused PATTERN COMMAND...: it fails, and what it says matches.
refused()
{
    local pattern=$1 said
    shift
    said=$("$@" 2>&1) && fail "this should have failed: $*"
    grep -qE "$pattern" <<<"$said" || fail "'$*' says: $said"
    [ "$(wc -l <<<"$said")" -eq 1 ] || fail "more than one sentence: $said"
}

pids()
{
    stack status | awk 'NR > 1 {print $1, $2}'
}

# get PORT PATH: the answer with its head.
get()
{
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET %s HTTP/1.0\r\nHost: test\r\n\r\n' "$2" >&3
    cat <&3
    exec 3>&-
}

# sees N: does the gateway come to have connections to so many processes of identity?
sees()
{
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        ! get $((port + 21)) /metrics | grep -q "^hocvu_service_processes{service=\"identity\"} $1\$" || return 0
        sleep 0.1
    done
    return 1
}

sql()
{
    (eval "$(stack env)" && psql -X -A -t -q -c "$1")
}

# Ports that nobody uses, in a row.
port=$((20000 + RANDOM % 20000))
until ports_free $port; do port=$((port + 60)); done

# --- what it cannot do ---
long=$tmp/$(printf 'x%.0s' {1..80})
refused 'too long for Unix sockets' "$ROOT/deploy/stack" up --dir "$long" --port "$port"
rm -rf "$long"
mkdir "$dir" && touch "$dir/somebody-elses"
refused 'was not made by this script' stack up --port "$port"
rm -r "$dir"
refused 'no installation' stack status
perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => $ARGV[0],
    ReuseAddr => 1) or die; sleep 600' "$port" &
bystander=$!
until grep -q ":$(printf '%04X' "$port") .* 0A " /proc/net/tcp; do sleep 0.05; done
stack up --port "$port" >"$tmp/said" 2>&1 && fail "a taken port was not seen"
grep -q "port $port, wanted for the gateway, is taken by another process (perl, process $bystander)" "$tmp/said" ||
    fail "a taken port gives: $(cat "$tmp/said")"
[ -d "/proc/$bystander" ] || fail "the holder of the port was disturbed"

# --- start, and start again ---
stack up --no-idp --fast-unsafe-db --port $((port + 1)) >"$tmp/said" 2>&1 || fail "up fails: $(cat "$tmp/said")"
before=$(pids)
stack up >"$tmp/said" 2>&1 || fail "up again fails: $(cat "$tmp/said")"
[ "$(pids)" = "$before" ] || fail "up again disturbs what runs: $before / $(pids)"
[ "$(sql 'SHOW fsync')" = off ] || fail "the options of the first up were not kept"
sql 'CREATE TABLE hocvu.kept AS SELECT 7 AS n' || fail "the owner cannot make a table"

# --- what is killed comes back ---
for name in postgres redis gateway identity; do
    old=$(stack kill "$name" | sed 's/.*process \(.*\))/\1/')
    stack wait || fail "$name does not come back"
    [ ! -d "/proc/$old" ] || fail "$name was not killed"
done
[ "$(sql 'SELECT n FROM hocvu.kept')" = 7 ] || fail "data is lost after a kill"
refused 'not a running process' stack kill nobody

# --- one more process of a service, and one less ---
stack replica add identity >"$tmp/said" 2>&1 || fail "replica add fails: $(cat "$tmp/said")"
before=$(pids)
grep -q '^identity\.2 ' <<<"$before" || fail "the replica is not in the status: $before"
stack up >"$tmp/said" 2>&1 || fail "up with a replica fails: $(cat "$tmp/said")"
[ "$(pids)" = "$before" ] || fail "up disturbs a replica: $before / $(pids)"
sees 2 || fail "the gateway does not find the replica"
stack kill identity.2 >/dev/null && stack wait && sees 2 || fail "a killed replica does not come back"
stack stop identity >/dev/null # the other one does for both
for ((tries = 0; tries < 50; tries++)); do # it is asked how it is once a second
    ! get $((port + 1)) /health | grep -q '^HTTP/1.[01] 200' || break
    sleep 0.1
done
[ $tries -lt 50 ] || fail "one of two processes is not enough"
stack up >/dev/null 2>&1 || fail "up with one of two fails"
for n in 3 4; do stack replica add identity >/dev/null 2>&1 || fail "replica $n cannot be added"; done
refused 'runs as 4 processes already' stack replica add identity
for n in 4 3 2; do
    stack replica remove identity >"$tmp/said" 2>&1 || fail "replica remove fails: $(cat "$tmp/said")"
    grep -q "identity.$n is removed" "$tmp/said" || fail "the wrong one was removed: $(cat "$tmp/said")"
done
refused 'there is none to remove' stack replica remove identity
refused "'nobody' is no service" stack replica add nobody
refused 'replica add SERVICE' stack replica
pids | grep -q '^identity\.' && fail "a removed replica is in the status"
sees 1 || fail "the gateway still sees processes that were removed"

# --- the supervisor itself is killed: the next up begins anew, and nothing of the old one stays ---
own=$(cd "$dir" && pwd -P)
kill -9 "$(cat "$own/run/s6-svscan.pid")"
stack up >"$tmp/said" 2>&1 || fail "up after the supervisor's death fails: $(cat "$tmp/said")"

# --- stop: everything of ours, nothing else, and the data stays ---
stack down >/dev/null
left=$(for p in /proc/[0-9]*; do
    case $(readlink "$p/cwd" 2>/dev/null) in "$own" | "$own"/*) cat "$p/comm" ;; esac
done || true)
[ -z "$left" ] || fail "down leaves behind: $left"
[ -d "/proc/$bystander" ] || fail "down ended a process that is not ours"
stack down | grep -q 'Nothing runs' || fail "down twice"
code=0
stack status >/dev/null || code=$?
[ $code -eq 3 ] || fail "status of a stopped installation is $code"
stack up >"$tmp/said" 2>&1 || fail "up after down fails: $(cat "$tmp/said")"
[ "$(sql 'SELECT n FROM hocvu.kept')" = 7 ] || fail "data is lost after down and up"
stack erase >/dev/null
[ ! -e "$dir" ] && [ ! -e "$own" ] || fail "erase leaves the data"
