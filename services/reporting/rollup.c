/* rollup.c - counts per unit and programme version: answered, renewed where marked, checked by a sweep; see rollup.sql. */
#include "rollup.h"
#include "sql.h"

/* As the LIMITs of rollup.sql say; one row more than units fit shows that they do not. */
enum { MOST_MARKS = 2048, MOST_SWEPT = 20000, MOST_UNITS = 5000 };

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

int rollup_renew(struct ctx *ctx)
{
    struct rollup_pair *pairs;
    struct rollup_change *changes;
    uint32_t n, n_changes;
    int code = pg_list(ctx, &SQL_stale_take, NULL, MOST_MARKS, &pairs, &n);
    if (code || !n)
        return code;
    return pg_bulk(ctx, &SQL_rollup_count, pairs, n, n, &changes, &n_changes);
}

int rollup_sweep(struct ctx *ctx)
{
    struct rollup_pair *pairs;
    struct rollup_change *changes;
    uint32_t n, n_changes;
    int code = pg_list(ctx, &SQL_sweep_slice, NULL, MOST_SWEPT, &pairs, &n);
    if (code || !n)
        return code;
    code = pg_bulk(ctx, &SQL_rollup_count, pairs, n, n, &changes, &n_changes);
    for (uint32_t i = 0; !code && i < n_changes; i++) {
        char unit[UUID_TEXT], programme[UUID_TEXT];
        if (changes[i].marked)
            continue;
        uuid_format(&changes[i].unit_id, unit);
        uuid_format(&changes[i].programme_id, programme);
        log_error(NO_TRACE, "the roll-up of unit %s, programme %s had drifted and is right again", unit, programme);
    }
    return code;
}
