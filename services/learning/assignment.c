/*
 * assignment.c - who has to learn what: assignments of unit heads and officers, and the people who come under one
 * later, as identity's events tell of them.
 */
#include "learning.h"

int on_assignment_create(struct ctx *ctx, const struct assignment_draft *req, struct assignment *ret_reply)
{
    const struct learning_conf *conf = ctx->conf;
    uint32_t n = req->n_people ? req->n_people : 1, n_made = 0;
    struct assignment_row *rows = arena_alloc(ctx->arena, n * sizeof(*rows));
    struct assignment *made;
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "people");
    for (uint32_t i = 0; i < n; i++) {
        rows[i] = (struct assignment_row){
            .assignment_id = req->assignment_id,
            .programme_id = req->programme_id,
            .unit_id = req->unit_id,
            .due_date = req->due_date,
            .due_days = (uint32_t)conf->due_days,
            .page = (uint32_t)conf->enrol_page,
        };
        if (req->n_people)
            PUT_FIELD(&rows[i], assignment_row, person_id, req->people[i].person_id);
        if (HAS(req, assignment_draft, extra_time_percent))
            PUT_FIELD(&rows[i], assignment_row, extra_time_percent, req->extra_time_percent);
    }
    int code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_enrol_lock, NULL, NULL);
    if (!code && HAS(req, assignment_draft, extra_time_percent))
        code = pg_bulk(ctx, &SQL_enrol_listed, rows, n, 0, NULL, NULL);
    if (!code)
        code = pg_bulk(ctx, &SQL_assignment_create, rows, n, 1, &made, &n_made);
    if (!code)
        code = pg_commit(ctx);
    if (!code)
        *ret_reply = made[0];
    return code;
}

int on_my_programmes(struct ctx *ctx, const struct empty *req, struct my_programmes *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_my_programmes, NULL, 200, &ret_reply->programmes, &ret_reply->n_programmes);
}

int on_event_programme_published(struct ctx *ctx, const struct programme *event)
{
    struct lesson_row *rows = arena_alloc(ctx->arena, event->n_lessons * sizeof(*rows));
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "lessons");
    for (uint32_t i = 0; i < event->n_lessons; i++) {
        rows[i] = (struct lesson_row){
            .lesson_id = event->lessons[i].lesson_id,
            .programme_id = event->programme_id,
            .position = event->lessons[i].position,
            .min_seconds = event->lessons[i].min_seconds,
        };
    }
    int code = pg_call(ctx, &SQL_programme_learn, event, NULL);
    return code ? code : pg_bulk(ctx, &SQL_lessons_learn, rows, event->n_lessons, 0, NULL, NULL);
}

int on_event_people_changed(struct ctx *ctx, const struct person_facts *event)
{
    int code = org_apply_people(ctx, event);
    if (!code)
        code = pg_call(ctx, &SQL_enrol_lock_shared, NULL, NULL);
    return code ? code : pg_bulk(ctx, &SQL_enrol_people, event->people, event->n_people, 0, NULL, NULL);
}

int on_event_person_erased(struct ctx *ctx, const struct erasure_fact *event)
{
    return org_apply_erased(ctx, event, NULL);
}

int on_event_org_changed(struct ctx *ctx, const struct unit_fact *event)
{
    int code = org_apply_unit(ctx, event);
    if (!code)
        code = pg_call(ctx, &SQL_enrol_lock_shared, NULL, NULL);
    return code ? code : pg_call(ctx, &SQL_walk_begin, NULL, NULL);
}

/*
 * Tick: makes today's units and tenures current, then enrols the next page of people whom an assignment covers and who
 * were not enrolled at once.
 */
int learning_walk(struct ctx *ctx)
{
    const struct learning_conf *conf = ctx->conf;
    struct page page = {.most = (uint32_t)conf->enrol_page};
    int code = org_today(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_enrol_lock_shared, NULL, NULL);
    return code ? code : pg_call(ctx, &SQL_walk_page, &page, NULL);
}
