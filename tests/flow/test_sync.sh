#!/bin/bash
# test_sync.sh - a whole installation tells a receiver what changes: links and certificates of the journey arrive signed, once,
# and with the personal number only where it is asked for; a receiver that is away is told to the operator as late, and gets everything afterwards.
. "$(dirname "$0")/lib.sh"

KEY='a key of thirty-two letters, more'
port=$((FLOW_PORT + 48))
receiver=

receiver_start()
{
    KEY=$KEY KEY_ID=k1 LOG=$FLOW_DIR/received PORT=$port node "$ROOT/tests/services/sync/receiver.mjs" >"$FLOW_DIR/receiver" &
    receiver=$!
    until grep -q '^port' "$FLOW_DIR/receiver"; do
        kill -0 $receiver || { echo "the receiver does not start"; exit 1; }
        sleep 0.1
    done
}
trap 'code=$?; [ -z "$receiver" ] || kill $receiver 2>/dev/null || true; flow_finish $code' EXIT

# received KIND: items of this kind that arrived, by their keys.
received() { grep '"path":"/ok"' "$FLOW_DIR/received" | grep "\\\\\"kind\\\\\":\\\\\"$1\\\\\"" | grep -o '"key":"[^"]*"' | sort -u | wc -l; }

# drained SECONDS: nothing waits for mps any more.
drained()
{
    for ((tenths = 0; tenths < $1 * 10; tenths++)); do
        [ "$(ask "SELECT count(*) FROM sync.item WHERE target = 'mps' AND state IN ('waiting', 'sending')")" != 0 ] || return 0
        sleep 0.1
    done
    hocvu sync status
    return 1
}

flow_up --fast-unsafe-db >"$FLOW_DIR/up"
hocvu sync status | grep -q 'There is no receiver' || { echo "status without a receiver"; exit 1; }
printf '%s\n' "$KEY" >"$FLOW_DIR/key" && chmod 644 "$FLOW_DIR/key"
target() { printf 'receiver = http://127.0.0.1:%s%s\nkey_id = k1\nkey = %s\n%s\n' $port "$2" "$FLOW_DIR/key" "$3" >"$STATE/etc/local/sync/$1.conf"; }
target mps /ok ''
target registry /too 'numbers = yes
kinds = person_linked'
chmod 644 "$STATE"/etc/local/sync/*.conf
receiver_start
"$ROOT/deploy/stack" up --dir "$STATE" >"$FLOW_DIR/up"
grep -q 'restarting sync' "$FLOW_DIR/up" || { cat "$FLOW_DIR/up"; echo "a new receiver does not restart sync"; exit 1; }

hocvu demo --learners 12 >"$FLOW_DIR/demo.out" 2>&1 || { tail -n 20 "$FLOW_DIR/demo.out"; exit 1; }
certified=$(sed -n 's/^journey: .* certified=\([0-9]*\) .*/\1/p' "$FLOW_DIR/demo.out")
drained 30
must "$(received certificate_issued)" "$certified" "certificates that arrived"
[ "$(received person_linked)" -ge 12 ] || { echo "$(received person_linked) links arrived"; exit 1; }
must "$(grep -c '"path":"/unverified"' "$FLOW_DIR/received" || true)" 0 "wrong signatures"
digits='[^0-9a-f-][0-9]{12}[^0-9a-f-]'
must "$(grep -cE "$digits" "$FLOW_DIR/received" || true)" 0 "personal numbers in bodies before they were brought"
hocvu sync numbers "$STATE/secrets" | grep -qE '^numbers brought: (1[2-9]|[2-9][0-9])$' || { echo "numbers are not brought"; exit 1; }
for ((tenths = 0; tenths < 200; tenths++)); do
    [ "$(ask "SELECT count(*) FROM sync.item WHERE target = 'registry' AND state <> 'sent'")" != 0 ] || break
    sleep 0.1
done
must "$(grep '"path":"/too"' "$FLOW_DIR/received" | grep -o 'national_id[^,]*' | grep -o '[0-9]\{12\}' | sort -u |
    grep -cFf - "$ROOT/deploy/sample/roster.csv")" "$(ask "SELECT count(*) FROM sync.person_number")" "numbers of the roster that arrived"
must "$(grep '"path":"/ok"' "$FLOW_DIR/received" | grep -cE "$digits" || true)" 0 "numbers for who is not told them"
hocvu sync status >"$FLOW_DIR/status" || { cat "$FLOW_DIR/status"; echo "all is sent, and status says no"; exit 1; }

