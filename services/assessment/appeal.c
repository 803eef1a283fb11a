/* appeal.c - a learner appeals against a result, an officer decides; the decision is the last word, and an event. */
#include "access.h"
#include "assessment.h"
#include "rows.h"
#include "sql.h"

/* As the list is declared. */
enum { APPEALS_MAX = 200 };

int on_appeal_open(struct ctx *ctx, const struct appeal_draft *req, struct appeal *ret_reply)
{
    int code = pg_call(ctx, &SQL_appeal_open, req, NULL);
    return code ? code : pg_call(ctx, &SQL_appeal_opened, req, ret_reply);
}

int on_my_appeals(struct ctx *ctx, const struct empty *req, struct appeal_list *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_my_appeals, NULL, APPEALS_MAX, &ret_reply->appeals, &ret_reply->n_appeals);
}

int on_appeals(struct ctx *ctx, const struct appeal_query *req, struct appeal_list *ret_reply)
{
    if (HAS(req, appeal_query, state) && !span_is(req->state, "open") && !span_is(req->state, "upheld") &&
        !span_is(req->state, "rejected"))
        return fail(ctx, ERR_INVALID, "state");
    int code = pg_list(ctx, &SQL_appeals, req, APPEALS_MAX, &ret_reply->appeals, &ret_reply->n_appeals);
    return code ? code : access_note_list(ctx, ret_reply->appeals, ret_reply->n_appeals, NULL);
}

int on_appeal_decide(struct ctx *ctx, const struct appeal_decision *req, struct appeal *ret_reply)
{
    bool upheld = span_is(req->state, "upheld");
    if (!upheld && !span_is(req->state, "rejected"))
        return fail(ctx, ERR_INVALID, "state");
    if (HAS(req, appeal_decision, remedy) &&
        (!upheld || (!span_is(req->remedy, "none") && !span_is(req->remedy, "void"))))
        return fail(ctx, ERR_INVALID, "remedy");
    return pg_call(ctx, &SQL_appeal_decide, req, ret_reply);
}
