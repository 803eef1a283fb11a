# logins.sh - BENCH=logins: complete code flows over HTTP: the redirect, the provider's page, the callback with its code, the
# exchange and the judgement of the token, the rules of linking, a session. The provider (idp_echo) and the browsers
# (login_load) run on the same two cores, so what our own processes took of the processor is told apart: `figure` is how
# many logins two cores do of our part, `wall` how many there were with everything. First logins link an account, later
# ones find it. The limit is PostgreSQL alone with the same rows in the same transactions, by pgbench.
# shellcheck shell=bash

PEOPLE=${BENCH_PEOPLE:-100000}

ours() # ticks of gateway, identity and PostgreSQL
{
    local p total=0
    for p in gateway identity postgres; do total=$((total + $(ticks "$(pid_of "$p")"))); done
    echo $total
}

people()
{
    psql -X -q <<'SQL'
SET search_path = identity, hocvu;
INSERT INTO unit (unit_id, code) VALUES ('00000000-0000-7000-8000-000000000001', 'VN');
INSERT INTO unit_version (unit_id, valid_from, code, kind, name, name_en)
VALUES ('00000000-0000-7000-8000-000000000001', '2025-07-01', 'VN', 'nation', 'Việt Nam', 'Viet Nam');
INSERT INTO unit_now (unit_id, valid_from, code, kind, name, name_en, path)
VALUES ('00000000-0000-7000-8000-000000000001', '2025-07-01', 'VN', 'nation', 'Việt Nam', 'Viet Nam',
    ARRAY['00000000-0000-7000-8000-000000000001'::uuid]);
CREATE TABLE public.seeded (person_id uuid, national_hash bytea);
SQL
    "$BUILD/bench/bin/login_load" seed "$PEOPLE" "$STATE/secrets/national_hash.key" |
        psql -X -q -c 'COPY public.seeded FROM STDIN'
    psql -X -q <<'SQL'
SET search_path = identity, hocvu;
INSERT INTO person (person_id, full_name, national_hash, hash_key, national_box, box_key)
SELECT person_id, 'Nguyễn Văn Thử', national_hash, '00000000', '\x00', '00000000' FROM public.seeded;
INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, valid_from)
SELECT gen_random_uuid(), person_id, '00000000-0000-7000-8000-000000000001', 'Chuyên viên', false, '2025-07-01'
FROM public.seeded;
DROP TABLE public.seeded;
-- An installation in use: everybody has been here by another provider, so the planner knows tables that are not empty.
INSERT INTO account (account_id, provider, subject, state, person_id, full_name, national_hash, hash_key, national_box, box_key)
SELECT gen_random_uuid(), 'other', person_id::text, 'linked', person_id, full_name, national_hash, hash_key, national_box, box_key
FROM person;
INSERT INTO link_history (account_id, person_id, what) SELECT account_id, person_id, 'linked' FROM account;
INSERT INTO session (session_id, account_id, person_id, family_hash, provider, expires)
SELECT gen_random_uuid(), account_id, person_id, sha256(account_id::text::bytea), provider, now() + interval '1 day' FROM account;
INSERT INTO login (state_hash, binding_hash, provider, nonce, verifier)
SELECT sha256(account_id::text::bytea), sha256(''), provider, 'n', 'v' FROM account;
SQL
}

