/* announced.c - takes in what others announce: programmes, the organisation, who has passed, and who has not after all.
 */
#include "org.h"
#include "rows.h"
#include "sql.h"

int on_event_programme_published(struct ctx *ctx, const struct programme *event)
{
    return pg_call(ctx, &SQL_programme_keep, event, NULL);
}

/* An attempt is no pass any more: its certificate goes, and another attempt that is one earns the next. */
static int withdraw(struct ctx *ctx, const struct earned *earned)
{
    int code = pg_call(ctx, &SQL_due_drop, earned, NULL);
    if (!code)
        code = pg_call(ctx, &SQL_certificate_withdraw, earned, NULL);
    return code ? code : pg_bulk(ctx, &SQL_due_keep, earned, 1, 0, NULL, NULL);
}

/* An attempt that comes again, with a corrected result, begins a new part. */
static int earn(struct ctx *ctx, const struct grade_fact *passes, size_t n)
{
    struct earned *earned = arena_alloc(ctx->arena, n * sizeof(*earned));
    int code = earned ? 0 : fail(ctx, ERR_TOO_LARGE, "attempt_id");
    for (size_t i = 0; !code && i < n; i++) {
        earned[i].person_id = passes[i].person_id;
        earned[i].programme_id = passes[i].programme_id;
    }
    for (size_t i = 0, part; !code && i < n; i += part) {
        part = uuid_distinct(&passes[i].attempt_id, sizeof(*passes), n - i);
        code = pg_bulk(ctx, &SQL_attempts_keep, &passes[i], part, 0, NULL, NULL);
        if (!code)
            code = pg_bulk(ctx, &SQL_due_keep, &earned[i], part, 0, NULL, NULL);
    }
    return code;
}

static int correct(struct ctx *ctx, const struct grade_fact *event)
{
    struct earned earned = {
        .person_id = event->person_id, .programme_id = event->programme_id, .cause = SPAN("result_corrected")};
    int code = pg_bulk(ctx, &SQL_attempts_keep, event, 1, 0, NULL, NULL);
    return code ? code : withdraw(ctx, &earned);
}

/* Thousands a second when a window ends: passes are worked off together, what is no pass any more by itself. */
int on_events_attempt_graded(struct ctx *ctx, const struct batch *batch, const struct grade_fact *events)
{
    struct grade_fact *passes = arena_alloc(ctx->arena, batch->n * sizeof(*passes));
    size_t n = 0;
    int code = passes ? 0 : fail(ctx, ERR_TOO_LARGE, "attempt_id");
    for (size_t i = 0; !code && i < batch->n; i++) {
        if (events[i].passed) {
            passes[n++] = events[i];
        } else if (events[i].result_version > 1) { /* a first result that is no pass is nothing to remember */
            code = n ? earn(ctx, passes, n) : 0;
            n = 0;
            ctx->head = batch->head[i];
            if (!code)
                code = correct(ctx, &events[i]);
        }
    }
    return code || !n ? code : earn(ctx, passes, n);
}

int on_event_attempt_voided(struct ctx *ctx, const struct void_fact *event)
{
    struct earned earned = {
        .person_id = event->person_id, .programme_id = event->programme_id, .cause = SPAN("attempt_voided")};
    int code = pg_call(ctx, &SQL_attempt_void, event, NULL);
    return code ? code : withdraw(ctx, &earned);
}

int on_event_org_changed(struct ctx *ctx, const struct unit_fact *event)
{
    return org_apply_unit(ctx, event);
}

int on_event_people_changed(struct ctx *ctx, const struct person_facts *event)
{
    return org_apply_people(ctx, event);
}

int on_event_person_restricted(struct ctx *ctx, const struct restriction_fact *event)
{
    return org_apply_restricted(ctx, event, NULL);
}

/* Nothing more is issued to who was erased; what was issued stays as it is. */
int on_event_person_erased(struct ctx *ctx, const struct erasure_fact *event)
{
    int code = org_apply_erased(ctx, event, NULL);
    return code ? code : pg_call(ctx, &SQL_due_forget, event, NULL);
}
