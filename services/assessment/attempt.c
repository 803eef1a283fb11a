/* attempt.c - starts an attempt and shows its paper: never a key, and nothing about right or wrong. */
#include "service.h"
#include "sql.h"

/* As attempt_paper.items is declared. */
enum { PAPER_ITEMS_MAX = 200 };

static int lay_items(struct ctx *ctx, struct attempt_paper *paper)
{
    struct attempt_ref ref = {.attempt_id = paper->attempt_id};
    return pg_list(ctx, &SQL_attempt_items, &ref, PAPER_ITEMS_MAX, &paper->items, &paper->n_items);
}

int on_attempt_start(struct ctx *ctx, const struct attempt_request *req, struct attempt_paper *ret_reply)
{
    int code = pg_call(ctx, &SQL_attempt_start, req, ret_reply);
    if (code == ERR_NOT_FOUND) /* two starts at once: the one that won can be seen now */
        code = pg_call(ctx, &SQL_attempt_start, req, ret_reply);
    if (code == ERR_NOT_FOUND)
        code = fail(ctx, ERR_BUSY, "attempt_id");
    return code ? code : lay_items(ctx, ret_reply);
}

int on_attempt_get(struct ctx *ctx, const struct attempt_ref *req, struct attempt_paper *ret_reply)
{
    int code = pg_call(ctx, &SQL_attempt_get, req, ret_reply);
    return code ? code : lay_items(ctx, ret_reply);
}
