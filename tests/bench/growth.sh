# growth.sh - BENCH=growth: answers, starts and one person's history with 10 thousand, 1 million and 10 million attempts of
# the past two and a half years in the database, each with two answers and a result. A quarter of an hour, and about 12 GB of disk for the
# largest. BENCH_SIZES.
#
# Four hundred people have an attempt in each of the last ten quarters at every size: their histories are what is asked for.
# Everybody else's are spread over the quarters as well.
# shellcheck shell=bash

QUARTERS=10

# Rows of one quarter: a new table in the same transaction, so that loading writes no log of its own (wal_level is minimal
# while this benchmark runs; nothing else of the server's durability changes).
quarter_sql() # OFFSET TOTAL
{
    cat <<SQL
SET synchronous_commit = off;
SET search_path = assessment, hocvu;
SELECT to_char(d, 'YYYY"q"Q') AS m, (extract(epoch FROM d) * 1000)::bigint AS ms
  FROM (SELECT date_trunc('quarter', now() AT TIME ZONE 'UTC') - ($1 + 1) * interval '3 months' AS d) t \\gset
BEGIN;
TRUNCATE attempt_:m, answer_:m, result_:m;
CREATE TEMP TABLE made ON COMMIT DROP AS
    SELECT (lpad(to_hex(:ms + 1000 + n * 7500000000 / ($2 / $QUARTERS)), 12, '0')
            || '7' || substr(md5('a' || n || :'m'), 1, 3) || '8' || substr(md5('b' || n || :'m'), 1, 15))::uuid AS attempt_id,
           CASE WHEN h.person_id IS NOT NULL THEN h.person_id
                ELSE md5('p' || (n::bigint * 7919 + $1 * 104729) % greatest($2 / 10, 1000))::uuid END AS person_id,
           to_timestamp(:ms / 1000.0 + n * 7500000.0 / ($2 / $QUARTERS)) AS at, n
      FROM generate_series(0, $2 / $QUARTERS - 1) n
      LEFT JOIN growth_history h ON h.number = n;
INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, seed, started_at, deadline,
                     closes_at, session_id, answers, revision, head, ended_at, ended_by, result_version)
    SELECT attempt_id, person_id, '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000005',
           '00000000-0000-7000-8002-000000000000', 1, 40, 'graded', n, at, at + interval '1 hour', at + interval '1 hour',
           person_id, 2, 1, sha256(n::text::bytea), at + interval '30 minutes', 'submitted', 1 FROM made;
INSERT INTO answer (attempt_id, saved_at, revision, seq, position, response, link)
    SELECT attempt_id, at + p * interval '1 minute', 1, p, p, '2', sha256(n::text::bytea) FROM made, generate_series(1, 2) p;
INSERT INTO result (attempt_id, version, rule, "right", items, score, max_score, passed, scores, groups, cause, graded_at)
    SELECT attempt_id, 1, 1, 30, 40, 3000, 4000, true, array_fill(100::smallint, ARRAY[40]),
           '[{"skill_group": "a", "score": 500, "max_score": 700}, {"skill_group": "b", "score": 500, "max_score": 700}]',
           'submitted', at + interval '30 minutes' FROM made;
COMMIT;
VACUUM (ANALYZE) attempt_:m, answer_:m, result_:m;
SQL
}

# An installation begins with one partition for everything before it; here it is two and a half years old instead.
periods_past()
{
    psql -X -q -v ON_ERROR_STOP=1 <<SQL
SET search_path = assessment, hocvu;
SELECT uuid_border((date_trunc('quarter', now() AT TIME ZONE 'UTC') - $QUARTERS * interval '3 months') AT TIME ZONE 'UTC') AS border \gset
BEGIN;
DROP TABLE attempt_before, answer_before, result_before;
CREATE TABLE attempt_before PARTITION OF attempt FOR VALUES FROM (MINVALUE) TO (:'border');
CREATE TABLE answer_before PARTITION OF answer FOR VALUES FROM (MINVALUE) TO (:'border');
CREATE TABLE result_before PARTITION OF result FOR VALUES FROM (MINVALUE) TO (:'border');
DO \$\$ BEGIN
    PERFORM make_period((date_trunc('quarter', now() AT TIME ZONE 'UTC') - n * interval '3 months')::date) FROM generate_series(1, $QUARTERS) n;
END \$\$;
COMMIT;
SQL
}

