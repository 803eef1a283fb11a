/* headcount.c - how many people work in a subtree, as of any day. */
#include "as_of.h"

enum {
    FOLD_UNITS = 500, /* with a hundred days each, as after a first roster, a fold takes about a second */
    MOST_ROWS = 1000,
    NATION_PATH = 8, /* bytes of a path with one step */
};

int headcount_fold(struct ctx *ctx)
{
    struct headcount_step step = {.units = FOLD_UNITS}, folded;
    return pg_call(ctx, &SQL_headcount_fold, &step, &folded);
}

int on_headcount(struct ctx *ctx, const struct headcount_query *req, struct headcount_report *ret_reply)
{
    struct unit_range range;
    struct headcount_row own;
    int code = unit_range_as_of(ctx, req->unit_id, HAS(req, headcount_query, as_of), req->as_of, &range);
    if (!code)
        code = pg_call(ctx, &SQL_headcount_own, &range, &own);
    if (!code)
        code = pg_list(ctx, range.path.n == NATION_PATH ? &SQL_headcount_tops : &SQL_headcount_below, &range, MOST_ROWS,
                       &ret_reply->units, &ret_reply->n_units);
    if (code)
        return code;
    ret_reply->unit_id = req->unit_id;
    ret_reply->as_of = range.day;
    ret_reply->people = ret_reply->own_people = own.people;
    ret_reply->leaders = ret_reply->own_leaders = own.leaders;
    if (ret_reply->n_units == MOST_ROWS) {
        struct headcount_sum rest;
        code = pg_call(ctx, &SQL_headcount_rest, &range, &rest);
        ret_reply->people += code ? 0 : rest.people;
        ret_reply->leaders += code ? 0 : rest.leaders;
        return code;
    }
    for (uint32_t i = 0; i < ret_reply->n_units; i++) {
        ret_reply->people += ret_reply->units[i].people;
        ret_reply->leaders += ret_reply->units[i].leaders;
    }
    return 0;
}
