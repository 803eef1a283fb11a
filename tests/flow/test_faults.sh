#!/bin/bash
# test_faults.sh - the journey while every process is killed in turn with SIGKILL: the totals are the same as without, and
# afterwards the database holds no certificate twice, no event lost or applied twice. FAULT_LEARNERS, FAULT_PAUSE,
# FAULT_ROUNDS: every process is killed that often, while the journey lasts.
. "$(dirname "$0")/lib.sh"

LEARNERS=${FAULT_LEARNERS:-30}
PAUSE=${FAULT_PAUSE:-1.2}
ROUNDS=${FAULT_ROUNDS:-2}
VICTIMS="identity content learning assessment certification reporting gateway redis postgres"

flow_up
hocvu demo --learners "$LEARNERS" >"$FLOW_DIR/demo.out" 2>&1 &
demo=$!
kills=0 rounds=0
sleep 2
while [ $rounds -lt "$ROUNDS" ] && kill -0 $demo 2>/dev/null; do
    for victim in $VICTIMS; do
        kill -0 $demo 2>/dev/null || break
        "$ROOT/deploy/stack" kill "$victim" --dir "$STATE" && kills=$((kills + 1))
        sleep "$PAUSE"
    done
    rounds=$((rounds + 1))
done
code=0
wait $demo || code=$?
[ $code -eq 0 ] || { tail -n 30 "$FLOW_DIR/demo.out"; echo "the demo failed with $code after $kills kills"; exit 1; }
line=$(grep '^journey: ' "$FLOW_DIR/demo.out")
echo "$line"
[ $kills -ge 9 ] || { echo "only $kills kills: the journey was too short to prove anything"; exit 1; }

# The same plan without faults has these totals: they follow from the number of learners alone.
case $line in
"journey: linked=$LEARNERS assigned=$LEARNERS completed=$LEARNERS "*" report_matches=yes") ;;
*) echo "the totals do not add up"; exit 1 ;;
esac

must "$(ask "SELECT count(*) - count(DISTINCT (person_id, programme_id)) FROM certification.certificate")" 0 "certificates twice"
for service in identity content learning assessment certification reporting sync; do
    must "$(ask "SELECT count(*) FILTER (WHERE seq IS NULL) || ' ' || (count(*) - coalesce(max(seq), 0)) FROM $service.outbox")" \
        "0 0" "$service: events without number, holes"
done
# Every follower has applied everything: its cursor stands at the producer's head.
for pair in "learning identity" "learning content" "assessment content" "assessment learning" "assessment identity" \
    "certification assessment" "certification content" "certification identity" "reporting learning" "reporting assessment" \
    "reporting certification" "reporting content" "reporting identity" "sync identity" "sync certification"; do
    set -- $pair
    for try in 1 2 3 4 5 6 7 8 9 10; do
        behind=$(ask "SELECT (SELECT seq FROM $2.outbox_head) - (SELECT seq FROM $1.follow_cursor WHERE producer = '$2')")
        [ "$behind" != 0 ] || break
        sleep 1
    done
    must "$behind" 0 "$1 is behind $2"
done
# What was announced is what was applied, person by person.
must "$(ask "SELECT count(*) FROM (SELECT body->>'person_id', body->>'programme_id' FROM learning.outbox WHERE event = 'programme_completed'
    EXCEPT SELECT person_id::text, programme_id::text FROM assessment.standing WHERE completed_at IS NOT NULL) d")" 0 \
    "completions lost on the way to assessment"
must "$(ask "SELECT count(*) FROM (SELECT body->>'person_id', body->>'programme_id' FROM assessment.outbox WHERE event = 'attempt_graded'
    AND (body->>'passed')::boolean EXCEPT SELECT person_id::text, programme_id::text FROM certification.certificate) d")" 0 \
    "passed without a certificate"
must "$(ask "SELECT count(*) FROM (SELECT attempt_id, version FROM assessment.result EXCEPT SELECT (body->>'attempt_id')::uuid,
    (body->>'result_version')::int FROM assessment.outbox WHERE event = 'attempt_graded') d")" 0 "grades without an event"
must "$(ask "SELECT count(*) - count(DISTINCT (body->>'attempt_id', body->>'result_version')) FROM assessment.outbox WHERE event = 'attempt_graded'")" \
    0 "attempts graded twice"
echo "after $kills kills: nothing lost, nothing twice"
