/* draft.c - new versions: of a framework with its groups, of a programme; and the lessons of a draft. */
#include "content.h"

/* Stores the draft in a transaction of its own, which change_end commits. */
static int draft(struct ctx *ctx, const struct version_new *row)
{
    struct code_key key = {.kind = row->kind, .code = row->code};
    struct accepted done = {0};
    if (!ctx->n_scope)
        return fail(ctx, ERR_FORBIDDEN, "");
    int code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_code_lock, &key, NULL);
    return code ? code : pg_call(ctx, &SQL_version_draft, row, &done);
}

int on_framework_create(struct ctx *ctx, const struct framework_draft *req, struct version_state *ret_reply)
{
    struct version_new row = {
        .version_id = req->version_id,
        .kind = SPAN("framework"),
        .code = req->code,
        .title_vi = req->title_vi,
        .title_en = req->title_en,
    };
    PUT_FIELD(&row, version_new, label, req->label);
    PUT_FIELD(&row, version_new, source, req->source);
    struct group_row *groups = arena_alloc(ctx->arena, req->n_groups * sizeof(*groups));
    if (!groups)
        return fail(ctx, ERR_TOO_LARGE, "groups");
    for (uint32_t i = 0; i < req->n_groups; i++) {
        const struct skill_group *from = &req->groups[i];
        groups[i] = (struct group_row){
            .version_id = req->version_id,
            .position = (uint16_t)(i + 1),
            .code = from->code,
            .label = from->label,
            .title_vi = from->title_vi,
            .title_en = from->title_en,
        };
    }
    struct accepted *done;
    uint32_t n_done;
    int code = draft(ctx, &row);
    if (!code)
        code = pg_bulk(ctx, &SQL_groups_draft, groups, req->n_groups, 1, &done, &n_done);
    return code ? code : change_end(ctx, req->version_id, ret_reply);
}

int on_programme_create(struct ctx *ctx, const struct programme_draft *req, struct version_state *ret_reply)
{
    struct version_new row = {
        .version_id = req->version_id,
        .kind = SPAN("programme"),
        .code = req->code,
        .title_vi = req->title_vi,
        .title_en = req->title_en,
    };
    PUT_FIELD(&row, version_new, framework_id, req->framework_id);
    int code = draft(ctx, &row);
    return code ? code : change_end(ctx, req->version_id, ret_reply);
}

int on_lesson_put(struct ctx *ctx, const struct lesson_draft *req, struct accepted *ret_reply)
{
    int code = change_begin(ctx, req->version_id);
    if (!code)
        code = pg_call(ctx, &SQL_lesson_put, req, ret_reply);
    return code ? code : pg_commit(ctx);
}
