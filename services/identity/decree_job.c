/*
 * decree_job.c - decrees that move more people than a call has time for: each carried out as a whole in one
 * transaction, in the name of whoever entered it, as a call would.
 */
#include "decree.h"
#include "import.h"

/* Makes the job's context that of the call that entered the decree. 0 or fail(). */
static int stand_in(struct ctx *ctx, const struct decree_waiting *decree, struct call_header *head)
{
    struct decree_key key = {.decree_id = decree->decree_id};
    struct unit_ref *tops;
    uint32_t n;
    int code = pg_list(ctx, &SQL_decree_scope, &key, 32, &tops, &n);
    for (uint32_t i = 0; !code && i < n; i++)
        ctx->scope[i] = tops[i].unit_id;
    ctx->n_scope = code ? 0 : n;
    *head = *ctx->head;
    if (HAS(decree, decree_waiting, entered_by))
        PUT_FIELD(head, call_header, subject, decree->entered_by);
    ctx->head = head;
    return code;
}

/* 0 or fail(). */
static int carry_out(struct ctx *ctx, const struct decree_waiting *decree)
{
    struct decree_report report = {.decree_id = decree->decree_id};
    struct unit_people nobody = {0};
    struct decree req;
    struct fault fault;
    if (msg_unpack(&msg_decree, &req, ctx->arena, decree->content, &fault))
        return fail(ctx, ERR_INTERNAL, "content");
    struct decree_new row = {.decree_id = req.decree_id,
                             .number = req.number,
                             .issued_on = req.issued_on,
                             .issuer = req.issuer,
                             .title = req.title,
                             .effective_from = req.effective_from,
                             .content_hash = decree->content_hash};
    int code = pg_call(ctx, &SQL_decree_done, &nobody, NULL);
    if (!code)
        code = decree_carry_out(ctx, &req, true, &row, &report);
    if (!code)
        code = decree_note(ctx, &row);
    return code ? code : pg_commit(ctx);
}

int decrees_run(struct ctx *ctx)
{
    const struct call_header *own = ctx->head;
    struct call_header head;
    int code = 0;
    while (!code && !job_stopping(ctx)) {
        struct decree_waiting *decree;
        uint32_t n;
        int32_t today;
        /* Looked at before the lock is waited for, which an import holds for minutes; and again under it. */
        code = pg_list(ctx, &SQL_decree_waiting, NULL, 1, &decree, &n);
        if (code || !n)
            break;
        code = import_begin(ctx, &today);
        if (!code)
            code = pg_list(ctx, &SQL_decree_waiting, NULL, 1, &decree, &n);
        if (code || !n)
            break;
        code = stand_in(ctx, decree, &head);
        if (!code)
            code = carry_out(ctx, decree);
        ctx->head = own;
        arena_clear(ctx->arena);
    }
    ctx->head = own;
    return code;
}
