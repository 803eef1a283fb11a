/* headcount.c - how many people work in a subtree, as of any day. */
#include "as_of.h"

enum {
    FOLD_UNITS = 1000, /* with a hundred days each, as after a first roster, a fold takes two seconds */
    MOST_ROWS = 1002,  /* of SQL_headcount_units */
};

int headcount_fold(struct ctx *ctx)
{
    struct headcount_step step = {.units = FOLD_UNITS}, folded;
    return pg_call(ctx, &SQL_headcount_fold, &step, &folded);
}

int on_headcount(struct ctx *ctx, const struct headcount_query *req, struct headcount_report *ret_reply)
{
    struct unit_range range;
    struct headcount_row *rows;
    uint32_t n;
    int code = unit_range_as_of(ctx, req->unit_id, HAS(req, headcount_query, as_of), req->as_of, &range);
    if (!code)
        code = pg_list(ctx, &SQL_headcount_units, &range, MOST_ROWS, &rows, &n);
    if (code)
        return code;
    if (n < 2)
        return fail(ctx, ERR_NOT_FOUND, "as_of");
    ret_reply->unit_id = req->unit_id;
    ret_reply->as_of = range.day;
    ret_reply->own_people = rows[0].people;
    ret_reply->own_leaders = rows[0].leaders;
    ret_reply->people = rows[1].people;
    ret_reply->leaders = rows[1].leaders;
    ret_reply->units = rows + 2;
    ret_reply->n_units = n - 2;
    return 0;
}
