/*
 * change.c - how a change of a version begins and ends.
 *
 * Content is national: an editor or reviewer may act on any of it, whatever the unit of the role. But there must be a
 * unit: a caller whose role reaches no subtree changes nothing.
 */
#include "content.h"

int change_begin(struct ctx *ctx, struct uuid version_id)
{
    struct version_ref ref = {.version_id = version_id};
    if (!ctx->n_scope)
        return fail(ctx, ERR_FORBIDDEN, "");
    int code = pg_begin(ctx);
    return code ? code : pg_call(ctx, &SQL_version_lock, &ref, NULL);
}

int change_end(struct ctx *ctx, struct uuid version_id, struct version_state *ret_reply)
{
    struct version_ref ref = {.version_id = version_id};
    int code = pg_call(ctx, &SQL_version_find, &ref, ret_reply);
    return code ? code : pg_commit(ctx);
}
