/* breach.c - breaches of personal data, and whether the authority was told within the time that the law gives. */
#include "identity.h"

int on_breach_open(struct ctx *ctx, const struct breach_draft *req, struct breach_row *ret_reply)
{
    if (req->found_at > now_us())
        return fail(ctx, ERR_INVALID, "found_at");
    return pg_call(ctx, &SQL_breach_open, req, ret_reply);
}

int on_breach_told(struct ctx *ctx, const struct breach_ref *req, struct breach_row *ret_reply)
{
    return pg_call(ctx, &SQL_breach_told, req, ret_reply);
}

int on_breaches(struct ctx *ctx, const struct empty *req, struct breach_list *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_breaches, NULL, 100, &ret_reply->breaches, &ret_reply->n_breaches);
}
