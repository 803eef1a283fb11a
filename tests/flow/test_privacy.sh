#!/bin/bash
# test_privacy.sh - on a whole installation: the audits are whole and a change of one shows; keys of personal numbers are
# changed while people log in, a change that is killed goes on, and a dump made before still opens.
. "$(dirname "$0")/lib.sh"

SECRETS=$STATE/secrets
COPY="SELECT hash_key, encode(national_hash, 'hex'), box_key, encode(national_box, 'hex') FROM identity.person"

flow_up --fast-unsafe-db
# --- audits ---
for try in $(seq 30); do
    ! hocvu audit verify >"$FLOW_DIR/audit.out" || [ "$(ask "SELECT count(*) FROM reporting.audit_witness")" = 0 ] || break
    sleep 1
done
cat "$FLOW_DIR/audit.out"
[ "$(grep -c ': whole$' "$FLOW_DIR/audit.out")" -ge 6 ] || { echo "not all audits are whole"; exit 1; }
must "$(ask "SELECT count(*) FROM identity.audit WHERE seq IS NULL AND at < now() - interval '10 seconds'")" 0 "not chained"
ask "UPDATE identity.audit SET action = 'innocent' WHERE seq = 2" >/dev/null
! hocvu audit verify identity >"$FLOW_DIR/audit.out" || { echo "a changed row does not show"; exit 1; }
grep -q 'row 2 was changed' "$FLOW_DIR/audit.out"
# The log has the heads too, for who does not trust the database.
grep -h 'audit head identity' "$STATE"/log/identity/current >"$FLOW_DIR/heads"
ask "DELETE FROM identity.audit; DELETE FROM identity.audit_head; DELETE FROM reporting.audit_witness" >/dev/null
! hocvu audit verify identity --heads "$FLOW_DIR/heads" >"$FLOW_DIR/audit.out" || { echo "no audit at all is whole"; exit 1; }
grep -q 'the log keeps a head' "$FLOW_DIR/audit.out"

# --- a person's data ---
hocvu calendar load "$ROOT/deploy/data/holidays-vn.csv"
must "$(ask "SELECT identity.is_working('2026-02-17') || ' ' || identity.is_working('2026-08-22')")" "false true" "holidays"
hocvu requests
hocvu breach open 'Máy tính xách tay của quản trị viên bị mất' | grep -q due
! hocvu breach list | grep -q LATE || { echo "a breach found just now is late"; exit 1; }
person=$(ask "SELECT person_id FROM identity.role_grant WHERE role = 'editor' LIMIT 1")
ask "INSERT INTO identity.data_request (request_id, person_id, kind, words, state, acknowledge_due, due)
     VALUES ('00000000-0000-0000-0000-000000000001', '$person', 'access', '', 'working', now(), now() + interval '1 hour')" >/dev/null
hocvu requests | grep -q working
for try in $(seq 60); do
    state=$(ask "SELECT state FROM identity.data_request")
    [ "$state" = working ] || break
    sleep 1
done
must "$state" "done" "the archive, over all services"
ask "SELECT encode(bytes, 'hex') FROM identity.data_archive ORDER BY part" | tr -d '\n' | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >"$FLOW_DIR/archive.zip"
python3 -c "
import json, sys, zipfile
names = zipfile.ZipFile('$FLOW_DIR/archive.zip')
for name in names.namelist():
    if name.endswith('.json'):
        json.loads(names.read(name))
print(' '.join(sorted(names.namelist())))" | tee "$FLOW_DIR/names"
for file in identity/person content/steps learning/enrolments learning/evidence assessment/attempts certification/certificates reporting/progress sync/items; do
    grep -q "$file.json" "$FLOW_DIR/names" || { echo "the archive lacks $file"; exit 1; }
done

# --- keys ---
people=$(ask "SELECT count(*) FROM identity.person")
ask "COPY ($COPY) TO STDOUT (FORMAT csv)" >"$FLOW_DIR/before.csv"
hocvu keys check "$SECRETS"
hocvu demo --learners 10 >"$FLOW_DIR/demo.out" 2>&1 &
demo=$!
# Killed half-way: the same command goes on.
"$BUILD/bin/hocvu" --conf "$STATE/etc/hocvu.conf" keys rotate national_hash "$SECRETS" >"$FLOW_DIR/rotate.out" 2>&1 &
rotate=$!
sleep 3
! hocvu keys rotate national_hash "$SECRETS" 2>/dev/null || { echo "two changes at once"; exit 1; }
kill -9 $rotate 2>/dev/null || true
wait $rotate || true
hocvu keys rotate national_hash "$SECRETS" | tee "$FLOW_DIR/rotate.out"
grep -q 'that one goes on' "$FLOW_DIR/rotate.out"
hocvu keys rotate national_box "$SECRETS"
wait $demo || { tail -n 20 "$FLOW_DIR/demo.out"; echo "people could not go on while keys were changed"; exit 1; }
must "$(ask "SELECT count(*) FROM identity.person")" "$people" "people, after keys were changed"
must "$(ask "SELECT count(DISTINCT (hash_key, box_key)) FROM identity.person")" 1 "pairs of keys in use"
must "$(ask "SELECT count(*) FROM identity.person WHERE hash_key = (SELECT split_part('$(head -n 1 "$FLOW_DIR/before.csv")', ',', 1))")" 0 \
    "rows of the old key"
[ ! -e "$SECRETS/national_hash_before.key" ] || { echo "the key before is still in use"; exit 1; }
hocvu keys check "$SECRETS"
hocvu keys check "$SECRETS" --dump "$FLOW_DIR/before.csv" | tee "$FLOW_DIR/check.out"
grep -q "^$people numbers readable, 0 damaged, 0 of keys" "$FLOW_DIR/check.out"
# Without the ring's old key the dump cannot be read, and that is said.
rm "$SECRETS/ring/national_box.$(cut -d, -f3 "$FLOW_DIR/before.csv" | head -n 1).key"
! hocvu keys check "$SECRETS" --dump "$FLOW_DIR/before.csv" >"$FLOW_DIR/check.out" || { echo "a lost key does not show"; exit 1; }
grep -q 'the ring lacks key' "$FLOW_DIR/check.out"
# The roster again, by the new keys: nobody is new.
hocvu load >/dev/null
must "$(ask "SELECT count(*) FROM identity.person")" "$people" "people, after the same roster"
echo "audits and keys: nothing hidden, nothing lost"
