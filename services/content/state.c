/* state.c - submit, approve, return: the three steps people take; the statement version_step decides. And the list. */
#include "content.h"

static int step(struct ctx *ctx, struct version_move *move, struct version_state *ret_reply)
{
    struct accepted done = {0};
    int code = change_begin(ctx, move->version_id);
    if (!code)
        code = pg_call(ctx, &SQL_version_step, move, &done);
    return code ? code : change_end(ctx, move->version_id, ret_reply);
}

int on_version_submit(struct ctx *ctx, const struct version_ref *req, struct version_state *ret_reply)
{
    struct version_move move = {.version_id = req->version_id, .verb = SPAN("submit")};
    return step(ctx, &move, ret_reply);
}

int on_version_approve(struct ctx *ctx, const struct version_ref *req, struct version_state *ret_reply)
{
    struct version_move move = {.version_id = req->version_id, .verb = SPAN("approve")};
    return step(ctx, &move, ret_reply);
}

int on_version_reject(struct ctx *ctx, const struct version_return *req, struct version_state *ret_reply)
{
    struct version_move move = {.version_id = req->version_id, .verb = SPAN("return")};
    PUT_FIELD(&move, version_move, comment, req->comment);
    return step(ctx, &move, ret_reply);
}

int on_versions(struct ctx *ctx, const struct version_query *req, struct version_list *ret_reply)
{
    return pg_list(ctx, &SQL_versions, req, 200, &ret_reply->versions, &ret_reply->n_versions);
}
