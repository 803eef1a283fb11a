# tokens.sh - BENCH=tokens: what authorisation costs. The same handler runs the same statement for GET /v1/units, which needs
# a token with a role, and for GET /v1/public/units, which needs none: the second is the limit of the first. Tokens with 1
# and with 31 grants, 64 of each. Short rounds in turn, forwards and then backwards, because a machine that drifts would
# decide otherwise; the ratio is the median of the ratios within each round. What a read takes of the processor is told
# too, beside what one statement by itself takes of PostgreSQL.
# shellcheck shell=bash

ROUNDS=9
KINDS="public grants1 grants31"

path_of() { [ "$1" = public ] && echo "/v1/public/units?code=VN" || echo "/v1/units?code=VN"; }
# read_units KIND SECONDS -> requests/s p50 p99 errors
read_units() { TARGET=$(path_of "$1") SECONDS_EACH=$2 wrk_run asks "$DIR/$1" "http://127.0.0.1:$PORT" 64; }
# median FILE COLUMN
median() { awk -v c="$2" '{print $c}' "$1" | sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
# median_ratio KIND: of its rate to that of the read without a token in the same round.
median_ratio()
{
    paste "$DIR/$1.result" "$DIR/public.result" | awk '{printf "%.3f\n", ($5 > 0 ? $1 / $5 : 0)}' >"$DIR/ratio"
    median "$DIR/ratio" 1
}

# one_round KIND SECONDS: its result, and the ticks that gateway, identity and PostgreSQL took for how many reads.
one_round()
{
    local p before=() after=() result
    for p in gateway identity postgres; do before+=("$(ticks "$(pid_of "$p")")"); done
    result=$(read_units "$1" "$2")
    for p in gateway identity postgres; do after+=("$(ticks "$(pid_of "$p")")"); done
    echo "$result" >>"$DIR/$1.result"
    awk -v s="$2" -v g=$((after[0] - before[0])) -v i=$((after[1] - before[1])) -v d=$((after[2] - before[2])) \
        '{print $1 * s, g, i, d}' <<<"$result" >>"$DIR/$1.ticks"
}

# us KIND COLUMN: microseconds of a process for each read.
us() { awk -v c="$2" -v hz="$(getconf CLK_TCK)" '{n += $1; t += $c} END {printf "%.1f", (n ? t * 1e6 / hz / n : 0)}' "$DIR/$1.ticks"; }

# Ticks of the connections that PostgreSQL has closed.
closed_ticks() { sed 's/.*) //' "/proc/$(pid_of postgres)/stat" | awk '{print $14 + $15}'; }

# Microseconds of PostgreSQL for one prepared statement that finds one unit by its code, asked over as many connections as
# identity asks: what is above it in the figures is our part.
bare_read()
{
    local before n
    printf "SELECT unit_id, parent_id, code, kind, name, name_en, valid_from, valid_to FROM identity.unit_version WHERE code = 'VN';\n" \
        >"$DIR/bare.sql"
    before=$(closed_ticks)
    n=$(pgbench -n -M prepared -c 4 -j 1 -T "$1" -f "$DIR/bare.sql" -h "$PGHOST" -U "$PGUSER" hocvu 2>/dev/null |
        sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p')
    sleep 0.2
    awk -v t=$(($(closed_ticks) - before)) -v hz="$(getconf CLK_TCK)" -v n="$n" \
        'BEGIN {printf "%.1f", t * 1e6 / hz / n}'
}

bench()
{
    local round name order seconds troubles=0 bare
    . "$ROOT/deploy/lib/say.sh"
    . "$ROOT/deploy/lib/database.sh"
    pg_find
    stack_up
    psql -X -q <<'SQL'
SET search_path = identity, hocvu;
INSERT INTO unit (unit_id, code) VALUES ('00000000-0000-7000-8000-000000000001', 'VN');
INSERT INTO unit_version (unit_id, valid_from, code, kind, name, name_en)
VALUES ('00000000-0000-7000-8000-000000000001', '2025-07-01', 'VN', 'nation', 'Việt Nam', 'Viet Nam');
SQL
    settle
    : >"$DIR/public"
    for name in 1 31; do
        "$BUILD/bench/bin/mint" --key "$STATE/secrets/token_sign.key" --tokens 64 --grants $name >"$DIR/grants$name"
    done
    [ "$(curl -s -H "Authorization: Bearer $(head -n 1 "$DIR/grants31")" "http://127.0.0.1:$PORT/v1/units?code=VN")" = \
        "$(curl -s "http://127.0.0.1:$PORT/v1/public/units?code=VN")" ] || { say "the two reads differ"; exit 1; }
    seconds=$(((SECONDS_EACH + 3) / 4))
    for name in $KINDS; do read_units $name 1 >/dev/null; done # warm
    for ((round = 1; round <= ROUNDS; round++)); do
        order=$KINDS
        ((round % 2)) || order="grants31 grants1 public"
        for name in $order; do one_round $name $seconds; done
    done
    bare=$(bare_read $seconds)
    for name in $KINDS; do
        troubles=$((troubles + $(awk '{n += $4} END {print n}' "$DIR/$name.result")))
        say "$(printf '%-10s %8.0f reads/s   p50 %.2f ms, p99 %.2f ms   CPU of a read (us): gateway %.1f, identity %.1f, postgres %.1f' \
            $name "$(median "$DIR/$name.result" 1)" "$(median "$DIR/$name.result" 2)" "$(median "$DIR/$name.result" 3)" \
            "$(us $name 2)" "$(us $name 3)" "$(us $name 4)")"
    done
    local ratio many
    ratio=$(median_ratio grants1) many=$(median_ratio grants31)
    say "ratio to the read without authorisation: $ratio with 1 grant, $many with 31; one bare statement: $bare us of PostgreSQL; $troubles errors"
    json figure="$(median "$DIR/grants1.result" 1)" unit=reads/s connections=64 limit_http="$(median "$DIR/public.result" 1)" \
        ratio="$ratio" p50_ms="$(median "$DIR/grants1.result" 2)" p99_ms="$(median "$DIR/grants1.result" 3)" errors="$troubles" \
        figure_31="$(median "$DIR/grants31.result" 1)" ratio_31="$many" p50_ms_31="$(median "$DIR/grants31.result" 2)" \
        p99_ms_31="$(median "$DIR/grants31.result" 3)" gateway_us="$(us grants1 2)" gateway_us_public="$(us public 2)" \
        postgres_us="$(us grants1 4)" postgres_us_bare="$bare"
}
