# lib.sh - what the flow tests share: a private installation in a temporary directory, erased at the end.
set -eu

ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
BUILD=${BUILD:-$ROOT/build}
export BUILD
FLOW_DIR=$(mktemp -d /tmp/hocvu-flow.XXXXXX)
chmod 755 "$FLOW_DIR"
STATE=$FLOW_DIR/s
. "$ROOT/tests/harness/ports.sh"
FLOW_PORT=${FLOW_PORT:-9100}
# What another run uses is passed over, all its lanes at once.
until ports_free "$FLOW_PORT"; do FLOW_PORT=$((FLOW_PORT + 150)); done

# flow_finish CODE: the logs of what failed, then nothing is left.
flow_finish()
{
    code=$1
    if [ "$code" -ne 0 ]; then
        for log in "$STATE"/log/*/current; do
            [ ! -s "$log" ] || { echo "--- ${log#"$STATE"/}"; tail -n 15 "$log"; }
        done
    fi
    "$ROOT/deploy/stack" erase --dir "$STATE" >/dev/null 2>&1 || true
    rm -rf "$FLOW_DIR"
    exit "$code"
}
trap 'flow_finish $?' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

flow_up() { "$ROOT/deploy/up" --dir "$STATE" --port "$FLOW_PORT" ${HOCVU_TEST_SCHEMA:+--schema "$HOCVU_TEST_SCHEMA"} "$@"; }
hocvu() { "$BUILD/bin/hocvu" --conf "$STATE/etc/hocvu.conf" "$@"; }
# One value from the database, as its owner.
ask() { (eval "$("$ROOT/deploy/stack" env --dir "$STATE")" && psql -X -At -d hocvu -c "$1"); }
# must VALUE WANTED SENTENCE
must()
{
    [ "$1" = "$2" ] && return
    echo "$3: $1, expected $2"
    exit 1
}
