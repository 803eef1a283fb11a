/* announced.c - takes in what others announce: programmes, the organisation, and who has passed. */
#include "org.h"
#include "sql.h"

int on_event_programme_published(struct ctx *ctx, const struct programme *event)
{
    return pg_call(ctx, &SQL_programme_keep, event, NULL);
}

int on_event_attempt_graded(struct ctx *ctx, const struct grade_fact *event)
{
    return pg_call(ctx, &SQL_due_keep, event, NULL);
}

int on_event_org_changed(struct ctx *ctx, const struct unit_fact *event)
{
    return org_apply_unit(ctx, event);
}

int on_event_person_changed(struct ctx *ctx, const struct person_fact *event)
{
    return org_apply_tenure(ctx, event);
}