# Away: what waits is not late yet, then it is, and comes in the end.
kill $receiver && wait $receiver 2>/dev/null || true
hocvu demo --learners 13 --seed 2 >"$FLOW_DIR/demo.out" 2>&1 || { tail -n 20 "$FLOW_DIR/demo.out"; exit 1; }
more=$(sed -n 's/^journey: .* certified=\([0-9]*\) .*/\1/p' "$FLOW_DIR/demo.out")
for ((tenths = 0; tenths < 100; tenths++)); do
    [ "$(ask "SELECT count(*) FROM sync.item WHERE state <> 'sent' AND trouble IS NOT NULL")" = 0 ] || break
    sleep 0.1
done
hocvu sync status >"$FLOW_DIR/status" || { cat "$FLOW_DIR/status"; echo "what waits since a moment is called late"; exit 1; }
ask "UPDATE sync.item SET changed_at = now() - interval '9 days' WHERE state <> 'sent'" >/dev/null
code=0
hocvu sync status >"$FLOW_DIR/status" || code=$?
must $code 1 "status of what is late: $(cat "$FLOW_DIR/status")"
item=$(hocvu sync list late mps | awk 'NR == 2 { print $1 }')
hocvu sync show "$item" | grep -q '^try 1 ' || { hocvu sync show "$item"; echo "no try is shown"; exit 1; }
receiver_start
hocvu sync retry "$item" | grep -qx 'tried again: 1' || { echo "retry"; exit 1; }
ask "UPDATE sync.item SET next_at = now() WHERE state = 'waiting' AND target = 'mps'" >/dev/null
drained 60
must "$(received certificate_issued)" $((certified + more)) "certificates that arrived in the end"
ask "UPDATE sync.item SET changed_at = now() WHERE state <> 'sent'" >/dev/null # what waits for a number
hocvu sync status >/dev/null || { echo "all is sent in the end, and status says no"; exit 1; }
# A decree, and an end of a tenure that the operator takes back: the receiver hears of both, and the frozen report, which stays
# as it is, points to what its units become.
units=$(received unit_changed) people=$(received tenures_changed)
cat >"$FLOW_DIR/decree.json" <<JSON
{"decree_id": "019a0000-0000-7000-8000-000000000001", "number": "12/NQ", "issued_on": "2026-01-05", "issuer": "HĐND",
 "title": "Sắp xếp phòng", "effective_from": "$(TZ=UTC-7 date -d tomorrow +%F)", "steps": [
 {"op": "rename", "code": "S44-01", "name": "Văn phòng mới"}, {"op": "merge", "code": "S44-01-01", "into_code": "S44-01"}]}
JSON
hocvu decree "$FLOW_DIR/decree.json" --dry-run | grep -q '^dry run, applied' || { echo "a dry run of the decree"; exit 1; }
hocvu decree "$FLOW_DIR/decree.json" >"$FLOW_DIR/decree.out" || { cat "$FLOW_DIR/decree.out"; exit 1; }
read -r person tenure <<<"$(ask "UPDATE identity.tenure SET valid_to = hocvu.today() + 5 WHERE tenure_id = (SELECT t.tenure_id
    FROM identity.tenure t JOIN identity.unit u USING (unit_id) WHERE u.code = 'S44-02' ORDER BY 1 LIMIT 1)
    RETURNING person_id || ' ' || tenure_id" | head -n 1)"
hocvu tenure reopen "$person" "$tenure" --reason 'QĐ 15/2026' | grep -q "^$tenure [0-9-]* - principal S44-02$" ||
    { echo "hocvu tenure reopen"; exit 1; }
drained 30
[ "$(received unit_changed)" -gt "$units" ] || { echo "units of the decree are not told"; exit 1; }
[ "$(received tenures_changed)" -gt "$people" ] || { echo "tenures are not told"; exit 1; }
for ((tenths = 0; tenths < 100; tenths++)); do
    [ "$(ask "SELECT count(*) FROM reporting.unit_fate")" != 2 ] || break
    sleep 0.1
done
must "$(ask "SELECT string_agg(DISTINCT r.code || ' ' || f.op || ' ' || f.number, ', ') FROM reporting.snapshot s
    JOIN reporting.snapshot_row r USING (snapshot_id) JOIN reporting.unit_fate f ON f.old_unit = r.unit_id
    AND f.effective_from > s.cutoff_date")" "S44-01 rename 12/NQ, S44-01-01 merge 12/NQ" "what the units of the frozen reports become"
echo "$((certified + more)) certificates told, none late; a decree and a tenure taken back are heard of"
