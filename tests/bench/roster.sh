# roster.sh - BENCH=roster: a roster of 3 million people (BENCH_ROWS), uploaded already, from the beginning of its import to
# its end; then the same file again, which changes nothing. Some minutes, and about 8 GB of disk.
#
# Only PostgreSQL and identity run: the followers would take the same two processors. Beside it, in the same run, the bare
# limits: COPY of the same columns (the person's and the tenure's) from text files on the server, once into tables without
# any index, constraint or trigger (limit_pg), once into tables with their keys, the unique hash and the index by unit
# (limit_pg_keyed), which every importer must have.
# shellcheck shell=bash

ROWS=${BENCH_ROWS:-3000000}

owner() { psql -X -q -v ON_ERROR_STOP=1 -U postgres "$@"; }

# A nation with 34 provinces and 98 communes in each.
units_sql()
{
    cat <<'SQL'
SET search_path = identity, hocvu;
CREATE TEMP TABLE made AS
    SELECT uuid7() AS unit_id, NULL::uuid AS parent_id, 'VN' AS code, 'nation' AS kind, 'Việt Nam' AS name;
INSERT INTO made SELECT uuid7(), (SELECT unit_id FROM made), format('B%s', lpad(p::text, 2, '0')), 'province', 'Tỉnh ' || p
    FROM generate_series(1, 34) p;
INSERT INTO made SELECT uuid7(), m.unit_id, m.code || lpad(c::text, 3, '0'), 'commune', 'Xã ' || c
    FROM made m, generate_series(0, 97) c WHERE m.kind = 'province';
INSERT INTO unit (unit_id, code) SELECT unit_id, code FROM made;
INSERT INTO unit_code (unit_id, code) SELECT unit_id, code FROM made;
INSERT INTO unit_version (unit_id, valid_from, parent_id, code, kind, name)
    SELECT unit_id, '2025-07-01', parent_id, code, kind, name FROM made;
INSERT INTO unit_now (unit_id, valid_from, parent_id, code, kind, name, path)
    WITH RECURSIVE tree AS (
        SELECT *, ARRAY[unit_id] AS path FROM made WHERE parent_id IS NULL
        UNION ALL SELECT m.*, t.path || m.unit_id FROM made m JOIN tree t ON m.parent_id = t.unit_id)
    SELECT unit_id, '2025-07-01', parent_id, code, kind, name, path FROM tree;
SQL
}

# Whoever imports is on record with a right for the nation: an import looks again before each slice.
officer_sql()
{
    cat <<'SQL'
SET search_path = identity, hocvu;
INSERT INTO person (person_id, full_name, national_hash, hash_key, national_box, box_key)
    VALUES ('00000000-0000-7000-8000-000000000009', 'Cán Bộ', sha256('x'), 'bench', 'x', 'bench');
INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, valid_from)
    SELECT uuid7(), '00000000-0000-7000-8000-000000000009', unit_id, '', false, '2025-07-01' FROM unit_now WHERE parent_id IS NULL;
INSERT INTO role_grant (person_id, role, bit, gives, unit_id, reason)
    SELECT '00000000-0000-7000-8000-000000000009', 'national_operator', 64, 0, unit_id, 'bench' FROM unit_now WHERE parent_id IS NULL;
SQL
}

# The file as an upload, in parts as a client sends them.
upload_sql() # FILE
{
    cat <<SQL
SET search_path = identity, hocvu;
INSERT INTO upload (upload_id, owner, name, size, received)
    SELECT '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000009', 'roster.csv', size, size
      FROM pg_stat_file('$1');
INSERT INTO upload_part (upload_id, at, bytes)
    SELECT '00000000-0000-7000-8000-000000000001', at, pg_read_binary_file('$1', at, 1048576)
      FROM pg_stat_file('$1') f, generate_series(0, f.size - 1, 1048576) at;
SQL
}

# One import, by its number; waits for its end. Sets SECONDS_TAKEN.
import() # NUMBER
{
    local id=00000000-0000-7000-8000-00000000010$1 state=
    owner -c "INSERT INTO identity.import_job (import_id, upload_id, by_whom, scope, name, bytes, dry_run, remove_most)
        SELECT '$id', upload_id, owner, (SELECT uuid_send(unit_id) FROM identity.unit_now WHERE parent_id IS NULL), name, size, false, 5
          FROM identity.upload"
    while :; do
        sleep 0.5
        state=$(owner -At -c "SELECT state FROM identity.import_job WHERE import_id = '$id'")
        case $state in done) break ;; refused | stopped) say "the import was $state"; exit 1 ;; esac
    done
    SECONDS_TAKEN=$(owner -At -c "SELECT extract(epoch FROM over - begun)::numeric(10, 3) FROM identity.import_job WHERE import_id = '$id'")
    COUNTS=$(owner -At -F ' ' -c "SELECT sum(created), sum(changed), sum(unchanged), sum(refused) FROM identity.import_slice WHERE import_id = '$id'")
}

