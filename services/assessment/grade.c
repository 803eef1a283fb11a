/* grade.c - ends attempts: handed in by the learner, or by the clock when nobody does. */
#include "assessment.h"
#include "sql.h"

int on_attempt_submit(struct ctx *ctx, const struct attempt_ref *req, struct attempt_result *ret_reply)
{
    return pg_call(ctx, &SQL_attempt_submit, req, ret_reply);
}

int on_attempt_outcome(struct ctx *ctx, const struct attempt_ref *req, struct attempt_result *ret_reply)
{
    return pg_call(ctx, &SQL_attempt_outcome, req, ret_reply);
}

int attempts_close_due(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_attempts_close_due, NULL, NULL);
}
