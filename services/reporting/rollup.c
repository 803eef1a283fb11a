/* rollup.c - counts per unit and programme version: answered, renewed where marked, checked by a sweep; see rollup.sql.
 */
#include "rollup.h"
#include "sql.h"

/* As the LIMITs of rollup.sql say; one unit more than a reply holds shows that they do not fit. */
enum { MOST_PAIRS = 4096, MOST_UNITS = 5000 };

/* Time that one tick may count. */
enum { SLICES_US = 100000 };

int on_rollup_get(struct ctx *ctx, const struct rollup_query *req, struct rollup *ret_reply)
{
    struct counts *units;
    uint32_t n;
    int code = pg_list(ctx, &SQL_rollup_get, req, MOST_UNITS + 1, &units, &n);
    if (code)
        return code;
    if (!n)
        return fail(ctx, ERR_NOT_FOUND, "unit_id");
    ret_reply->units = units;
    ret_reply->n_units = n;
    return 0;
}

/*
 * Both ticks count small slices until their time is over: a slice is bounded in pairs, but how many people they have is
 * not known beforehand, and the same thread has events to apply.
 */
static int count_slices(struct ctx *ctx, const struct stmt *next_pairs, bool report_drift)
{
    int64_t until = mono_us() + SLICES_US;
    struct counting_turn turn;
    uint32_t n = 1;
    int code = pg_call(ctx, &SQL_counting_begin, NULL, &turn);
    while (!code && turn.mine && n && mono_us() < until) {
        struct rollup_pair *pairs;
        struct rollup_change *changes;
        uint32_t n_changes = 0;
        code = pg_list(ctx, next_pairs, NULL, MOST_PAIRS, &pairs, &n);
        if (!code && n)
            code = pg_bulk(ctx, &SQL_rollup_count, pairs, n, n, &changes, &n_changes);
        for (uint32_t i = 0; !code && report_drift && i < n_changes; i++) {
            char unit[UUID_TEXT], programme[UUID_TEXT];
            if (changes[i].marked)
                continue;
            uuid_format(&changes[i].unit_id, unit);
            uuid_format(&changes[i].programme_id, programme);
            log_error(NO_TRACE, "the roll-up of unit %s, programme %s had drifted and is right again", unit, programme);
        }
    }
    return code;
}

int rollup_renew(struct ctx *ctx)
{
    return count_slices(ctx, &SQL_stale_take, false);
}

int rollup_sweep(struct ctx *ctx)
{
    return count_slices(ctx, &SQL_sweep_slice, true);
}