# COPY of what was imported into tables of this kind; the seconds of both.
limit() # plain | keyed
{
    local keys= begun
    owner -c 'DROP SCHEMA IF EXISTS bench CASCADE' -c 'CREATE SCHEMA bench' 2>/dev/null
    [ "$1" = plain ] || keys='ALTER TABLE bench.person ADD PRIMARY KEY (person_id), ADD UNIQUE (national_hash);
        ALTER TABLE bench.tenure ADD PRIMARY KEY (tenure_id); CREATE INDEX ON bench.tenure (person_id); CREATE INDEX ON bench.tenure (unit_id);'
    owner -c "CREATE TABLE bench.person AS SELECT $PERSON FROM identity.person WHERE false" \
        -c "CREATE TABLE bench.tenure AS SELECT $TENURE FROM identity.tenure WHERE false" -c "$keys" -c CHECKPOINT
    begun=$(date +%s.%N)
    owner -c "COPY bench.person FROM '$FILES/person.txt'" -c "COPY bench.tenure FROM '$FILES/tenure.txt'"
    awk -v a="$begun" -v b="$(date +%s.%N)" 'BEGIN { printf "%.3f", b - a }'
}

bench()
{
    local p first again plain keyed rate rate_again limit_plain limit_keyed rss
    PERSON='person_id, full_name, birth_date, national_hash, hash_key, national_box, box_key, created'
    TENURE='tenure_id, person_id, unit_id, position, leader, kind, position_code, valid_from, valid_to, created'
    FILES=$DIR/files
    mkdir "$FILES" && chmod 777 "$FILES"
    "$BUILD/bench/bin/roster_rows" "$ROWS" >"$FILES/roster.csv"
    stack_up
    for p in $PROCESSES sync; do
        [ "$p" = identity ] || "$ROOT/deploy/stack" stop "$p" --dir "$STATE" >/dev/null 2>&1 || true
    done
    units_sql | owner
    officer_sql | owner
    upload_sql "$FILES/roster.csv" | owner
    settle
    PROCESSES=identity
    say "roster: $ROWS rows, $(wc -c <"$FILES/roster.csv") bytes"
    cpu_begin
    import 1
    first=$SECONDS_TAKEN
    say "  first import: $first s (created, changed, unchanged, refused: $COUNTS)"
    cpu_end "$ROWS" row
    rss=$(memory_peak identity)
    upload_sql "$FILES/roster.csv" | owner
    settle
    cpu_begin
    import 2
    again=$SECONDS_TAKEN
    say "  the same file again: $again s ($COUNTS)"
    cpu_end "$ROWS" row
    owner -c "COPY (SELECT $PERSON FROM identity.person) TO '$FILES/person.txt'" \
        -c "COPY (SELECT $TENURE FROM identity.tenure) TO '$FILES/tenure.txt'"
    plain=$(limit plain)
    keyed=$(limit keyed)
    rate=$(awk -v n="$ROWS" -v s="$first" 'BEGIN { printf "%.0f", n / s }')
    rate_again=$(awk -v n="$ROWS" -v s="$again" 'BEGIN { printf "%.0f", n / s }')
    limit_plain=$(awk -v n="$ROWS" -v s="$plain" 'BEGIN { printf "%.0f", n / s }')
    limit_keyed=$(awk -v n="$ROWS" -v s="$keyed" 'BEGIN { printf "%.0f", n / s }')
    [ "$(memory_peak identity | cut -d. -f1)" -le "${rss%.*}" ] || rss=$(memory_peak identity)
    say "roster: $rate rows/s, again $rate_again rows/s; bare COPY $limit_plain rows/s ($(over "$rate" "$limit_plain")), keyed $limit_keyed ($(over "$rate" "$limit_keyed")); identity $rss MB"
    json "figure=$rate" unit=rows/s "rows=$ROWS" "again=$rate_again" "limit_pg=$limit_plain" "limit_pg_keyed=$limit_keyed" \
        "ratio_pg=$(over "$rate" "$limit_plain")" "ratio_keyed=$(over "$rate" "$limit_keyed")" "rss=$rss"
}
