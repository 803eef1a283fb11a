#!/bin/bash
# test_backup.sh - what deploy/README.md says about backup and restore, run word for word: an installation with a person is saved,
# made anew in another place, and there the number can be opened, the services are well and the operator's lines are
# back. Run by tests/run; binaries are those of $BUILD.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
BUILD=${BUILD:-$ROOT/build}
export BUILD
. "$ROOT/tests/harness/ports.sh"
PORT=${FLOW_PORT:-9100}
until ports_free "$PORT"; do PORT=$((PORT + 150)); done
tmp=$(mktemp -d /tmp/hocvu-backup.XXXXXX)
chmod 755 "$tmp"
cd "$tmp"

fail()
{
    printf 'test_backup: %s\n' "$*" >&2
    exit 1
}

cleanup()
{
    deploy/stack erase >/dev/null 2>&1 || true
    deploy/stack erase --dir NEW >/dev/null 2>&1 || true
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The script under its documented name, in the directory that the operator works in; `up` gets what a test needs.
mkdir deploy
cat >deploy/stack <<STACK
#!/bin/bash
more=()
port=$PORT
[[ " \$* " != *' NEW '* ]] || port=$((PORT + 25))
[ "\$1" != up ] || more=(--no-idp --fast-unsafe-db --port \$port ${HOCVU_TEST_SCHEMA:+--schema "$HOCVU_TEST_SCHEMA"})
exec "$ROOT/deploy/stack" "\$@" "\${more[@]}"
STACK
chmod 755 deploy/stack

# block MARK: the commands below <!-- MARK -->.
block()
{
    awk -v mark="<!-- $1 -->" '$0 == mark { found = 1; next } found && /^```/ { if (inside) exit; inside = 1; next }
        inside' "$ROOT/deploy/README.md"
}

# run MARK: these commands, ended by the first that fails.
run()
{
    [ "$(block "$1" | wc -l)" -ge 3 ] || fail "deploy/README.md has no commands for: $1"
    (set +u && eval "set -e; $(block "$1")") >"$tmp/said" 2>&1 || fail "$1: $(tail -n 8 "$tmp/said")"
}

hocvu()
{
    "$BUILD/bin/hocvu" --conf "$tmp/$1/etc/hocvu.conf" "${@:2}"
}

deploy/stack up >said 2>&1 || fail "up: $(cat said)"
hocvu var bootstrap "$ROOT/deploy/sample/roster.csv" >said 2>&1 || fail "bootstrap: $(cat said)"
echo 'issuer_name = Sở Nội vụ' >var/etc/local/certification.conf
run backup
for file in hocvu.dump keys.tar; do
    [ "$(stat -c %a $file)" = 600 ] || fail "others may read $file"
done
[ "$(tar -tf keys.tar | grep -cE 'password|pgpass')" = 0 ] || fail "passwords of the old installation are in the backup"
deploy/stack erase >/dev/null
run restore
checked=$(hocvu NEW keys check NEW/secrets) || fail "keys check: $checked"
[ "$checked" = '1 numbers readable, 0 damaged, 0 of keys that the ring lacks' ] || fail "keys check says: $checked"
# What was followed before may still be read again.
for ((tries = 0; tries < 60; tries++)); do
    ! hocvu NEW status >said 2>&1 || break
    sleep 0.5
done
[ $tries -lt 60 ] || fail "status: $(cat said)"
hocvu NEW audit verify >said 2>&1 || fail "audit: $(cat said)"
grep -q '^issuer_name = Sở Nội vụ$' NEW/etc/certification.conf || fail "the operator's own lines are lost"
