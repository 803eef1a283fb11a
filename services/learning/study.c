/*
 * study.c - a learner at a lesson. The server measures: what counts is the time between signs of life (open, beat,
 * complete) that it saw itself, each up to beat_seconds * gap_factor. So a lost beat costs nothing, a closed lid counts
 * little, and a client that only says "completed" is refused.
 */
#include "learning.h"

static struct study study_of(const struct ctx *ctx, const struct lesson_step *step)
{
    const struct learning_conf *conf = ctx->conf;
    return (struct study){
        .lesson_id = step->lesson_id,
        .beat_seconds = (uint16_t)conf->beat_seconds,
        .gap_seconds = (uint32_t)(conf->beat_seconds * conf->gap_factor),
    };
}

int on_lesson_open(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
{
    struct study study = study_of(ctx, req);
    int code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_person_lock, NULL, NULL);
    if (!code)
        code = pg_call(ctx, &SQL_lesson_open, &study, ret_reply);
    return code ? code : pg_commit(ctx);
}

int on_lesson_beat(struct ctx *ctx, struct batch *batch, const struct lesson_step *req,
                   struct lesson_progress *ret_reply)
{
    struct study *studies = arena_alloc(ctx->arena, batch->n * sizeof(*studies));
    if (!studies)
        return fail(ctx, ERR_TOO_LARGE, "lesson_id");
    for (size_t i = 0; i < batch->n; i++)
        studies[i] = study_of(ctx, &req[i]);
    return pg_batch(ctx, batch, &SQL_lesson_beat, studies, ret_reply);
}

int on_lesson_complete(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
{
    struct study study = study_of(ctx, req);
    return pg_call(ctx, &SQL_lesson_complete, &study, ret_reply);
}