# The same rows without anybody to decide about them.
bare_logins()
{
    cat >"$DIR/bare.sql" <<'SQL'
\set n random(1, 2000000000)
INSERT INTO bare.login VALUES (sha256(int8send(:n)), sha256('b'), repeat('n', 43), repeat('v', 43), '127.0.0.1', now(), NULL);
UPDATE bare.login SET used_at = now() WHERE state_hash = sha256(int8send(:n));
BEGIN;
INSERT INTO bare.account VALUES (gen_random_uuid(), :n, 'Nguyễn Văn Thử', sha256('n'), repeat('b', 84));
INSERT INTO bare.session VALUES (gen_random_uuid(), gen_random_uuid(), sha256(int8send(:n)), 1, '127.0.0.1', now(), now());
INSERT INTO bare.entry (body) VALUES (jsonb_build_object('account', :n::bigint, 'provider', 'bench'));
INSERT INTO bare.entry (body) VALUES (jsonb_build_object('session', :n::bigint, 'provider', 'bench', 'address', '127.0.0.1'));
INSERT INTO bare.entry (body) VALUES (jsonb_build_object('person', :n::bigint, 'provider', 'bench', 'at', now()));
COMMIT;
SQL
    psql -X -q <<'SQL'
CREATE SCHEMA bare;
CREATE UNLOGGED TABLE bare.login (state_hash bytea PRIMARY KEY, binding bytea, nonce text, verifier text, address text,
    created timestamptz, used_at timestamptz);
CREATE TABLE bare.account (account_id uuid PRIMARY KEY, subject bigint, full_name text, hash bytea, box text);
CREATE INDEX ON bare.account (subject);
CREATE TABLE bare.session (session_id uuid PRIMARY KEY, account_id uuid, family bytea UNIQUE, counter int, address text,
    created timestamptz, expires timestamptz);
CREATE INDEX ON bare.session (account_id);
CREATE TABLE bare.entry (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT now(), body jsonb);
SQL
    pgbench -n -M prepared -c 8 -j 2 -T "$SECONDS_EACH" -f "$DIR/bare.sql" -h "$PGHOST" -U "$PGUSER" hocvu \
        2>"$DIR/pgbench.log" | sed -n 's/^tps = \([0-9.]*\).*/\1/p'
    psql -X -q -c 'SET client_min_messages = error' -c 'DROP SCHEMA bare CASCADE'
}

# logins NAME FIRST PEOPLE: into $rate $p50 $p99 $errors $n, and $us of our part for each.
logins()
{
    local before idp
    cpu_begin
    before=$(ours) idp=$(ticks "$echo_pid")
    read -r rate p50 p99 errors n <<<"$("$BUILD/bench/bin/login_load" run "$PORT" "$2" "$3" 16 "$SECONDS_EACH")"
    us=$(awk -v t=$(($(ours) - before)) -v hz="$(getconf CLK_TCK)" -v n="$n" 'BEGIN {printf "%.1f", t * 1e6 / hz / n}')
    idp_us=$(awk -v t=$(($(ticks "$echo_pid") - idp)) -v hz="$(getconf CLK_TCK)" -v n="$n" 'BEGIN {printf "%.1f", t * 1e6 / hz / n}')
    say "$1: $n logins, $rate/s with provider and browsers, p50 $p50 ms, p99 $p99 ms, $errors errors"
    cpu_end "$n" login
    say "  our part ${us} us a login: $(over 2000000 "$us") logins/s on two cores; the provider's ${idp_us} us"
}

bench()
{
    local rate p50 p99 errors n us idp_us first=() limit
    . "$ROOT/deploy/lib/say.sh"
    . "$ROOT/deploy/lib/database.sh"
    pg_find
    stack_up
    mkdir -p "$STATE/etc/local/providers"
    echo bench >"$DIR/client.secret"
    chmod 644 "$DIR/client.secret"
    cat >"$STATE/etc/local/providers/bench.conf" <<CONF
kind = openid
issuer = http://127.0.0.1:$((PORT + 5))
client_id = hocvu
client_secret = $DIR/client.secret
redirect_uri = http://127.0.0.1:$PORT/login/bench/callback
required_level = 2
at_once = 64
CONF
    "$BUILD/bench/bin/idp_echo" $((PORT + 5)) &
    echo_pid=$!
    "$ROOT/deploy/stack" up --dir "$STATE" >"$DIR/up.log" 2>&1 || { cat "$DIR/up.log" >&2; exit 1; } # with the provider
    people
    settle
    limit=$(bare_logins)
    "$BUILD/bench/bin/login_load" run "$PORT" 0 100 4 1 >/dev/null # warm: metadata, keys, plans
    logins "first logins" 100 $((PEOPLE - 100))
    first=("$rate" "$p50" "$p99" "$errors" "$us" "$idp_us")
    logins "later logins" 100 "$((n < 1000 ? n : 1000))"
    say "bare PostgreSQL with the same rows: $limit/s"
    json figure="$(over 2000000 "${first[4]}")" unit=logins/s connections=16 limit_pg="$limit" \
        ratio_pg="$(over "${first[0]}" "$limit")" p50_ms="${first[1]}" p99_ms="${first[2]}" errors="$((first[3] + errors))" \
        wall="${first[0]}" our_us="${first[4]}" provider_us="${first[5]}" figure_later="$(over 2000000 "$us")" \
        wall_later="$rate" our_us_later="$us" p50_ms_later="$p50" p99_ms_later="$p99"
}