# Two connections, a quarter each at a time.
grow() # TOTAL
{
    local half begun=$SECONDS pids=() pid
    for half in 0 1; do
        (for ((i = half; i < QUARTERS; i += 2)); do
            quarter_sql $i "$1" | psql -X -q -v ON_ERROR_STOP=1 >/dev/null || exit 1
        done) &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    # People whose lessons are done, as many as attempts need: what a start looks at grows as well.
    psql -X -q -v ON_ERROR_STOP=1 <<SQL
SET search_path = assessment, hocvu;
INSERT INTO standing (person_id, programme_id, completed_at, taken)
    SELECT md5('p' || n)::uuid, '00000000-0000-7000-8000-000000000001', now(), 1 FROM generate_series(0, greatest($1 / 10, 1000) - 1) n
    ON CONFLICT DO NOTHING;
VACUUM (ANALYZE) standing;
ANALYZE attempt, answer, result;
SQL
    psql -X -q -U postgres -c CHECKPOINT
    say "  $(ask 'SELECT count(*) FROM assessment.attempt') attempts," \
        "$(ask "SELECT pg_size_pretty(pg_database_size('hocvu'))"), made in $((SECONDS - begun)) s"
}

bench()
{
    local troubles failed=0 size answers=() starts=() history=() p99_answers=() p99_history=() p99_starts=() rate p99 errors i=0 last
    local slower_answers slower_starts slower_history worst
    stack_up
    conf_add gateway "tokens_kept = 524288"
    conf_add postgresql 'wal_level = minimal' 'max_wal_senders = 0' 'max_wal_size = 4GB' 'checkpoint_timeout = 30min'
    stack_up
    seed --learners 400 --to "$DIR/history"
    psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE TABLE assessment.growth_history (number bigint PRIMARY KEY, person_id uuid)'
    awk '{print NR - 1 "\t" $2}' "$DIR/history" | psql -X -q -c 'COPY assessment.growth_history FROM STDIN'
    periods_past
    for size in ${BENCH_SIZES:-10000 1000000 10000000}; do
        say "growth: $size attempts"
        grow "$size"
        # New ones for each size: what an earlier measurement left behind must not be measured.
        seed --learners $(((SECONDS_EACH + 2) * 12000)) --to "$DIR/people" --running 4096 --to "$DIR/running"
        settle
        wrk_run answers "$DIR/running" "http://127.0.0.1:$PORT" 256 >/dev/null # warm
        read -r answers[i] _ p99_answers[i] errors <<<"$(wrk_run answers "$DIR/running" "http://127.0.0.1:$PORT" 256)"
        failed=$((failed + errors))
        TARGET=/v1/me/attempts wrk_run asks "$DIR/history" "http://127.0.0.1:$PORT" 64 >/dev/null # warm
        read -r history[i] _ p99_history[i] errors <<<"$(TARGET=/v1/me/attempts wrk_run asks "$DIR/history" "http://127.0.0.1:$PORT" 64)"
        failed=$((failed + errors))
        looked_at "$DIR/people"
        load starts --people "$DIR/people" --connections 512 --warm 2 --seconds "$SECONDS_EACH" \
            --result "$DIR/result" >"$DIR/starts.out"
        . "$DIR/result"
        starts[i]=$rate p99_starts[i]=$p99
        failed=$((failed + troubles))
        printf '  answers %8.0f/s (p99 %.1f ms)   starts %7.0f/s (p99 %.1f ms)   history %7.0f/s (p99 %.1f ms)\n' \
            "${answers[i]}" "${p99_answers[i]}" "${starts[i]}" "${p99_starts[i]}" "${history[i]}" "${p99_history[i]}"
        i=$((i + 1))
    done
    last=$((i - 1))
    slower_answers=$(over "${answers[0]}" "${answers[last]}")
    slower_starts=$(over "${starts[0]}" "${starts[last]}")
    slower_history=$(over "${history[0]}" "${history[last]}")
    worst=$(printf '%s\n' "$slower_answers" "$slower_starts" "$slower_history" | sort -g | tail -n 1)
    say "  slower by (aim: within 1.3): answers $slower_answers, starts $slower_starts, history $slower_history; $failed errors"
    json figure="$worst" unit="times slower with the most attempts" limit=1.3 ratio="$(over "$worst" 1.3)" \
        ratio_answers="$slower_answers" ratio_starts="$slower_starts" ratio_history="$slower_history" \
        answers="${answers[*]}" starts="${starts[*]}" history="${history[*]}" \
        errors="$failed" sizes="${BENCH_SIZES:-10000 1000000 10000000}" p99_ms="${p99_answers[last]}"
}
