/* progress.c - takes in what other services announce about people, programmes and the organisation; see progress.sql.
 */
#include "org.h"
#include "sql.h"

int on_event_org_changed(struct ctx *ctx, const struct unit_fact *event)
{
    return org_apply_unit(ctx, event);
}

int on_event_people_changed(struct ctx *ctx, const struct person_facts *event)
{
    return org_apply_people(ctx, event);
}

int on_event_person_erased(struct ctx *ctx, const struct erasure_fact *event)
{
    return org_apply_erased(ctx, event, NULL);
}

int on_event_programme_published(struct ctx *ctx, const struct programme *event)
{
    return pg_call(ctx, &SQL_programme_learn, event, NULL);
}

int on_event_learner_assigned(struct ctx *ctx, const struct enrolment_fact *event)
{
    return pg_call(ctx, &SQL_progress_assigned, event, NULL);
}

int on_event_programme_completed(struct ctx *ctx, const struct completion_fact *event)
{
    return pg_call(ctx, &SQL_progress_completed, event, NULL);
}

/* Thousands a second when a window ends. An attempt that comes again, with a corrected result, begins a new part. */
int on_events_attempt_graded(struct ctx *ctx, const struct batch *batch, const struct grade_fact *events)
{
    int code = 0;
    for (size_t i = 0, n; !code && i < batch->n; i += n) {
        n = uuid_distinct(&events[i].attempt_id, sizeof(*events), batch->n - i);
        code = pg_bulk(ctx, &SQL_attempts_keep, &events[i], n, 0, NULL, NULL);
        if (!code)
            code = pg_bulk(ctx, &SQL_progress_graded, &events[i], n, 0, NULL, NULL);
    }
    return code;
}

int on_event_attempt_voided(struct ctx *ctx, const struct void_fact *event)
{
    int code = pg_call(ctx, &SQL_attempt_void, event, NULL);
    return code ? code : pg_call(ctx, &SQL_progress_voided, event, NULL);
}

int on_event_certificate_issued(struct ctx *ctx, const struct certificate_fact *event)
{
    return pg_call(ctx, &SQL_progress_certified, event, NULL);
}

int on_event_certificate_revoked(struct ctx *ctx, const struct certificate_fact *event)
{
    return pg_call(ctx, &SQL_progress_revoked, event, NULL);
}
