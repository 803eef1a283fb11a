# tokens.sh - BENCH=tokens: what authorisation costs. The same handler runs the same statement for GET /v1/units, which needs
# a token with a role, and for GET /v1/public/units, which needs none: the second is the limit of the first. Three rounds of
# each in turn, medians; tokens with 1 and with 31 grants, 64 of each.
# shellcheck shell=bash

# read_units PEOPLE PATH -> requests/s p50 p99 errors
read_units() { TARGET=$2 wrk_run tokens "$1" "http://127.0.0.1:$PORT" 64; }
# median OF THREE of column $1 in file $2
median() { awk -v c="$1" '{print $c}' "$2" | sort -g | sed -n 2p; }

bench()
{
    local round name troubles=0
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
    for name in public grants1 grants31; do read_units "$DIR/$name" "$(path_of $name)" >/dev/null; done # warm
    for round in 1 2 3; do
        for name in public grants1 grants31; do
            [ $round != 1 ] || cpu_begin
            read_units "$DIR/$name" "$(path_of $name)" >>"$DIR/$name.result"
            [ $round != 1 ] || { say "$name"; cpu_end "$(awk -v s="$SECONDS_EACH" 'END {print int($1 * s)}' "$DIR/$name.result")" read; }
        done
    done
    for name in public grants1 grants31; do
        troubles=$((troubles + $(awk '{n += $4} END {print n}' "$DIR/$name.result")))
        say "$(printf '%-10s %8.0f reads/s   p50 %.2f ms, p99 %.2f ms' $name "$(median 1 "$DIR/$name.result")" \
            "$(median 2 "$DIR/$name.result")" "$(median 3 "$DIR/$name.result")")"
    done
    local figure limit many
    figure=$(median 1 "$DIR/grants1.result") limit=$(median 1 "$DIR/public.result") many=$(median 1 "$DIR/grants31.result")
    say "ratio to the read without authorisation: $(over "$figure" "$limit") with 1 grant, $(over "$many" "$limit") with 31; $troubles errors"
    json figure="$figure" unit=reads/s connections=64 limit_http="$limit" ratio="$(over "$figure" "$limit")" \
        p50_ms="$(median 2 "$DIR/grants1.result")" p99_ms="$(median 3 "$DIR/grants1.result")" errors="$troubles" \
        figure_31="$many" ratio_31="$(over "$many" "$limit")" p50_ms_31="$(median 2 "$DIR/grants31.result")" \
        p99_ms_31="$(median 3 "$DIR/grants31.result")"
}

path_of() { [ "$1" = public ] && echo "/v1/public/units?code=VN" || echo "/v1/units?code=VN"; }
