/* policy.c - puts policies in force and shows the one that is. A policy is never changed: the next version replaces it.
 */
#include "rows.h"
#include "service.h"
#include "sql.h"

int on_policy_create(struct ctx *ctx, const struct policy_draft *req, struct policy *ret_reply)
{
    struct policy_row *rows = arena_alloc(ctx->arena, req->n_quotas * sizeof(*rows));
    struct policy *made = NULL;
    uint32_t n_made = 0;
    int code = rows ? 0 : fail(ctx, ERR_TOO_LARGE, "quotas");
    for (uint32_t i = 0; !code && i < req->n_quotas; i++) {
        rows[i] = (struct policy_row){.policy_id = req->policy_id,
                                      .programme_id = req->programme_id,
                                      .bank_id = req->bank_id,
                                      .pass_percent = req->pass_percent,
                                      .minutes = req->minutes,
                                      .max_attempts = req->max_attempts,
                                      .retake_wait_seconds = req->retake_wait_seconds,
                                      .skill_group = req->quotas[i].skill_group,
                                      .items = req->quotas[i].items};
        if (HAS(req, policy_draft, note))
            PUT_FIELD(&rows[i], policy_row, note, req->note);
    }
    /* Once more when another version came first; a third in the same instant is for the caller to repeat. */
    for (int tries = 0; !code && !n_made && tries < 2; tries++)
        code = pg_bulk(ctx, &SQL_policy_create, rows, req->n_quotas, 1, &made, &n_made);
    if (code)
        return code;
    if (!n_made)
        return fail(ctx, ERR_BUSY, "programme_id");
    *ret_reply = *made;
    return 0;
}

int on_policy_get(struct ctx *ctx, const struct policy_query *req, struct policy *ret_reply)
{
    return pg_call(ctx, &SQL_policy_get, req, ret_reply);
}
