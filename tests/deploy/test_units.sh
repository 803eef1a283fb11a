#!/bin/bash
# test_units.sh - Compose and systemd know every process of an installation, and systemd takes the units.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$ROOT/deploy/lib/database.sh"

faults=0
fault() { echo "$*"; faults=$((faults + 1)); }

# service NAME of docker-compose.yml, to the next one.
compose() { sed -n "/^services:/,/^volumes:/{/^  $1:\$/,/^  [a-z]/p}" "$ROOT/docker-compose.yml"; }

services=$(bus_services "$ROOT" | cut -d' ' -f2)
[ "$(wc -w <<<"$services")" -ge 7 ] || fault "services.def tells no services: $services"
for name in $services gateway idp vneid; do
    grep -q "command: \[\"$name\"\]" <<<"$(compose "$name")" || fault "docker-compose.yml does not start $name"
done
for name in $services gateway; do
    grep -q "^Wants=.*hocvu@$name\.service" "$ROOT/deploy/systemd/hocvu.target" || fault "hocvu.target does not want $name"
done
for name in $services; do
    grep -q "^Before=.*hocvu@$name\.service" "$ROOT/deploy/systemd/hocvu@postgres.service.d/postgres.conf" ||
        fault "PostgreSQL does not start before $name"
done
# Who is reached at the loopback address of another container: providers by identity, the gateway by the provider that
# tells of logouts. The start script lends the address with socat, which the images must have.
for pair in identity:8401=idp:8401 identity:8402=vneid:8402 idp:8400=gateway:8400; do
    grep -q "FORWARD:.*${pair#*:}" <<<"$(compose "${pair%%:*}")" || fault "${pair%%:*} cannot reach ${pair#*:}"
done
for set in idp services; do
    grep -A3 -iE "^ *$set(\)|=)" "$ROOT/deploy/install-packages" | grep -q socat || fault "the image $set has no socat"
done
# No library insists on the certificates by which providers and receivers are believed.
grep -A3 '^SERVICES=' "$ROOT/deploy/install-packages" | grep -q ca-certificates || fault "the image services believes no certificate"

# All containers are held alike; those that stay are asked how they are.
for name in $(sed -n '/^services:/,/^volumes:/s/^  \([a-z]*\):$/\1/p' "$ROOT/docker-compose.yml"); do
    grep -qE '<<: \*(every|process)$' <<<"$(compose "$name")" || fault "the container $name is not held like the others"
    case $name in setup | migrate) continue ;; esac
    grep -qE '<<: \*process$|healthcheck: \{test' <<<"$(compose "$name")" || fault "nobody asks how $name is"
done
grep -q '<<: \*every' <<<"$(sed -n '/^x-process:/,/^$/p' "$ROOT/docker-compose.yml")" || fault "processes are not held like the others"
# What keeps people's data out of PostgreSQL's log under deploy/stack keeps it out here.
for row in log_error_verbosity timezone wal_compression max_connections; do
    value=$(sed -n "s/^$row = //p" "$ROOT/deploy/lib/conf.sh")
    grep -q "\"$row=$value\"" <<<"$(compose postgres)" || fault "PostgreSQL in Compose has no $row=$value"
done
# What a script of an image reads is in that image.
for file in $(grep -hoE '(/hocvu|\$ROOT)/(deploy|proto)/[a-z/.]+' "$ROOT"/deploy/docker/{setup,migrate,well,start} | sed 's|^[^/]*/\(hocvu/\)\?||; s|/$||' | sort -u); do
    [ -e "$ROOT/$file" ] || fault "the containers' scripts name $file, which is not there"
    while [ "$file" != . ] && ! grep -q "^COPY $file " "$ROOT/deploy/docker/Dockerfile"; do file=$(dirname "$file"); done
    [ "$file" != . ] || fault "an image lacks a file that its scripts read"
done
grep -q '^COPY deploy/data ' "$ROOT/deploy/docker/Dockerfile" || fault "the images lack the calendar and the list of communes"

# One template for all, so all are held alike: also Node, whose engine asks for calls that the filter refuses, must live on.
unit=$ROOT/deploy/systemd/hocvu@.service
for line in SystemCallErrorNumber=EPERM NoNewPrivileges=yes CapabilityBoundingSet= ProtectSystem=strict ProtectProc=invisible; do
    grep -qx "$line" "$unit" || fault "hocvu@.service has no line $line"
done
[ "$(find "$ROOT/deploy/systemd" -name '*.service' | wc -l)" -eq 1 ] || fault "there is another unit beside hocvu@.service"

# As if there were an installation: the run scripts are looked for.
if command -v systemd-analyze >/dev/null 2>&1; then
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
    for name in $services gateway postgres redis idp vneid assessment.2; do
        mkdir -p "$place/service/$name"
        install -m 755 /dev/null "$place/service/$name/run"
        sed "s|/srv/hocvu|$place|g" "$ROOT/deploy/systemd/hocvu@.service" >"$place/hocvu@$name.service"
    done
    cp -r "$ROOT/deploy/systemd/hocvu.target" "$ROOT/deploy/systemd/hocvu@postgres.service.d" "$place"
    said=$(systemd-analyze verify --man=no "$place"/hocvu.target "$place"/hocvu@*.service 2>&1) || fault "systemd-analyze: $said"
    [ -z "$said" ] || fault "systemd-analyze says: $said"
fi
[ $faults -eq 0 ]
