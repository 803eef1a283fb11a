/* people.c - the people of a subtree, and the person who asks about himself or herself. */
#include "identity.h"

int on_people(struct ctx *ctx, const struct people_query *req, struct people_list *ret_reply)
{
    struct unit_ref unit = {.unit_id = req->unit_id}, found;
    int code = pg_call(ctx, &SQL_unit_in_scope, &unit, &found);
    if (code)
        return code == ERR_NOT_FOUND ? fail(ctx, ERR_FORBIDDEN, "unit_id") : code;
    return pg_list(ctx, &SQL_people, req, 500, &ret_reply->people, &ret_reply->n_people);
}

/* Everyone with a tenure is a learner in its unit; that role is nowhere written down. */
int on_me(struct ctx *ctx, const struct empty *req, struct profile *ret_reply)
{
    struct grant_shown *held, *shown;
    uint32_t n;
    (void)req;
    int code = pg_call(ctx, &SQL_me, NULL, ret_reply);
    if (!code)
        code = pg_list(ctx, &SQL_my_grants, NULL, 31, &held, &n);
    if (code)
        return code;
    shown = arena_alloc(ctx->arena, (n + 1) * sizeof(*shown));
    if (!shown)
        return fail(ctx, ERR_TOO_LARGE, "grants");
    shown[0] =
        (struct grant_shown){.role = SPAN("learner"), .unit_id = ret_reply->unit_id, .unit_name = ret_reply->unit_name};
    for (uint32_t i = 0; i < n; i++)
        shown[i + 1] = held[i];
    ret_reply->grants = shown;
    ret_reply->n_grants = n + 1;
    return 0;
}
