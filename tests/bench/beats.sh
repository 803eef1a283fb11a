# beats.sh - BENCH=beats: signs of life of learners who study, over HTTP at 256 connections, and what the index takes of them
# by which a person's evidence is found. Rounds with it and without it in turn, forwards and then backwards, because a
# machine that drifts would decide otherwise; without it is the limit. Two million signs of before are there, so that the
# index is no small one.
# shellcheck shell=bash

PEOPLE=4096
BEFORE=2000000
LESSON=00000000-0000-7000-8000-000000000002
INDEX=learning.evidence_person

seed_study()
{
    "$BUILD/bench/bin/mint" --key "$STATE/secrets/token_sign.key" --tokens $PEOPLE --grants 1 >"$DIR/people"
    psql -X -q -U postgres -v ON_ERROR_STOP=1 <<SQL
CREATE TEMP TABLE token (nr integer GENERATED ALWAYS AS IDENTITY, text text);
\\copy token (text) FROM '$DIR/people'
CREATE TEMP TABLE learner AS
SELECT nr, (convert_from(decode(rpad(body, (length(body) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::json->>'sub')::uuid AS person_id
FROM (SELECT nr, translate(split_part(text, '.', 2), '-_', '+/') AS body FROM token) t;
SET search_path = learning, hocvu;
INSERT INTO programme (programme_id, code, version, title_vi, title_en)
VALUES ('00000000-0000-7000-8000-000000000001', 'B', 1, 'b', 'b');
INSERT INTO lesson (lesson_id, programme_id, position, min_seconds)
VALUES ('$LESSON', '00000000-0000-7000-8000-000000000001', 1, 60);
INSERT INTO progress (person_id, lesson_id, beat_at) SELECT person_id, '$LESSON', now() FROM learner;
INSERT INTO evidence (person_id, lesson_id, at, what, counted_us, calls)
SELECT l.person_id, '$LESSON', now() - ($BEFORE - g) * interval '1 millisecond', 'beat', 15000000, 1
FROM generate_series(1, $BEFORE::bigint) g JOIN learner l ON l.nr = g * 1237 % $PEOPLE + 1 ORDER BY g;
SQL
}

# One sign of life, looked at, before many are counted.
one_beat()
{
    local reply
    reply=$(curl -s -X POST -H "Authorization: Bearer $(head -n 1 "$DIR/people")" "http://127.0.0.1:$PORT/v1/me/lessons/$LESSON/beats")
    case $reply in *'"seconds"'*) ;; *) say "no progress: $reply"; exit 1 ;; esac
}

signs() { ask "SELECT sum(calls) FROM learning.evidence WHERE at > '$BEGUN'"; }

# one_round with|without: appends requests/s, p50, p99, errors, signs, ticks and bytes of WAL to $DIR/KIND.result.
one_round()
{
    local n ticks wal result
    psql -X -q -U postgres -c 'SET client_min_messages = error' -c "DROP INDEX IF EXISTS $INDEX"
    [ "$1" = without ] || psql -X -q -U postgres -c "$DEFINITION"
    psql -X -q -U postgres -c CHECKPOINT
    SECONDS_EACH=1 METHOD=POST TARGET=/v1/me/lessons/$LESSON/beats wrk_run asks "$DIR/people" "http://127.0.0.1:$PORT" 256 >/dev/null # warm
    n=$(signs) ticks=$(ticks "$(pid_of postgres)") wal=$(psql -X -At -U postgres -c "SELECT pg_current_wal_insert_lsn() - '0/0'")
    result=$(METHOD=POST TARGET=/v1/me/lessons/$LESSON/beats wrk_run asks "$DIR/people" "http://127.0.0.1:$PORT" 256)
    ticks=$(($(ticks "$(pid_of postgres)") - ticks))
    wal=$(($(psql -X -At -U postgres -c "SELECT pg_current_wal_insert_lsn() - '0/0'") - wal))
    echo "$result $(($(signs) - n)) $ticks $wal" >>"$DIR/$1.result"
}

# mean KIND COLUMN; each KIND COLUMN FACTOR: of a sign of life.
mean() { awk -v c="$2" '{n += $c} END {printf "%.2f", n / NR}' "$DIR/$1.result"; }
each() { awk -v c="$2" -v f="$3" '{n += $5; t += $c} END {printf "%.1f", (n ? t * f / n : 0)}' "$DIR/$1.result"; }

bench()
{
    local kind tick
    stack_up
    seed_study
    settle
    BEGUN=$(ask 'SELECT now()')
    DEFINITION=$(ask "SELECT pg_get_indexdef('$INDEX'::regclass)")
    one_beat
    for kind in with without without with; do one_round $kind; done
    tick=$((1000000 / $(getconf CLK_TCK)))
    say "beats: signs of life over HTTP, 256 connections, $SECONDS_EACH s each round"
    for kind in with without; do
        say "$(printf '  %-7s the index  %8.0f signs/s   p50 %.2f ms, p99 %.2f ms, %.0f errors   PostgreSQL %.1f us, %.0f bytes of WAL a sign' \
            $kind "$(mean $kind 1)" "$(mean $kind 2)" "$(mean $kind 3)" "$(mean $kind 4)" "$(each $kind 6 $tick)" "$(each $kind 7 1)")"
    done
    say "  ratio to what it is without: $(over "$(mean with 1)" "$(mean without 1)")"
    json figure="$(mean with 1)" unit=signs/s connections=256 limit_pg="$(mean without 1)" \
        ratio_pg="$(over "$(mean with 1)" "$(mean without 1)")" p50_ms="$(mean with 2)" p99_ms="$(mean with 3)" \
        errors="$(mean with 4)" postgres_us="$(each with 6 "$tick")" postgres_us_without="$(each without 6 "$tick")" \
        wal_bytes="$(each with 7 1)" wal_bytes_without="$(each without 7 1)"
}
